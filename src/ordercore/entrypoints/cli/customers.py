"""The commands for customers."""

from __future__ import annotations

from typing import Any

import click

from ordercore import CustomerFilter, OrderCore
from ordercore.application.customers import EditCustomer, RegisterCustomer
from ordercore.entrypoints.cli import records
from ordercore.entrypoints.cli.options import (
    address,
    address_options,
    change_options,
    contact,
    contact_options,
    key_option,
    page,
    page_options,
)
from ordercore.entrypoints.cli.output import detail_format_option, format_option, print_one, print_page
from ordercore.entrypoints.cli.session import id_of, with_new_shop, with_shop


@click.group(short_help="Customers: register, edit, find.")
def customer() -> None:
    """Customers: register, edit, find. A customer is named by id, and found by exact e-mail address or phone number."""


@customer.command()
@contact_options
@address_options
@click.option("--locale", default="en", show_default=True, metavar="TAG", help="Language, such as de-AT.")
@key_option
@detail_format_option
@with_new_shop
def register(shop: OrderCore, /, locale: str, key: str | None, format_: str | None, **given: Any) -> None:
    """Register a customer."""
    command = RegisterCustomer(contact=contact(given), address=address(given), locale=locale)
    print_one(records.customer(shop, shop.customers.register(command, idempotency_key=key)), format_)


@customer.command()
@click.argument("customer_", metavar="CUSTOMER")
@contact_options
@address_options
@click.option("--locale", metavar="TAG", help="Language, such as de-AT.")
@change_options
@detail_format_option
@with_shop
def edit(
    shop: OrderCore,
    /,
    customer_: str,
    locale: str | None,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
    **given: Any,
) -> None:
    """Change details of a customer; what is not given stays, an address is given whole. Existing orders keep theirs."""
    before = shop.customers.get(id_of("customer", customer_))
    # As with products: what stays was read just now, so without a key nobody may have changed it in between.
    implied = before.version if key is None else None
    command = EditCustomer(
        customer_id=before.id,
        contact=contact(given, before=before.contact),
        address=address(given) or before.address,
        locale=locale or before.locale,
        reason=reason,
        expected_version=expected_version if expected_version is not None else implied,
    )
    print_one(records.customer(shop, shop.customers.edit(command, idempotency_key=key)), format_)


@customer.command()
@click.argument("customer_", metavar="CUSTOMER")
@detail_format_option
@with_shop
def show(shop: OrderCore, customer_: str, format_: str | None) -> None:
    """Show a customer."""
    print_one(records.customer(shop, shop.customers.get(id_of("customer", customer_))), format_)


@customer.command("list")
@click.option("--email", metavar="ADDRESS", help="Exactly this e-mail address.")
@click.option("--phone", metavar="NUMBER", help="Exactly this phone number.")
@page_options
@format_option
@with_shop
def list_(
    shop: OrderCore, email: str | None, phone: str | None, limit: int, after: str | None, format_: str | None
) -> None:
    """List customers, or find them."""
    found = shop.customers.list(CustomerFilter(email=email, phone=phone), page(limit, after))
    print_page([records.customer(shop, each) for each in found.data], found.next, format_, records.CUSTOMER_COLUMNS)
