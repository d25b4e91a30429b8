"""The only place that prints records: as a table, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import click
import orjson

from ordercore.entrypoints.cli.options import say

Record = Mapping[str, object]
"""What is printed: values are text, numbers, booleans, times, ids, None, nested records, or lists of these."""

format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv"]),
    help="How to print; json when the output is no terminal, else table.",
)
detail_format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    help="How to print; json when the output is no terminal, else table.",
)


def print_page(records: Sequence[Record], next_: str | None, format_: str | None, columns: Sequence[str]) -> None:
    """One page of a list; where there is more, JSON carries the cursor and the others say it beside the output."""
    chosen = _chosen(format_)
    if chosen == "json":
        click.echo(as_json({"data": records, "next": next_}))
        return
    text = as_csv(records, columns) if chosen == "csv" else as_table(records, columns)
    click.echo(text, nl=False)
    if next_ is not None:
        say(f"There is more: --after {next_}")


def print_one(record: Record, format_: str | None) -> None:
    """One record: its fields a line each, and a table for each list in it."""
    if _chosen(format_) == "json":
        click.echo(as_json(record))
        return
    facts, lists = _parted(record)
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        click.echo(f"{name:<{width}}  {cell(value)}".rstrip())
    for name, rows in lists.items():
        click.echo(f"\n{name}")
        columns = [name for name in flattened(rows[0]) if not name.endswith("id")]
        click.echo(as_table(rows, columns), nl=False)


def as_json(value: object) -> str:
    """Indented for people, valid for programs, the same values as over HTTP."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2).decode()


def as_line(value: object) -> str:
    """JSON on one line."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE).decode()


def as_csv(records: Iterable[Record], columns: Sequence[str], *, header: bool = True) -> str:
    """These columns of the records."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(columns)
    for flat in map(flattened, records):
        writer.writerow([plain(flat.get(name)) for name in columns])
    return text.getvalue()


def as_table(records: Sequence[Record], columns: Sequence[str]) -> str:
    """These columns, as wide as they must be, numbers to the right."""
    if not records:
        return "(none)\n"
    rows = [flattened(record) for record in records]
    texts = [[cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(name), *(len(line[index]) for line in texts)) for index, name in enumerate(columns)]
    is_number = [all(isinstance(row.get(name), int | None) for row in rows) for name in columns]
    lines = [list(columns), ["-" * width for width in widths], *texts]
    return "".join(f"{_line(line, widths, is_number)}\n" for line in lines)


def flattened(record: Record, prefix: str = "") -> dict[str, object]:
    """Nested records as dotted names, money as `12.50 EUR`, an event's payload as JSON."""
    flat: dict[str, object] = {}
    for name, value in record.items():
        if isinstance(value, Mapping) and value.keys() == {"amount", "currency"}:
            flat[f"{prefix}{name}"] = f"{value['amount']} {value['currency']}"
        elif isinstance(value, Mapping) and name != "payload":
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def plain(value: object) -> object:
    """One value as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping | list | tuple):
        return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
    return value


def cell(value: object) -> str:
    """One value on one line, harmless to a terminal."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(character if character.isprintable() else " " for character in str(plain(value)))


def _parted(record: Record) -> tuple[dict[str, object], dict[str, Sequence[Record]]]:
    """A record's own facts, and the lists of records in it."""
    facts: dict[str, object] = {}
    lists: dict[str, Sequence[Record]] = {}
    for name, value in flattened(record).items():
        if isinstance(value, list | tuple):
            lists |= {name: value} if value else {}
        else:
            facts[name] = value
    return facts, lists


def _line(cells: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> str:
    aligned = (
        text.rjust(width) if right else text.ljust(width)
        for text, width, right in zip(cells, widths, is_number, strict=True)
    )
    return "  ".join(aligned).rstrip()


def is_json(format_: str | None) -> bool:
    """Whether JSON was asked for, or the output is no terminal."""
    return _chosen(format_) == "json"


def _chosen(format_: str | None) -> str:
    return format_ or ("table" if sys.stdout.isatty() else "json")
