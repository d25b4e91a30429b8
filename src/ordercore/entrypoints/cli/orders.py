"""The commands for orders: place, find, steer. How one is spelled on the command line is in `drafts`."""

from __future__ import annotations

from typing import Any

import click

from ordercore import OrderCore, OrderFilter
from ordercore.application.pricing import Quote
from ordercore.application.shipping import MarkDelivered, ShipOrder
from ordercore.application.steering import CancelOrder, CorrectAddress, HandOver, PayOrder
from ordercore.domain.actor import Permission, may
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.lifecycles import OrderStatus
from ordercore.domain.order import Order
from ordercore.domain.shipment import Shipment
from ordercore.entrypoints.cli import drafts, records
from ordercore.entrypoints.cli.options import (
    address,
    address_options,
    again,
    change_options,
    confirm,
    dry_run_option,
    key_option,
    moment,
    money,
    page,
    page_options,
    say,
    yes_option,
)
from ordercore.entrypoints.cli.output import detail_format_option, format_option, print_one, print_page
from ordercore.entrypoints.cli.session import admin_id, id_of, order_id, with_shop
from ordercore.entrypoints.http import rendering


@click.group(short_help="Orders: place, pay, ship, cancel, find.")
def order() -> None:
    """Orders: place, pay, ship, cancel, find. An order is named by its number, its id, or `latest`."""


@order.command()
@drafts.order_options
@key_option
@dry_run_option
@detail_format_option
@with_shop
def place(shop: OrderCore, /, key: str | None, dry_run: bool, format_: str | None, **given: Any) -> None:
    """Place an order and pay it.

    \b
    ordercore order place --sku MUG=2 --name "Ada Example" --email ada@example.com \\
        --line1 "1 Main Street" --city Springfield --country US --token tok_visa
    """
    command = drafts.order_of(given)
    if dry_run:
        quoted = shop.ordering.quote(Quote(items=command.items, expected_total=command.expected_total))
        say("This is what it would be. Nothing was written or reserved.")
        print_one(rendering.quote(quoted), format_)
        return
    _print(shop, shop.ordering.place(command, idempotency_key=key), format_)


@order.command()
@drafts.item_options
@detail_format_option
@with_shop
def quote(
    shop: OrderCore, sku: tuple[str, ...], expected_total: str | None, file: str | None, format_: str | None
) -> None:
    """Price and check an order; nothing is written or reserved."""
    if file is not None:
        command = drafts.from_file(Quote, file)
    else:
        command = Quote(items=drafts.items_of(sku), expected_total=money(expected_total, "expected_total"))
    print_one(rendering.quote(shop.ordering.quote(command)), format_)


@order.command()
@click.argument("order_", metavar="ORDER")
@detail_format_option
@with_shop
def show(shop: OrderCore, order_: str, format_: str | None) -> None:
    """Show an order."""
    print_one(records.order(shop, shop.ordering.get(order_id(shop, order_))), format_)


@order.command("list")
@click.option("--status", type=click.Choice([each.value for each in OrderStatus]))
@click.option("--customer", metavar="ID", help="Orders of this customer.")
@click.option("--manager", metavar="ADMIN", help="Orders of this admin user.")
@click.option("--external-reference", metavar="TEXT")
@click.option("--since", metavar="TIME", help="Ordered at or after this time or day.")
@click.option("--before", metavar="TIME", help="Ordered before this time or day.")
@page_options
@format_option
@with_shop
def list_(
    shop: OrderCore,
    status: str | None,
    customer: str | None,
    manager: str | None,
    external_reference: str | None,
    since: str | None,
    before: str | None,
    limit: int,
    after: str | None,
    format_: str | None,
) -> None:
    """List orders, newest first."""
    which = OrderFilter(
        status=OrderStatus(status) if status else None,
        customer_id=id_of("customer", customer) if customer else None,
        manager_id=admin_id(shop, manager) if manager else None,
        external_reference=external_reference,
        since=moment(since),
        before=moment(before),
    )
    found = shop.ordering.list(which, page(limit, after))
    print_page([rendering.order_row(row) for row in found.data], found.next, format_, records.ORDER_COLUMNS)


@order.command()
@click.argument("order_", metavar="ORDER")
@change_options
@yes_option
@dry_run_option
@detail_format_option
@with_shop
def cancel(
    shop: OrderCore,
    order_: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    yes: bool,
    dry_run: bool,
    format_: str | None,
) -> None:
    """Cancel an order: its stock is released, its money sent back."""
    id = order_id(shop, order_)
    if dry_run:
        found = shop.ordering.get(id)
        say(f"Would cancel order {found.number} ({found.status.value}, {found.total}). Nothing was written.")
        return
    confirm(f"Cancel order {order_}?", yes=yes)
    command = CancelOrder(order_id=id, reason=reason, expected_version=expected_version)
    _print(shop, shop.ordering.cancel(command, idempotency_key=key), format_)


