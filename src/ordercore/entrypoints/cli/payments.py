"""The commands for payments."""

from __future__ import annotations

import click

from ordercore import OrderCore, PaymentFilter, SettleWorkItem, WorkItemFilter
from ordercore.application.moving import CapturePayment, RefundPayment
from ordercore.application.payments import ResolveAttempt
from ordercore.domain.lifecycles import PaymentStatus, WorkItemStatus
from ordercore.domain.payment import AnswerKind
from ordercore.entrypoints.cli import records
from ordercore.entrypoints.cli.options import (
    again,
    amount_option,
    change_options,
    confirm,
    key_option,
    money,
    page,
    page_options,
    say,
    version_option,
    yes_option,
)
from ordercore.entrypoints.cli.output import detail_format_option, format_option, print_one, print_page
from ordercore.entrypoints.cli.session import id_of, order_id, with_shop
from ordercore.entrypoints.http import rendering


@click.group(short_help="Payments: find, capture, refund, settle, decide by hand.")
def payment() -> None:
    """Payments: find, capture, refund, settle, decide by hand, discrepancies. A payment is named by its order."""


@payment.command("list")
@click.option("--status", type=click.Choice([each.value for each in PaymentStatus]))
@click.option("--unknown", is_flag=True, help="Only those whose provider has not answered.")
@page_options
@format_option
@with_shop
def list_(
    shop: OrderCore, status: str | None, unknown: bool, limit: int, after: str | None, format_: str | None
) -> None:
    """List payments, newest order first."""
    which = PaymentFilter(status=PaymentStatus(status) if status else None, unknown=unknown or None)
    found = shop.payments.list(which, page(limit, after))
    print_page([rendering.payment_row(row) for row in found.data], found.next, format_, records.PAYMENT_COLUMNS)


@payment.command()
@click.argument("order_", metavar="ORDER")
@key_option
@detail_format_option
@with_shop
def settle(shop: OrderCore, order_: str, key: str | None, format_: str | None) -> None:
    """Ask the provider now what became of an order's payment."""
    settled = shop.payments.settle(order_id(shop, order_), idempotency_key=key)
    if settled.payment.open_attempt is not None:
        say(f"The provider does not tell. Decide by hand: {again('payment resolve ORDER --outcome ... --reason ...')}")
    print_one(records.order(shop, settled), format_)


@payment.command()
@click.argument("order_", metavar="ORDER")
@click.option(
    "--outcome",
    required=True,
    type=click.Choice([AnswerKind.APPROVED.value, AnswerKind.DECLINED.value]),
    help="What the provider's own books say.",
)
@click.option("--reason", required=True, metavar="TEXT", help="How you know; kept with the event.")
@key_option
@yes_option
@detail_format_option
@with_shop
def resolve(
    shop: OrderCore, order_: str, outcome: str, reason: str, key: str | None, yes: bool, format_: str | None
) -> None:
    """Decide what became of a payment whose provider cannot tell any more."""
    confirm(f"Record the payment of order {order_} as {outcome}?", yes=yes)
    command = ResolveAttempt(order_id=order_id(shop, order_), outcome=AnswerKind(outcome), reason=reason)
    print_one(records.order(shop, shop.payments.resolve(command, idempotency_key=key)), format_)


@payment.command()
@click.argument("order_", metavar="ORDER")
@amount_option
@change_options
@detail_format_option
@with_shop
def capture(
    shop: OrderCore,
    order_: str,
    amount: str | None,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
) -> None:
    """Take money that is held for an order: all of it, or the amount."""
    command = CapturePayment(
        order_id=order_id(shop, order_), amount=money(amount), reason=reason, expected_version=expected_version
    )
    print_one(records.order(shop, shop.payments.capture(command, idempotency_key=key)), format_)


@payment.command()
@click.argument("order_", metavar="ORDER")
@amount_option
@change_options
@yes_option
@detail_format_option
@with_shop
def refund(
    shop: OrderCore,
    order_: str,
    amount: str | None,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    yes: bool,
    format_: str | None,
) -> None:
    """Give money back that was taken for an order: all that is left, or the amount. The order itself goes on."""
    confirm(f"Refund {amount or 'all that is left'} of order {order_}?", yes=yes)
    command = RefundPayment(
        order_id=order_id(shop, order_), amount=money(amount), reason=reason, expected_version=expected_version
    )
    print_one(records.order(shop, shop.payments.refund(command, idempotency_key=key)), format_)


@payment.command("work-items")
@click.option("--status", type=click.Choice([each.value for each in WorkItemStatus]))
@page_options
@format_option
@with_shop
def work_items(shop: OrderCore, status: str | None, limit: int, after: str | None, format_: str | None) -> None:
    """List what somebody must look at, oldest first: where a provider's word contradicts our books."""
    which = WorkItemFilter(status=WorkItemStatus(status) if status else None)
    found = shop.work_items.list(which, page(limit, after))
    print_page([rendering.work_item(item) for item in found.data], found.next, format_, records.WORK_ITEM_COLUMNS)


@payment.command("settle-work-item")
@click.argument("item", metavar="WORK_ITEM")
@click.option("--reason", required=True, metavar="TEXT", help="What came of it; kept with the event.")
@version_option
@key_option
@yes_option
@detail_format_option
@with_shop
def settle_work_item(
    shop: OrderCore,
    item: str,
    reason: str,
    expected_version: int | None,
    key: str | None,
    yes: bool,
    format_: str | None,
) -> None:
    """Say what came of a work item; a discrepancy is booked out."""
    confirm(f"Settle work item {item}?", yes=yes)
    command = SettleWorkItem(work_item_id=id_of("work item", item), reason=reason, expected_version=expected_version)
    print_one(rendering.work_item(shop.work_items.settle(command, idempotency_key=key)), format_)
