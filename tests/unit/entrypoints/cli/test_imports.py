import gzip
import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ordercore import open
from ordercore.domain.errors import OrderCoreError
from ordercore.domain.limits import MAX_BODY_BYTES
from ordercore.entrypoints.cli import lines
from ordercore.entrypoints.cli.imports import PRODUCTS_PER_BATCH, product_importer
from ordercore.entrypoints.cli.sources import Source
from tests.unit.entrypoints.cli.conftest import Terminal

HEADER = "sku,name,description,price,currency,quantity_in_stock,low_stock_threshold\n"
Written = Callable[[str, str], Path]


def order(key: object, **changes: Any) -> dict[str, Any]:
    return {
        "idempotency_key": key,
        "placed_at": "2017-01-01T11:53:26Z",
        "customer": {"name": "Ada Example", "email": "ada@example.com"},
        "ship_to": {"line1": "1 Main Street", "city": "Springfield", "country": "US"},
        "items": [{"sku": "MUG", "quantity": 1}],
        "payment": {"method": "card", "token": "tok_visa"},
        **changes,
    }


def as_lines(*orders: object) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in orders)


def counted(summary: dict[str, Any]) -> tuple[int, int, int]:
    return summary["imported"], summary["known"], summary["refused"]


def refusals(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (file.parent / f"{file.name}.refused.jsonl").read_text().splitlines()]


# -- products -----------------------------------------------------------------------------------------------------


def test_products_are_imported_and_known_ones_left_alone(terminal: Terminal, written: Written) -> None:
    file = written("products.csv", HEADER + 'MUG,Mug,"blue, large",12.50,EUR,40,5\nCUP,Cup,,3,EUR,,\n')
    assert counted(terminal.json("import", "products", str(file))) == (2, 0, 0)
    terminal.run("stock", "adjust", "MUG", "-10")
    assert counted(terminal.json("import", "products", str(file))) == (0, 2, 0)
    mug, cup = terminal.json("product", "show", "MUG"), terminal.json("product", "show", "CUP")
    assert (mug["on_hand"], mug["description"]) == (30, "blue, large")
    assert (cup["on_hand"], cup["low_stock_threshold"]) == (0, None)


def test_optional_columns_are_read_and_a_byte_order_mark_is_skipped(terminal: Terminal, written: Written) -> None:
    file = written("p.csv", "\ufeffsku,name,price,currency,category,weight_grams\nMUG,Mug,1,EUR,Kitchen,300\n")
    terminal.run("import", "products", str(file))
    mug = terminal.json("product", "show", "MUG")
    assert (mug["category"], mug["weight_grams"]) == ("Kitchen", 300)


def test_more_than_a_batch_of_products_is_imported(terminal: Terminal, written: Written) -> None:
    rows = "".join(f"P{number},Thing,,1,EUR,1,\n" for number in range(2 * PRODUCTS_PER_BATCH + 1))
    file = written("products.csv", HEADER + rows)
    assert counted(terminal.json("import", "products", str(file))) == (2 * PRODUCTS_PER_BATCH + 1, 0, 0)


def test_an_import_of_products_tells_once_of_all_that_are_low(terminal: Terminal, written: Written) -> None:
    stock = {7: 5, 8: 0, PRODUCTS_PER_BATCH + 1: 1}
    rows = "".join(f"P{number},Thing,,1,EUR,{stock.get(number, 9)},5\n" for number in range(PRODUCTS_PER_BATCH + 2))
    file = written("products.csv", HEADER + rows)
    for _ in range(2):
        terminal.run("import", "products", str(file))
        (event,) = terminal.json("event", "list", "--stream", "import")["data"]
    assert (event["type"], event["number"]) == ("import.products_imported.v1", 1)
    assert event["payload"] == {"imported": 502, "known": 0, "low": 3, "low_skus": ["P7", "P8", "P501"]}
    assert len(terminal.json("product", "low")["data"]) == 3


