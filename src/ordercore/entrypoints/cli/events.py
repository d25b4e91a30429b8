"""The command for events."""

from __future__ import annotations

import click

from ordercore import OrderCore
from ordercore.entrypoints.cli.options import page, page_options
from ordercore.entrypoints.cli.output import format_option, print_page
from ordercore.entrypoints.cli.records import EVENT_COLUMNS
from ordercore.entrypoints.cli.session import with_shop
from ordercore.entrypoints.http import rendering

STREAMS = ("order", "product", "import", "customer", "shipment", "admin", "token")


@click.group(short_help="Events: everything that happened.")
def event() -> None:
    """Events: everything that happened."""


@event.command("list")
@click.option("--stream", type=click.Choice(STREAMS), help="Only events of this kind of thing.")
@page_options
@format_option
@with_shop
def list_(shop: OrderCore, stream: str | None, limit: int, after: str | None, format_: str | None) -> None:
    """List events, oldest first."""
    found = shop.events(stream, page(limit, after))
    print_page([rendering.event(each) for each in found.data], found.next, format_, EVENT_COLUMNS)
