import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.entrypoints.cli.conftest import ADDRESS, BUYER, CARD, Terminal

ORDER = {
    "customer": {"name": "Ada Example", "email": "ada@example.com"},
    "ship_to": {"line1": "1 Main Street", "city": "Springfield", "country": "US"},
    "items": [{"sku": "MUG", "quantity": 2}],
    "payment": {"method": "card", "token": "tok_visa"},
}


@pytest.fixture
def stocked(terminal: Terminal) -> Terminal:
    terminal.add_mug()
    return terminal


def test_a_placed_order_is_confirmed_and_named_in_three_ways(stocked: Terminal) -> None:
    placed = stocked.place()
    assert (placed["status"], placed["total"]) == ("confirmed", {"amount": "25.00", "currency": "EUR"})
    for name in (placed["number"], placed["id"], "latest"):
        assert stocked.json("order", "show", name) == placed


def test_a_sku_alone_is_one_piece_and_lines_add_up(stocked: Terminal) -> None:
    placed = stocked.place("--sku", "MUG=2", sku="MUG")
    assert [each["quantity"] for each in placed["items"]] == [3]


def test_one_key_places_one_order(stocked: Terminal) -> None:
    words = ("order", "place", "--sku", "MUG=2", *BUYER, *ADDRESS, *CARD, "--key", "k")
    first, again = stocked.run(*words), stocked.run(*words)
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert "This key was used before" in again.stderr
    assert len(stocked.json("order", "list")["data"]) == 1


def test_an_order_is_read_from_a_file_as_over_http(stocked: Terminal, written: Callable[[str, str], Path]) -> None:
    file = written("order.json", json.dumps(ORDER))
    assert stocked.json("order", "place", "--file", str(file))["status"] == "confirmed"
    assert stocked.json("order", "place", "--file", "-", typed=json.dumps(ORDER))["status"] == "confirmed"


def test_a_bad_file_names_every_bad_field(stocked: Terminal, written: Callable[[str, str], Path]) -> None:
    file = written("order.json", json.dumps({**ORDER, "items": [{"sku": 7, "quantity": 1.5}], "extra": 1}))
    told = stocked.refused(2, "order", "place", "--file", str(file))
    assert all(pointer in told for pointer in ("/extra", "/items/0/sku", "/items/0/quantity"))


@pytest.mark.parametrize(("text", "said"), [('{"items": ', "is no JSON"), ("x" * 1_048_577, "is larger than")])
def test_an_unreadable_file_is_told(
    stocked: Terminal, written: Callable[[str, str], Path], text: str, said: str
) -> None:
    assert said in stocked.refused(2, "order", "place", "--file", str(written("order.json", text)))


def test_file_and_sku_exclude_each_other(stocked: Terminal, written: Callable[[str, str], Path]) -> None:
    file = written("order.json", json.dumps(ORDER))
    assert "not both" in stocked.refused(2, "order", "place", "--file", str(file), "--sku", "MUG")


@pytest.mark.parametrize(
    ("words", "pointer"),
    [
        (("--name", "Ada", "--email", "a@b", *ADDRESS), "/items"),
        (("--sku", "MUG", "--email", "a@b", *ADDRESS), "/name"),
        (("--sku", "MUG", *BUYER, "--line1", "1 Main Street"), "/city"),
        (("--sku", "MUG", *BUYER, *CARD), "/ship_to"),
        (("--sku", "MUG", *BUYER, *ADDRESS), "/payment"),
        (("--sku", "MUG", *BUYER, *ADDRESS, "--customer", "me"), "/customer/id"),
    ],
)
def test_what_is_missing_is_named(stocked: Terminal, words: tuple[str, ...], pointer: str) -> None:
    assert f"{pointer}: " in stocked.refused(2, "order", "place", *words)


def test_a_known_customer_needs_neither_name_nor_address(stocked: Terminal) -> None:
    id = stocked.json("customer", "register", *BUYER, *ADDRESS)["id"]
    placed = stocked.json("order", "place", "--sku", "MUG", "--customer", id, *CARD)
    assert (placed["customer"]["id"], placed["ship_to"]["city"]) == (id, "Springfield")


def test_a_quote_and_a_dry_run_write_nothing(stocked: Terminal, written: Callable[[str, str], Path]) -> None:
    quoted = stocked.json("order", "quote", "--sku", "MUG=2", "--expected-total", "25 EUR")
    assert quoted["total"] == {"amount": "25.00", "currency": "EUR"}
    dry = stocked.run("order", "place", "--sku", "MUG=2", *BUYER, *ADDRESS, *CARD, "--dry-run")
    assert json.loads(dry.stdout) == quoted
    file = written("items.json", json.dumps({"items": ORDER["items"]}))
    assert stocked.json("order", "quote", "--file", str(file)) == quoted
    assert stocked.json("order", "list")["data"] == []