def test_an_import_that_is_stopped_tells_of_what_it_did(terminal: Terminal, written: Written) -> None:
    file = written("products.csv", HEADER + "MUG,Mug,,1,EUR,1,1\nCUP,Cup,,1,EUR,1,1\nPOT,Pot,,1,EUR,1,1\n")
    stop = Event()

    def until_the_second(parsed: Any) -> Any:
        for number, line in enumerate(parsed, start=1):
            if number == 2:
                stop.set()
            yield line

    with open(terminal.url) as shop, product_importer(shop) as importer, Source(str(file)) as source:
        refusals: list[Any] = []
        parsed = until_the_second(lines.products(source))
        tally = importer.run(source, parsed, lambda *refusal: refusals.append(refusal), stop, shown=False)
    assert (tally.stopped, tally.imported, refusals) == (True, 2, [])
    (event,) = terminal.json("event", "list", "--stream", "import")["data"]
    assert (event["payload"]["imported"], event["payload"]["low_skus"]) == (2, ["MUG", "CUP"])


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ("MUG,Mug,,x,EUR,1,1", "/price"),
        ("MUG,Mug,,1.005,EUR,1,1", "/price"),
        ("MUG,Mug,,1,EURO,1,1", "/currency"),
        ("MUG,,,1,EUR,1,1", "/name"),
        ("MUG,Mug,,1,EUR,many,1", "/quantity_in_stock"),
        ("MUG,Mug,,1,EUR,-1,1", "/quantity_in_stock"),
        ("MUG,Mug,,1,EUR,1,1.5", "/low_stock_threshold"),
        ("MUG,Mug,\udcff,1,EUR,1,1", "/description"),
    ],
)
def test_a_bad_row_is_refused_and_the_rest_goes_on(terminal: Terminal, tmp_path: Path, row: str, pointer: str) -> None:
    file = tmp_path / "products.csv"
    file.write_bytes((HEADER + row + "\nCUP,Cup,,1,EUR,1,1\n").encode("utf-8", "surrogateescape"))
    result = terminal.run("import", "products", str(file), exit_code=1)
    assert counted(json.loads(result.stdout)) == (1, 0, 1)
    assert [(each["line"], each["errors"][0]["pointer"]) for each in refusals(file)] == [(2, pointer)]


def test_rows_of_another_length_are_refused(terminal: Terminal, written: Written) -> None:
    file = written("products.csv", HEADER + "MUG,Mug\nCUP,Cup,,1,EUR,1,1,extra\nPOT,Pot,,1,EUR,1,1\n")
    result = terminal.run("import", "products", str(file), exit_code=1)
    assert counted(json.loads(result.stdout)) == (1, 0, 2)


def test_a_row_that_is_no_csv_is_refused_and_the_next_is_read(terminal: Terminal, written: Written) -> None:
    file = written("products.csv", HEADER + '"MUG"x,Mug,,1,EUR,1,1\nCUP,Cup,,1,EUR,1,1\n')
    assert counted(json.loads(terminal.run("import", "products", str(file), exit_code=1).stdout)) == (1, 0, 1)
    assert refusals(file)[0]["code"] == "unreadable_request"


def test_a_sku_twice_in_one_file_is_reported(terminal: Terminal, written: Written) -> None:
    file = written("products.csv", HEADER + "MUG,Mug,,1,EUR,1,1\nMUG,Other,,2,EUR,1,1\n")
    assert counted(json.loads(terminal.run("import", "products", str(file), exit_code=1).stdout)) == (1, 0, 1)
    (refusal,) = refusals(file)
    assert (refusal["line"], refusal["errors"][0]["code"]) == (3, "duplicate")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("sku,name\n", "misses price, misses currency"),
        ("sku,name,price,currency,colour\n", "unknown column 'colour'"),
        ("sku,name,price,currency,sku\n", "a column twice"),
        ("", "misses sku"),
    ],
)
def test_another_kind_of_file_is_refused_whole(terminal: Terminal, written: Written, header: str, said: str) -> None:
    assert said in terminal.refused(2, "import", "products", str(written("p.csv", header)))


# -- orders -------------------------------------------------------------------------------------------------------


@pytest.fixture
def stocked(terminal: Terminal) -> Terminal:
    terminal.add_mug()
    return terminal


def test_imported_orders_are_paid_elsewhere_and_keep_their_date(stocked: Terminal, written: Written) -> None:
    file = written("orders.jsonl", as_lines(order("a"), order("b")))
    assert counted(stocked.json("import", "orders", str(file))) == (2, 0, 0)
    placed = stocked.json("order", "list", "--external-reference", "a")["data"][0]
    assert (placed["ordered_at"], placed["payment_status"]) == ("2017-01-01T11:53:26Z", "captured")
    assert stocked.json("order", "show", placed["id"])["payment"]["attempts"] == []


def test_importing_again_and_again_changes_nothing(stocked: Terminal, written: Written) -> None:
    file = written("orders.jsonl", as_lines(order("a"), order("b")))
    stocked.run("import", "orders", str(file))
    for _ in range(3):
        assert counted(stocked.json("import", "orders", str(file))) == (0, 2, 0)
    assert stocked.json("product", "show", "MUG")["reserved"] == 2


def test_one_key_twice_in_a_file_is_one_order(stocked: Terminal, written: Written) -> None:
    file = written("orders.jsonl", as_lines(order("a"), order("a")))
    assert counted(stocked.json("import", "orders", str(file))) == (1, 1, 0)


