"""The commands for products and their stock."""

from __future__ import annotations

from typing import Any

import click

from ordercore import OrderCore, ProductFilter
from ordercore.application.catalogue import AddProduct, AdjustStock, ArchiveProduct, EditProduct, ReceiveStock
from ordercore.entrypoints.cli.options import (
    change_options,
    confirm,
    dry_run_option,
    key_option,
    page,
    page_options,
    price,
    reason_option,
    say,
    several,
    yes_option,
)
from ordercore.entrypoints.cli.output import detail_format_option, format_option, print_one, print_page
from ordercore.entrypoints.cli.records import MOVEMENT_COLUMNS, PRODUCT_COLUMNS
from ordercore.entrypoints.cli.session import product_id, with_new_shop, with_shop
from ordercore.entrypoints.http import rendering

details = several(
    click.option("--name", metavar="TEXT"),
    click.option("--price", metavar="AMOUNT", help="In major units, such as 12.50."),
    click.option("--currency", metavar="XXX", help="Three letters, such as EUR."),
    click.option("--description", metavar="TEXT"),
    click.option("--category", metavar="TEXT"),
    click.option("--weight-grams", type=int, metavar="N"),
    click.option("--low-stock-threshold", type=int, metavar="N", help="Low when this many or fewer are available."),
)


@click.group(short_help="Products: add, edit, archive, find, what is low.")
def product() -> None:
    """Products: add, edit, archive, find, what is low. A product is named by its sku or id."""


@product.command()
@click.argument("sku")
@details
@click.option("--stock", "quantity_in_stock", type=int, default=0, show_default=True, metavar="N", help="First stock.")
@key_option
@dry_run_option
@detail_format_option
@with_new_shop
def add(shop: OrderCore, /, sku: str, key: str | None, dry_run: bool, format_: str | None, **given: Any) -> None:
    """Add a product: ordercore product add MUG --name Mug --price 12.50 --currency EUR --stock 40"""
    for name in ("name", "price", "currency"):
        if given[name] is None:
            raise click.UsageError(f"--{name} is needed.")
    cost = price(given.pop("price"), given.pop("currency"))
    command = AddProduct(sku=sku, price=cost, **{name: value for name, value in given.items() if value is not None})
    if dry_run:
        say(f"Would add {command.sku}: {command.name}, {command.price}. Nothing was written.")
        return
    print_one(rendering.product(shop.catalogue.add_product(command, idempotency_key=key)), format_)


@product.command()
@click.argument("product_", metavar="PRODUCT")
@details
@click.option(
    "--clear",
    multiple=True,
    type=click.Choice(["category", "weight_grams", "low_stock_threshold"]),
    help="Take this detail away; may be given several times.",
)
@change_options
@dry_run_option
@detail_format_option
@with_shop
def edit(
    shop: OrderCore,
    /,
    product_: str,
    clear: tuple[str, ...],
    key: str | None,
    dry_run: bool,
    format_: str | None,
    reason: str | None,
    expected_version: int | None,
    **given: Any,
) -> None:
    """Change details of a product; what is not given stays."""
    before = shop.catalogue.get(product_id(shop, product_))
    cost = price(given.pop("price") or before.price.amount, given.pop("currency") or before.price.currency)
    kept = {name: getattr(before, name) if value is None else value for name, value in given.items()}
    # What stays was read just now: without a key, nobody may have changed it in between. A repeat with a key is the
    # same command only if it does not name the version that its first run has made.
    implied = before.version if key is None else None
    command = EditProduct(
        product_id=before.id,
        price=cost,
        reason=reason,
        expected_version=expected_version if expected_version is not None else implied,
        **{**kept, **dict.fromkeys(clear)},
    )
    if dry_run:
        say(f"Would change {before.sku}. Nothing was written.")
        return
    print_one(rendering.product(shop.catalogue.edit_product(command, idempotency_key=key)), format_)