def test_a_declined_order_that_is_held_can_be_paid_again(stocked: Terminal) -> None:
    words = ("--sku", "MUG", *BUYER, *ADDRESS, "--token", "tok_chargeDeclined", "--on-decline", "hold")
    assert "the order is pending" in stocked.refused(5, "order", "place", *words)
    assert stocked.json("order", "pay", "latest", "--token", "tok_visa", "--key", "p")["status"] == "confirmed"


def test_orders_are_filtered(stocked: Terminal) -> None:
    placed = stocked.place("--external-reference", "shop-7")
    other = stocked.place()
    by = {
        "--external-reference": "shop-7",
        "--customer": placed["customer"]["id"],
        "--manager": "shop",
        "--status": "confirmed",
        "--since": "2017-01-01",
    }
    for option, value in by.items():
        found = [each["number"] for each in stocked.json("order", "list", option, value)["data"]]
        assert placed["number"] in found
        assert (other["number"] in found) == (option != "--external-reference")
    assert stocked.json("order", "list", "--before", "2017-01-01T00:00:00Z")["data"] == []


def test_an_order_is_shipped_and_delivered(stocked: Terminal) -> None:
    stocked.place()
    shipment = stocked.json("order", "ship", "latest", "--reason", "first post")
    assert (shipment["status"], bool(shipment["tracking_number"])) == ("labelled", True)
    assert stocked.json("shipment", "show", shipment["id"]) == shipment
    assert [each["id"] for each in stocked.json("shipment", "list", "--status", "labelled")["data"]] == [shipment["id"]]
    assert stocked.json("order", "deliver", "latest")["status"] == "delivered"
    assert stocked.json("product", "show", "MUG")["on_hand"] == 38


def test_a_label_is_written_to_a_file(stocked: Terminal) -> None:
    stocked.place()
    id = stocked.json("order", "ship", "latest")["id"]
    file = stocked.folder / "label"
    assert "bytes" in stocked.run("shipment", "label", id, "--output", str(file)).stderr
    assert file.read_bytes() == stocked.run("shipment", "label", id).stdout_bytes


def test_a_cancelled_order_gives_its_stock_back(stocked: Terminal) -> None:
    stocked.place()
    assert "Would cancel order" in stocked.run("order", "cancel", "latest", "--dry-run").stderr
    stocked.run("order", "cancel", "latest", typed="n\n", exit_code=1)
    assert stocked.json("order", "show", "latest")["status"] == "confirmed"
    assert stocked.json("order", "cancel", "latest", "--yes", "--reason", "by phone")["status"] == "cancelled"
    assert stocked.json("product", "show", "MUG")["quantity_in_stock"] == 40
    assert "it cannot" in stocked.refused(4, "order", "ship", "latest")


def test_an_address_is_corrected(stocked: Terminal) -> None:
    stocked.place()
    words = ("order", "address", "latest", "--line1", "2 Side Street", "--city", "Shelbyville", "--country", "US")
    assert stocked.json(*words)["ship_to"]["line1"] == "2 Side Street"
    assert "--line1" in stocked.refused(2, "order", "address", "latest")


def test_an_order_is_handed_over(stocked: Terminal) -> None:
    stocked.place()
    ada = stocked.json("admin", "add", "ada", "--password-stdin", typed="correct horse battery\n")
    assert stocked.json("order", "hand-over", "latest", "ada")["manager_id"] == ada["id"]


def test_the_history_tells_everything_in_order(stocked: Terminal) -> None:
    number = stocked.place()["number"]
    stocked.run("order", "cancel", number, "--yes", "--reason", "by phone")
    types = [each["type"] for each in stocked.json("order", "history", number)["data"]]
    assert types[0] == "order.placed.v1"
    assert "order.cancelled.v1" in types
    assert stocked.json("event", "list", "--stream", "order")["data"][0]["type"] == "order.placed.v1"


def test_a_hint_names_the_database_that_the_command_was_given(stocked: Terminal) -> None:
    place = ("order", "place", "--sku", "MUG", *BUYER, *ADDRESS, "--token", "tok_timeout")
    by_environment = stocked.run(*place).stderr
    by_option = stocked.run(*place, "--database", stocked.url).stderr
    assert "payment settle 1001\n" in by_environment
    assert f"payment settle 1002 --database {stocked.url}\n" in by_option