@order.command()
@click.argument("order_", metavar="ORDER")
@click.option("--token", required=True, metavar="TOKEN", help="Stands for the card, such as tok_visa.")
@click.option("--expected-version", type=int, metavar="N", help="Refuse if somebody changed it since this version.")
@key_option
@detail_format_option
@with_shop
def pay(
    shop: OrderCore, order_: str, token: str, expected_version: int | None, key: str | None, format_: str | None
) -> None:
    """Try again to pay an order that waits after a decline."""
    command = PayOrder(order_id=order_id(shop, order_), token=token, expected_version=expected_version)
    _print(shop, shop.ordering.pay(command, idempotency_key=key), format_)


@order.command()
@click.argument("order_", metavar="ORDER")
@change_options
@detail_format_option
@with_shop
def ship(
    shop: OrderCore,
    order_: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
) -> None:
    """Ship an order whole: money captured, label bought, stock taken out."""
    command = ShipOrder(order_id=order_id(shop, order_), reason=reason, expected_version=expected_version)
    shipped = shop.shipping.ship(command, idempotency_key=key)
    if shipped.label is None:
        say(_outstanding(shop, shipped))
    print_one(rendering.shipment(shipped), format_)


@order.command()
@click.argument("order_", metavar="ORDER")
@change_options
@detail_format_option
@with_shop
def deliver(
    shop: OrderCore,
    order_: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
) -> None:
    """Mark a shipped order as delivered."""
    command = MarkDelivered(order_id=order_id(shop, order_), reason=reason, expected_version=expected_version)
    _print(shop, shop.shipping.deliver(command, idempotency_key=key), format_)


@order.command("address")
@click.argument("order_", metavar="ORDER")
@address_options
@change_options
@detail_format_option
@with_shop
def correct_address(
    shop: OrderCore,
    /,
    order_: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
    **given: Any,
) -> None:
    """Correct the shipping address of an order that has not shipped."""
    ship_to = address(given)
    if ship_to is None:
        raise InvalidRequest.of("/ship_to", "is needed: give --line1, --city and --country", "missing")
    command = CorrectAddress(
        order_id=order_id(shop, order_), ship_to=ship_to, reason=reason, expected_version=expected_version
    )
    _print(shop, shop.ordering.correct_address(command, idempotency_key=key), format_)


@order.command("hand-over")
@click.argument("order_", metavar="ORDER")
@click.argument("admin")
@change_options
@detail_format_option
@with_shop
def hand_over(
    shop: OrderCore,
    order_: str,
    admin: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
) -> None:
    """Give an open order to another ADMIN."""
    command = HandOver(
        order_id=order_id(shop, order_),
        manager_id=admin_id(shop, admin),
        reason=reason,
        expected_version=expected_version,
    )
    _print(shop, shop.ordering.hand_over(command, idempotency_key=key), format_)


@order.command()
@click.argument("order_", metavar="ORDER")
@format_option
@with_shop
def history(shop: OrderCore, order_: str, format_: str | None) -> None:
    """Everything that happened to an order, in order."""
    events = shop.ordering.history(order_id(shop, order_))
    print_page([rendering.event(event) for event in events], None, format_, records.EVENT_COLUMNS)


def _print(shop: OrderCore, order: Order, format_: str | None) -> None:
    if order.replayed:
        say("This key was used before for the same command; this is its order as it is now.")
    if order.payment.is_unknown:
        say(f"The payment has no final answer yet; ask the provider: {again(f'payment settle {order.number}')}")
    payment = order.payment
    if order.status is OrderStatus.CANCELLED and payment.open_attempt is None and payment.returnable.amount_minor:
        say(
            f"{payment.returnable} could not be given back ({payment.decline_code}); see: {again('payment work-items')}"
        )
    print_one(records.order(shop, order), format_)


def _outstanding(shop: OrderCore, shipment: Shipment) -> str:
    """What a shipment without a label waits for; who may not read orders is not told which."""
    if not may(shop.actor, Permission.ORDERS_READ):
        return "The money or the label has no final answer yet; the worker finishes it."
    order = shop.ordering.get(shipment.order_id)
    if order.payment.open_attempt is None:
        return f"The label has no final answer yet; the worker finishes it. Look again: {again('shipment list')}"
    waits = "The money has no final answer yet, so there is no label; the worker finishes it"
    return f"{waits}. Ask the provider now: {again(f'payment settle {order.number}')}"