@product.command()
@click.argument("product_", metavar="PRODUCT")
@change_options
@yes_option
@dry_run_option
@detail_format_option
@with_shop
def archive(
    shop: OrderCore,
    product_: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    yes: bool,
    dry_run: bool,
    format_: str | None,
) -> None:
    """Take a product out of the catalogue; old orders keep it, nobody can order it."""
    command = ArchiveProduct(product_id=product_id(shop, product_), reason=reason, expected_version=expected_version)
    if dry_run:
        say(f"Would archive {product_}. Nothing was written.")
        return
    confirm(f"Archive {product_}? Nobody can order it afterwards.", yes=yes)
    print_one(rendering.product(shop.catalogue.archive_product(command, idempotency_key=key)), format_)


@product.command()
@click.argument("product_", metavar="PRODUCT")
@detail_format_option
@with_shop
def show(shop: OrderCore, product_: str, format_: str | None) -> None:
    """Show a product with its stock."""
    print_one(rendering.product(shop.catalogue.get(product_id(shop, product_))), format_)


@product.command("list")
@click.option("--search", "text", metavar="TEXT", help="Part of a name or sku.")
@click.option("--category", metavar="TEXT")
@click.option("--low", is_flag=True, help="Only what is low.")
@click.option("--archived", is_flag=True, help="Archived ones too.")
@page_options
@format_option
@with_shop
def list_(
    shop: OrderCore,
    text: str | None,
    category: str | None,
    low: bool,
    archived: bool,
    limit: int,
    after: str | None,
    format_: str | None,
) -> None:
    """List and search products, by sku."""
    which = ProductFilter(text=text, category=category, low=low or None, archived=archived)
    _print_products(shop, which, limit, after, format_)


@product.command()
@page_options
@format_option
@with_shop
def low(shop: OrderCore, limit: int, after: str | None, format_: str | None) -> None:
    """List what is low."""
    _print_products(shop, ProductFilter(low=True), limit, after, format_)


@click.group(short_help="Stock: receive, adjust, every movement.")
def stock() -> None:
    """Stock: receive, adjust, every movement. A product is named by its sku or id."""


@stock.command()
@click.argument("product_", metavar="PRODUCT")
@click.argument("quantity", type=int)
@reason_option
@key_option
@dry_run_option
@detail_format_option
@with_shop
def receive(
    shop: OrderCore,
    product_: str,
    quantity: int,
    reason: str | None,
    key: str | None,
    dry_run: bool,
    format_: str | None,
) -> None:
    """Book QUANTITY pieces that came in."""
    command = ReceiveStock(product_id=product_id(shop, product_), quantity=quantity, reason=reason)
    if dry_run:
        say(f"Would receive {quantity} of {product_}. Nothing was written.")
        return
    print_one(rendering.product(shop.catalogue.receive_stock(command, idempotency_key=key)), format_)


@stock.command(context_settings={"ignore_unknown_options": True})
@click.argument("product_", metavar="PRODUCT")
@click.argument("change", type=int)
@reason_option
@key_option
@dry_run_option
@detail_format_option
@with_shop
def adjust(
    shop: OrderCore,
    product_: str,
    change: int,
    reason: str | None,
    key: str | None,
    dry_run: bool,
    format_: str | None,
) -> None:
    """Book CHANGE pieces found (5) or lost (-5) when counting."""
    command = AdjustStock(product_id=product_id(shop, product_), change=change, reason=reason)
    if dry_run:
        say(f"Would adjust {product_} by {change:+}. Nothing was written.")
        return
    print_one(rendering.product(shop.catalogue.adjust_stock(command, idempotency_key=key)), format_)


@stock.command()
@click.argument("product_", metavar="PRODUCT")
@page_options
@format_option
@with_shop
def movements(shop: OrderCore, product_: str, limit: int, after: str | None, format_: str | None) -> None:
    """List every change of what is in the house, newest first."""
    found = shop.catalogue.movements(product_id(shop, product_), page(limit, after))
    print_page([rendering.movement(each) for each in found.data], found.next, format_, MOVEMENT_COLUMNS)


def _print_products(shop: OrderCore, which: ProductFilter, limit: int, after: str | None, format_: str | None) -> None:
    found = shop.catalogue.list(which, page(limit, after))
    print_page([rendering.product(each) for each in found.data], found.next, format_, PRODUCT_COLUMNS)