def test_a_hint_repeats_no_password(stocked: Terminal, postgres_url: str) -> None:
    stocked.run("init", "--database", postgres_url)
    stocked.url = stocked.env["ORDERCORE_DATABASE_URL"] = postgres_url
    stocked.add_mug()
    with_password = re.sub("//([^:@/]+)(:[^@]*)?@", r"//\1:s3cret@", postgres_url)
    place = ("order", "place", "--sku", "MUG", *BUYER, *ADDRESS, "--token", "tok_timeout")
    told = stocked.run(*place, "--database", with_password).stderr
    assert "payment settle 1001 --database URL\n" in told
    assert "s3cret" not in told


def test_a_shipment_that_waits_for_its_label_is_told(stocked: Terminal) -> None:
    nowhere = (*BUYER, "--line1", "TIMEOUT", "--city", "Springfield", "--country", "US")
    placed = stocked.json("order", "place", "--sku", "MUG", *nowhere, "--token", "tok_visa")
    waits = stocked.run("order", "ship", placed["number"])
    assert json.loads(waits.stdout)["status"] == "pending"
    assert "The label has no final answer yet; the worker finishes it" in waits.stderr


def test_who_may_not_read_orders_is_not_told_what_a_shipment_waits_for(stocked: Terminal) -> None:
    order = stocked.json("order", "place", "--sku", "MUG", *BUYER, *ADDRESS, "--token", "tok_captureTimeout")
    stocked.env["ORDERCORE_TOKEN"] = stocked.run(
        "token", "create", "--name", "x", "--scope", "orders:manage"
    ).stdout.strip()
    assert "The money or the label has no final answer yet" in stocked.run("order", "ship", order["id"]).stderr


def test_an_unanswered_payment_is_told_and_settled(stocked: Terminal) -> None:
    placed = stocked.run("order", "place", "--sku", "MUG", *BUYER, *ADDRESS, "--token", "tok_timeout")
    assert "ordercore payment settle" in placed.stderr
    assert [each["unknown"] for each in stocked.json("payment", "list", "--unknown")["data"]] == [True]
    assert stocked.json("payment", "settle", "latest")["status"] == "confirmed"
    assert "cannot" in stocked.refused(
        4, "payment", "resolve", "latest", "--outcome", "approved", "--reason", "x", "--yes"
    )
    assert [each["status"] for each in stocked.json("payment", "list", "--status", "authorised")["data"]] == [
        "authorised"
    ]


def test_a_table_shows_the_order_and_its_items(stocked: Terminal) -> None:
    stocked.place()
    shown = stocked.run("order", "show", "latest", "--format", "table").stdout
    assert "total                   25.00 EUR" in shown
    assert "\nitems\nsku" in shown
    assert (
        stocked.run("order", "list", "--format", "csv").stdout.splitlines()[1].startswith("1001,confirmed,authorised,")
    )


def test_an_admin_decides_what_the_provider_does_not_tell(stocked: Terminal) -> None:
    stocked.run("order", "place", "--sku", "MUG", *BUYER, *ADDRESS, "--token", "tok_timeout")
    words = ("payment", "resolve", "latest", "--outcome", "declined", "--reason", "not in their books")
    stocked.run(*words, typed="n\n", exit_code=1)
    assert stocked.json("payment", "list", "--unknown")["data"]
    assert json.loads(stocked.run(*words, typed="y\n").stdout)["status"] == "cancelled"
    assert stocked.json("payment", "list", "--unknown")["data"] == []


def test_a_shipment_without_a_label_has_none_to_print(stocked: Terminal) -> None:
    words = ("order", "place", "--sku", "MUG", *BUYER, *ADDRESS, "--token", "tok_captureFails")
    stocked.run(*words)
    assert "could not be captured" in stocked.refused(5, "order", "ship", "latest")
    (failed,) = stocked.json("shipment", "list", "--status", "failed")["data"]
    assert "There is no label" in stocked.refused(3, "shipment", "label", failed["id"])


def test_a_shipment_that_waits_for_money_is_told(stocked: Terminal) -> None:
    stocked.run("order", "place", "--sku", "MUG", *BUYER, *ADDRESS, "--token", "tok_captureTimeout")
    result = stocked.run("order", "ship", "latest")
    assert json.loads(result.stdout)["status"] == "pending"
    assert "The money has no final answer yet, so there is no label; the worker finishes it" in result.stderr
    assert result.stderr.endswith("ordercore payment settle 1001\n")