def test_charging_asks_the_provider_and_counts_declines(stocked: Terminal, written: Written) -> None:
    declined = order("b", payment={"method": "card", "token": "tok_chargeDeclined"})
    file = written("orders.jsonl", as_lines(order("a"), declined))
    summary = stocked.json("import", "orders", str(file), "--payments", "charge")
    assert (summary["imported"], summary["declined"]) == (2, 1)
    assert counted(stocked.json("import", "orders", str(file), "--payments", "charge")) == (0, 2, 0)
    statuses = {each["external_reference"]: each["status"] for each in stocked.json("order", "list")["data"]}
    assert statuses == {"a": "confirmed", "b": "cancelled"}


def test_bad_lines_are_refused_with_line_and_pointer_and_the_rest_goes_on(stocked: Terminal, written: Written) -> None:
    text = as_lines(
        order("a"),
        order("b", items=[{"sku": "MUG", "quantity": "two"}]),
        order("c", items=[{"sku": "NOPE", "quantity": 1}]),
        order("d", items=[{"sku": "MUG", "quantity": 1000}]),
        order(""),
        order("e", placed_at="yesterday"),
        ["no", "order"],
    )
    file = written("orders.jsonl", text + '{"idempotency_key": \n\n' + as_lines(order("z")))
    result = stocked.run("import", "orders", str(file), exit_code=1)
    assert counted(json.loads(result.stdout)) == (2, 0, 7)
    told = {each["line"]: (each["code"], [problem["pointer"] for problem in each["errors"]]) for each in refusals(file)}
    assert told == {
        2: ("invalid_request", ["/items/0/quantity"]),
        3: ("unknown_product", []),
        4: ("out_of_stock", []),
        5: ("invalid_request", ["/idempotency_key"]),
        6: ("invalid_request", ["/placed_at"]),
        7: ("invalid_request", [""]),
        8: ("unreadable_request", []),
    }


def test_refused_lines_go_where_they_should_and_hide_cards(stocked: Terminal, written: Written, tmp_path: Path) -> None:
    file = written("orders.jsonl", as_lines(order("a", payment={"number": "4242 4242 4242 4242"})))
    elsewhere = tmp_path / "elsewhere.jsonl"
    result = stocked.run("import", "orders", str(file), "--refused", str(elsewhere), exit_code=1)
    assert str(elsewhere) in result.stderr
    assert "[card number]" in elsewhere.read_text()
    assert "4242" not in elsewhere.read_text()


def test_a_dry_run_checks_the_lines_and_writes_nothing(stocked: Terminal, written: Written) -> None:
    file = written("orders.jsonl", as_lines(order("a"), order("b", items=[])))
    result = stocked.run("import", "orders", str(file), "--dry-run", exit_code=1)
    assert counted(json.loads(result.stdout)) == (1, 0, 1)
    assert "Nothing was written" in result.stderr
    assert stocked.json("order", "list")["data"] == []


def test_a_dry_run_says_what_is_known(stocked: Terminal, written: Written) -> None:
    first = written("first.jsonl", as_lines(order("a")))
    stocked.run("import", "orders", str(first))
    file = written("orders.jsonl", as_lines(order("a"), order("b"), order("b")))
    assert counted(stocked.json("import", "orders", str(file), "--dry-run")) == (1, 2, 0)
    products = written("products.csv", HEADER + "MUG,Mug,,1,EUR,1,1\nCUP,Cup,,1,EUR,1,1\n")
    assert counted(stocked.json("import", "products", str(products), "--dry-run")) == (1, 1, 0)
    assert [each["sku"] for each in stocked.json("product", "list")["data"]] == ["MUG"]
    assert stocked.json("event", "list", "--stream", "import")["data"] == []


def test_a_gzipped_file_is_known_by_its_content(stocked: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "orders"
    file.write_bytes(gzip.compress(as_lines(order("a")).encode()))
    assert counted(stocked.json("import", "orders", str(file))) == (1, 0, 0)


def test_what_comes_before_the_damage_is_imported_and_the_damage_told(stocked: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl.gz"
    whole = gzip.compress("".join(as_lines(order(f"{number}")) for number in range(30)).encode(), compresslevel=0)
    file.write_bytes(whole[: len(whole) * 2 // 3])
    result = stocked.run("import", "orders", str(file), exit_code=2)
    assert "is damaged after line" in result.stderr
    assert 0 < json.loads(result.stdout)["imported"] < 30


def test_a_line_that_is_too_long_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text(f'"{"x" * 2 * MAX_BODY_BYTES}"\n' + as_lines(order("a")))
    with Source(str(file)) as source:
        (first, refusal, content), (second, command, _) = lines.orders(source)
    assert (first, second) == (1, 2)
    assert "is longer than" in str(refusal)
    assert len(str(content)) == lines.MAX_SHOWN
    assert not isinstance(command, OrderCoreError)


def test_an_empty_file_imports_nothing(stocked: Terminal, written: Written) -> None:
    assert counted(stocked.json("import", "orders", str(written("orders.jsonl", "")))) == (0, 0, 0)
