import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ordercore.entrypoints.cli.output import as_csv, as_table, cell, flattened
from tests.unit.entrypoints.cli.conftest import Terminal

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)  # no text holds a \r
rows = st.lists(st.fixed_dictionaries({"a": texts, "b": st.none() | st.integers() | st.booleans()}), min_size=1)


@given(rows)
def test_a_table_has_one_line_a_row_whatever_is_in_it(records: list[Mapping[str, Any]]) -> None:
    table = as_table(records, ("a", "b"))
    assert len(table.splitlines()) == len(records) + 2
    assert all(character.isprintable() for line in table.split("\n") for character in line)


@given(rows)
def test_csv_is_read_back_as_it_was(records: list[Mapping[str, Any]]) -> None:
    read = list(csv.DictReader(io.StringIO(as_csv(records, ("a",)), newline="")))
    assert [row["a"] for row in read] == [record["a"] for record in records]


def test_numbers_stand_to_the_right() -> None:
    assert as_table([{"n": 7}, {"n": 1000}], ("n",)) == "   n\n----\n   7\n1000\n"


def test_nothing_is_shown_as_none() -> None:
    assert as_table([], ("a",)) == "(none)\n"


def test_an_escape_sequence_does_not_reach_the_terminal() -> None:
    assert cell("\x1b[31mred\nline") == " [31mred line"


def test_nested_records_become_dotted_names() -> None:
    record = {"total": {"amount": "1.00", "currency": "EUR"}, "customer": {"name": "Ada"}, "payload": {"a": 1}}
    assert flattened(record) == {"total": "1.00 EUR", "customer.name": "Ada", "payload": {"a": 1}}
    assert cell(flattened(record)["payload"]) == '{"a":1}'


def test_json_is_the_default_where_nobody_looks(terminal: Terminal) -> None:
    assert json.loads(terminal.run("product", "list").stdout) == {"data": [], "next": None}


def test_the_three_formats_show_the_same(terminal: Terminal) -> None:
    terminal.add_mug()
    (row,) = csv.DictReader(io.StringIO(terminal.run("product", "list", "--format", "csv").stdout))
    (record,) = terminal.json("product", "list")["data"]
    table = terminal.run("product", "list", "--format", "table").stdout
    assert row["price"] == "12.50 EUR"
    assert (row["id"], row["is_low"]) == (record["id"], "false")
    assert "12.50 EUR" in table
    assert record["id"] in table
