"""The commands that import files: as a stream, in batches, safe to stop and to run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import click
from attrs import define, field

from ordercore import OrderCore
from ordercore.application.catalogue import AddProduct
from ordercore.application.importing import ImportedOrder, ImportOutcome, ImportVerdict, PaymentMode
from ordercore.domain.limits import MAX_LINES_PER_BATCH
from ordercore.entrypoints.cli import lines
from ordercore.entrypoints.cli.exits import Exit
from ordercore.entrypoints.cli.importing import Importer, Parsed, Tally
from ordercore.entrypoints.cli.options import dry_run_option, say, several
from ordercore.entrypoints.cli.output import detail_format_option, print_one
from ordercore.entrypoints.cli.refused import RefusedLines, beside
from ordercore.entrypoints.cli.session import with_new_shop
from ordercore.entrypoints.cli.signals import until_told_to_stop
from ordercore.entrypoints.cli.sources import Source
from ordercore.entrypoints.process import settle_in

C = TypeVar("C")

ORDERS_PER_BATCH = 512
PRODUCTS_PER_BATCH = 500

file_options = several(
    click.argument("file", type=click.Path(exists=True, dir_okay=False)),
    click.option(
        "--refused",
        type=click.Path(dir_okay=False),
        metavar="PATH",
        help="Where refused lines go, with their reasons.  [default: FILE.refused.jsonl]",
    ),
    dry_run_option,
    detail_format_option,
)


@click.group("import", short_help="Import products or orders from files.")
def import_() -> None:
    """Import products or orders from files: in batches, safe to stop with ctrl-C and to run again."""


@import_.command()
@file_options
@with_new_shop
def products(shop: OrderCore, file: str, refused: str | None, dry_run: bool, format_: str | None) -> None:
    """Import products from a CSV file, gzipped or not; those whose sku is known are left alone, stock included.

    \b
    Columns: sku, name, price, currency; and description, quantity_in_stock, low_stock_threshold, category,
    weight_grams where you have them.
    """
    with Source(file) as source, product_importer(shop, dry_run=dry_run) as importer:
        _run(importer, source, lines.products(source), refused, format_, dry_run=dry_run)


@import_.command()
@file_options
@click.option(
    "--payments",
    type=click.Choice([each.value for each in PaymentMode]),
    default=PaymentMode.RECORD.value,
    show_default=True,
    help="record: paid elsewhere, no provider is asked; charge: take the money now.",
)
@click.option("--notify", is_flag=True, help="Tell the customers.")
@with_new_shop
def orders(
    shop: OrderCore,
    file: str,
    refused: str | None,
    dry_run: bool,
    format_: str | None,
    payments: str,
    notify: bool,
) -> None:
    """Import orders from a file of JSON lines, gzipped or not; those whose idempotency_key is known are left alone."""
    importer = order_importer(shop, payments=PaymentMode(payments), notify=notify, dry_run=dry_run)
    with Source(file) as source:
        _run(importer, source, lines.orders(source), refused, format_, dry_run=dry_run)


@contextmanager
def product_importer(shop: OrderCore, *, dry_run: bool = False) -> Iterator[Importer[AddProduct]]:
    """Imports products, all batches as one import with one summary."""
    with shop.importing.product_import() as run:
        send = Rehearsal(shop.importing.known_products, lambda each: each.sku).send if dry_run else run.add
        yield Importer(send, lambda _: 1, PRODUCTS_PER_BATCH, PRODUCTS_PER_BATCH)


def order_importer(
    shop: OrderCore, *, payments: PaymentMode, notify: bool = False, dry_run: bool = False
) -> Importer[ImportedOrder]:
    """Imports orders."""
    rehearsal = Rehearsal(shop.importing.known_orders, lambda each: each.key)
    send = rehearsal.send if dry_run else partial(shop.importing.orders, payments=payments, notify=notify)
    return Importer(send, lambda each: len(each.order.items), ORDERS_PER_BATCH, MAX_LINES_PER_BATCH)


@define
class Rehearsal(Generic[C]):
    """Takes batches and writes nothing: says which are known, to the shop or from an earlier line."""

    look_up: Callable[[Sequence[C]], Sequence[ImportOutcome]]
    name_of: Callable[[C], str]
    _seen: set[int] = field(factory=set)  # hashes, so that millions of lines fit

    def send(self, commands: Sequence[C]) -> Sequence[ImportOutcome]:
        """What importing them would find."""
        found = zip(commands, self.look_up(commands), strict=True)
        return [KNOWN if self._was_seen(command) else outcome for command, outcome in found]

    def _was_seen(self, command: C) -> bool:
        name, before = hash(self.name_of(command)), len(self._seen)
        self._seen.add(name)
        return len(self._seen) == before


KNOWN = ImportOutcome(verdict=ImportVerdict.KNOWN)


def _run(
    importer: Importer[C],
    source: Source,
    parsed: Parsed[C],
    refused: str | None,
    format_: str | None,
    *,
    dry_run: bool,
) -> None:
    settle_in()
    with RefusedLines(Path(refused) if refused else beside(source.path)) as refusals, until_told_to_stop() as stop:
        tally = importer.run(source, parsed, refusals.add, stop)
    print_one(summary(tally), format_)
    if dry_run:
        say("Nothing was written. Each line was checked by itself and for being known, not against stock and prices.")
    if tally.stopped:
        say("Stopped; what was imported stays. Run the same command again to go on.")
        raise click.exceptions.Exit(Exit.STOPPED)
    source.refuse_damage()
    if tally.refused:
        raise click.exceptions.Exit(Exit.CHECK_FAILED)


def summary(tally: Tally) -> dict[str, object]:
    """What is printed at the end."""
    return {
        "imported": tally.imported,
        "known": tally.known,
        "declined": tally.declined,
        "refused": tally.refused,
        "seconds": tally.seconds,
        "lines_per_second": tally.per_second,
    }
