"""The commands for shipments."""

from __future__ import annotations

import click

from ordercore import OrderCore
from ordercore.domain.errors import UnknownResource
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.entrypoints.cli.options import page, page_options, say
from ordercore.entrypoints.cli.output import detail_format_option, format_option, print_one, print_page
from ordercore.entrypoints.cli.records import SHIPMENT_COLUMNS
from ordercore.entrypoints.cli.session import id_of, with_shop
from ordercore.entrypoints.http import rendering


@click.group(short_help="Shipments: find, print the label.")
def shipment() -> None:
    """Shipments: find, print the label. A shipment is named by its id."""


@shipment.command("list")
@click.option("--status", type=click.Choice([each.value for each in ShipmentStatus]))
@page_options
@format_option
@with_shop
def list_(shop: OrderCore, status: str | None, limit: int, after: str | None, format_: str | None) -> None:
    """List shipments, newest first."""
    found = shop.shipping.list(ShipmentStatus(status) if status else None, page(limit, after))
    print_page([rendering.shipment_row(row) for row in found.data], found.next, format_, SHIPMENT_COLUMNS)


@shipment.command()
@click.argument("shipment_", metavar="SHIPMENT")
@detail_format_option
@with_shop
def show(shop: OrderCore, shipment_: str, format_: str | None) -> None:
    """Show a shipment."""
    print_one(rendering.shipment(shop.shipping.get(id_of("shipment", shipment_))), format_)


@shipment.command()
@click.argument("shipment_", metavar="SHIPMENT")
@click.option("--output", type=click.Path(dir_okay=False, allow_dash=True), default="-", help="File; - prints it.")
@with_shop
def label(shop: OrderCore, shipment_: str, output: str) -> None:
    """Write the label's document, for the printer."""
    found = shop.shipping.get(id_of("shipment", shipment_))
    if found.label is None:
        raise UnknownResource(kind="label of shipment", name=shipment_)
    with click.open_file(output, "wb") as file:
        file.write(found.label.document)
    if output != "-":
        say(f"{output}: {found.label.media_type}, {len(found.label.document)} bytes")
