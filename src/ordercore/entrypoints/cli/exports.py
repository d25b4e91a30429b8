"""The commands that export: page after page, so that memory does not grow with the shop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import click

from ordercore import CustomerFilter, OrderCore, OrderFilter, Page, PageRequest, ProductFilter
from ordercore.domain.limits import MAX_PAGE
from ordercore.entrypoints.cli import records
from ordercore.entrypoints.cli.options import say, several
from ordercore.entrypoints.cli.output import Record, as_csv, as_line
from ordercore.entrypoints.cli.session import with_shop
from ordercore.entrypoints.http import rendering

V = TypeVar("V")

export_options = several(
    click.option("--output", type=click.Path(dir_okay=False, allow_dash=True), default="-", help="File; - prints."),
    click.option(
        "--format",
        "format_",
        type=click.Choice(["jsonl", "csv"]),
        default="jsonl",
        show_default=True,
        help="jsonl has everything; csv has the columns of the list.",
    ),
)


@click.group(short_help="Export orders, products or customers to files.")
def export() -> None:
    """Export orders, products or customers to files."""


@export.command()
@export_options
@with_shop
def orders(shop: OrderCore, output: str, format_: str) -> None:
    """Export orders, newest first: jsonl with their items, csv a row an order."""
    rows = _all(lambda page: shop.ordering.list(OrderFilter(), page))
    if format_ == "csv":
        _write(output, format_, (map(rendering.order_row, page) for page in rows), records.ORDER_COLUMNS)
    else:
        whole = ((records.order(shop, shop.ordering.get(row.id)) for row in page) for page in rows)
        _write(output, format_, whole, ())


@export.command()
@export_options
@with_shop
def products(shop: OrderCore, output: str, format_: str) -> None:
    """Export products, archived ones too, by sku."""
    found = _all(lambda page: shop.catalogue.list(ProductFilter(archived=True), page))
    _write(output, format_, (map(rendering.product, page) for page in found), records.PRODUCT_COLUMNS)


@export.command()
@export_options
@with_shop
def customers(shop: OrderCore, output: str, format_: str) -> None:
    """Export customers, by id."""
    found = _all(lambda page: shop.customers.list(CustomerFilter(), page))
    shown = ((records.customer(shop, each) for each in page) for page in found)
    _write(output, format_, shown, records.CUSTOMER_COLUMNS)


def _all(list_: Callable[[PageRequest], Page[V]]) -> Iterator[Sequence[V]]:
    after: str | None = None
    while True:
        page = list_(PageRequest(limit=MAX_PAGE, after=after))
        if page.data:
            yield page.data
        if page.next is None:
            return
        after = page.next


def _write(output: str, format_: str, pages: Iterable[Iterable[Record]], columns: Sequence[str]) -> None:
    count = 0
    with click.open_file(output, "w", encoding="utf-8") as file:
        if format_ == "csv":
            file.write(as_csv((), columns))
        for page in pages:
            for record in page:
                file.write(as_csv((record,), columns, header=False) if format_ == "csv" else as_line(record))
                count += 1
    say(f"{count} exported.")
