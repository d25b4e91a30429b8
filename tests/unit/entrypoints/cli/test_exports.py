import csv
import json

from tests.unit.entrypoints.cli.conftest import Terminal


def test_exported_orders_are_whole(terminal: Terminal) -> None:
    terminal.add_mug()
    placed = [terminal.place(), terminal.place()]
    result = terminal.run("export", "orders")
    assert [json.loads(line) for line in result.stdout.splitlines()] == placed[::-1]
    assert result.stderr == "2 exported.\n"


def test_csv_has_a_header_even_with_nothing_below(terminal: Terminal) -> None:
    for what in ("orders", "products", "customers"):
        assert len(terminal.run("export", what, "--format", "csv").stdout.splitlines()) == 1


def test_more_than_a_page_is_exported_each_once(terminal: Terminal) -> None:
    file = terminal.folder / "products.csv"
    rows = "".join(f"P{number:04},Thing,1,EUR\n" for number in range(1001))
    file.write_text(f"sku,name,price,currency\n{rows}")
    terminal.run("import", "products", str(file))
    terminal.run("product", "archive", "P0000", "--yes")
    output = terminal.folder / "out.csv"
    assert terminal.run("export", "products", "--format", "csv", "--output", str(output)).stdout == ""
    with output.open(newline="") as opened:
        assert [row["sku"] for row in csv.DictReader(opened)] == [f"P{number:04}" for number in range(1001)]


def test_customers_are_exported(terminal: Terminal) -> None:
    terminal.add_mug()
    terminal.place()
    (line,) = terminal.run("export", "customers").stdout.splitlines()
    assert json.loads(line)["contact"]["email"] == "ada@example.com"
