"""The commands for subscriptions: webhooks, brokers, and what was delivered to them."""

from __future__ import annotations

import click

from ordercore import OrderCore
from ordercore.application.subscriptions import (
    LONGEST_OVERLAP_HOURS,
    AddSubscription,
    PauseSubscription,
    RemoveSubscription,
    ResumeSubscription,
    RotateSecret,
)
from ordercore.domain.limits import MAX_POSITION
from ordercore.domain.subscription import EVERYTHING
from ordercore.entrypoints.cli.exits import Exit
from ordercore.entrypoints.cli.options import change_options, confirm, key_option, page, page_options, say, yes_option
from ordercore.entrypoints.cli.output import detail_format_option, format_option, print_one, print_page
from ordercore.entrypoints.cli.records import DELIVERY_COLUMNS, SUBSCRIPTION_COLUMNS
from ordercore.entrypoints.cli.session import subscription_id, with_new_shop, with_shop
from ordercore.entrypoints.http import rendering_events as rendering

argument = click.argument("webhook_", metavar="WEBHOOK")


@click.group(short_help="Webhooks and brokers: who hears of events.")
def webhook() -> None:
    """Webhooks and brokers: who hears of events. One is named by its name or id."""


@webhook.command()
@click.argument("address")
@click.option("--name", metavar="TEXT", help="What to call it; made up unless given.")
@click.option(
    "--type",
    "types",
    multiple=True,
    default=(EVERYTHING,),
    metavar="TYPE",
    help="Such as order.placed.v1 or order.*; may be given several times; all unless given.",
)
@click.option(
    "--from",
    "after",
    type=click.IntRange(0, MAX_POSITION),
    metavar="POSITION",
    help="Begin after this event; with what comes from now on unless given.",
)
@click.option("--allow-private", is_flag=True, help="The address may lie inside the own network.")
@key_option
@detail_format_option
@with_new_shop
def add(
    shop: OrderCore,
    address: str,
    name: str | None,
    types: tuple[str, ...],
    after: int | None,
    allow_private: bool,
    key: str | None,
    format_: str | None,
) -> None:
    """Have events sent to an address: https://... for a webhook; redis://, amqp://, sqs:// for a broker."""
    command = AddSubscription(address=address, name=name, types=types, after=after, allows_private=allow_private)
    print_one(rendering.secret(shop.subscriptions.add(command, idempotency_key=key)), format_)


@webhook.command("list")
@page_options
@format_option
@with_shop
def list_(shop: OrderCore, limit: int, after: str | None, format_: str | None) -> None:
    """List webhooks, brokers and handlers, without their secrets."""
    found = shop.subscriptions.list(page(limit, after))
    print_page([rendering.subscription(each) for each in found.data], found.next, format_, SUBSCRIPTION_COLUMNS)


@webhook.command()
@argument
@detail_format_option
@with_shop
def test(shop: OrderCore, webhook_: str, format_: str | None) -> None:
    """Send a subscription.tested.v1 now, and say what came back; exit with 1 where it was not taken."""
    said = shop.subscriptions.test(subscription_id(shop, webhook_))
    print_one(rendering.delivery_answer(said), format_)
    if said.kind != "delivered":
        say("It was not taken.")
        raise click.exceptions.Exit(Exit.CHECK_FAILED)


@webhook.command()
@argument
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, LONGEST_OVERLAP_HOURS),
    default=24,
    show_default=True,
    metavar="HOURS",
    help="How long the secret before signs beside the new one.",
)
@change_options
@detail_format_option
@with_shop
def rotate(
    shop: OrderCore,
    webhook_: str,
    overlap_hours: int,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
) -> None:
    """Make a new secret."""
    command = RotateSecret(
        subscription_id=subscription_id(shop, webhook_),
        overlap_hours=overlap_hours,
        reason=reason,
        expected_version=expected_version,
    )
    print_one(rendering.secret(shop.subscriptions.rotate_secret(command, idempotency_key=key)), format_)


@webhook.command()
@argument
@change_options
@detail_format_option
@with_shop
def pause(
    shop: OrderCore,
    webhook_: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
) -> None:
    """Deliver nothing until it is resumed; nothing is lost."""
    id = subscription_id(shop, webhook_)
    command = PauseSubscription(subscription_id=id, reason=reason, expected_version=expected_version)
    print_one(rendering.subscription(shop.subscriptions.pause(command, idempotency_key=key)), format_)


@webhook.command()
@argument
@change_options
@detail_format_option
@with_shop
def resume(
    shop: OrderCore,
    webhook_: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
) -> None:
    """Go on delivering where it stopped."""
    id = subscription_id(shop, webhook_)
    command = ResumeSubscription(subscription_id=id, reason=reason, expected_version=expected_version)
    print_one(rendering.subscription(shop.subscriptions.resume(command, idempotency_key=key)), format_)


@webhook.command()
@argument
@change_options
@yes_option
@detail_format_option
@with_shop
def remove(
    shop: OrderCore,
    webhook_: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    yes: bool,
    format_: str | None,
) -> None:
    """Deliver nothing any more, and forget its address and secrets."""
    id = subscription_id(shop, webhook_)
    confirm(f"Remove {webhook_}?", yes=yes)
    command = RemoveSubscription(subscription_id=id, reason=reason, expected_version=expected_version)
    print_one(rendering.subscription(shop.subscriptions.remove(command, idempotency_key=key)), format_)


@webhook.command()
@argument
@page_options
@format_option
@with_shop
def deliveries(shop: OrderCore, webhook_: str, limit: int, after: str | None, format_: str | None) -> None:
    """List every try at delivering, the latest first."""
    found = shop.deliveries.list(subscription_id(shop, webhook_), page(limit, after))
    print_page([rendering.delivery(each) for each in found.data], found.next, format_, DELIVERY_COLUMNS)
