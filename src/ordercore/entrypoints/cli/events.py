"""The commands for events."""

from __future__ import annotations

from uuid import UUID

import click

from ordercore import EventRow, OrderCore, PageRequest
from ordercore.application.deliveries import GiveUpEvent, RetryDeadLetter
from ordercore.application.subscriptions import ReplayEvents
from ordercore.domain.aggregates import streams
from ordercore.domain.limits import MAX_PAGE, MAX_POSITION
from ordercore.entrypoints.cli.exits import Exit, Refusal
from ordercore.entrypoints.cli.options import confirm, key_option, page, page_options, reason_option, yes_option
from ordercore.entrypoints.cli.output import (
    as_line,
    cell,
    detail_format_option,
    flattened,
    format_option,
    is_json,
    print_one,
    print_page,
)
from ordercore.entrypoints.cli.records import DEAD_LETTER_COLUMNS, EVENT_COLUMNS
from ordercore.entrypoints.cli.session import as_uuid, id_of, subscription_id, with_shop
from ordercore.entrypoints.cli.signals import until_told_to_stop
from ordercore.entrypoints.http import rendering, rendering_events

PAUSE_SECONDS = 0.5

position_type = click.IntRange(0, MAX_POSITION)
type_option = click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    help="Such as order.placed.v1 or order.*; may be given several times.",
)


@click.group(short_help="Events: everything that happened, and who was not told.")
def event() -> None:
    """Events: everything that happened, by position, and who was not told."""


@event.command("list")
@click.option("--stream", type=click.Choice(streams()), help="Only events of this kind of thing.")
@type_option
@page_options
@format_option
@with_shop
def list_(
    shop: OrderCore, stream: str | None, types: tuple[str, ...], limit: int, after: str | None, format_: str | None
) -> None:
    """List events by position, which is also the cursor."""
    found = shop.events(stream, page(limit, after), types=types)
    print_page([rendering.event(each) for each in found.data], found.next, format_, EVENT_COLUMNS)


@event.command()
@click.option("--from", "start", type=position_type, metavar="POSITION", help="Begin after this one; now unless given.")
@type_option
@click.option("--count", type=click.IntRange(1), metavar="N", help="Stop after so many; ctrl-C stops it too.")
@format_option
@with_shop
def tail(shop: OrderCore, start: int | None, types: tuple[str, ...], count: int | None, format_: str | None) -> None:
    """Print events as they come, a line each."""
    position = shop.last_position() if start is None else start
    left = count
    with until_told_to_stop() as stop:
        while not stop.is_set() and left != 0:
            limit = MAX_PAGE if left is None else min(left, MAX_PAGE)
            found = shop.events(None, PageRequest(limit=limit, after=str(position)), types=types).data
            for each in found:
                click.echo(_line(each, as_json=is_json(format_)), nl=False)
                position = each.position or position
            left = None if left is None else left - len(found)
            if not found:
                stop.wait(PAUSE_SECONDS)


@event.command()
@click.argument("subscription")
@click.option(
    "--from", "start", type=position_type, required=True, metavar="POSITION", help="Everything after this one."
)
@reason_option
@key_option
@yes_option
@detail_format_option
@with_shop
def replay(
    shop: OrderCore,
    subscription: str,
    start: int,
    reason: str | None,
    key: str | None,
    yes: bool,
    format_: str | None,
) -> None:
    """Deliver everything after a position once more to a subscription, named by name or id."""
    command = ReplayEvents(subscription_id=subscription_id(shop, subscription), after=start, reason=reason)
    confirm(f"Deliver everything after {start} to {subscription} once more?", yes=yes)
    replayed = shop.subscriptions.replay(command, idempotency_key=key)
    print_one(rendering_events.subscription(replayed), format_)


@event.group("dead-letters", short_help="Events that a subscriber was not told.")
def dead_letters() -> None:
    """Events that a subscriber was not told: find them, try them again, give one up."""


@dead_letters.command("list")
@click.option("--subscription", metavar="NAME", help="Only those of this one, by name or id.")
@page_options
@format_option
@with_shop
def list_dead_letters(
    shop: OrderCore, subscription: str | None, limit: int, after: str | None, format_: str | None
) -> None:
    """List dead letters, the latest first."""
    id = None if subscription is None else subscription_id(shop, subscription)
    found = shop.deliveries.dead_letters(id, page(limit, after))
    print_page([rendering_events.dead_letter(each) for each in found.data], found.next, format_, DEAD_LETTER_COLUMNS)


@dead_letters.command()
@click.argument("subscription")
@click.argument("letter")
@detail_format_option
@with_shop
def retry(shop: OrderCore, subscription: str, letter: str, format_: str | None) -> None:
    """Deliver a dead letter after all: late, alone, under its old number."""
    command = RetryDeadLetter(
        subscription_id=subscription_id(shop, subscription), dead_letter_id=id_of("dead letter", letter)
    )
    print_one(rendering_events.dead_letter(shop.deliveries.retry(command)), format_)


@dead_letters.command("give-up")
@click.argument("subscription")
@click.argument("event_", metavar="EVENT")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the dead letter.")
@yes_option
@detail_format_option
@with_shop
def give_up(shop: OrderCore, subscription: str, event_: str, reason: str, yes: bool, format_: str | None) -> None:
    """Give up the event that holds up its stream, named as order/ID/NUMBER, so that the stream flows on."""
    stream, stream_id, number = _named(event_)
    command = GiveUpEvent(
        subscription_id=subscription_id(shop, subscription),
        stream=stream,
        stream_id=stream_id,
        number=number,
        reason=reason,
    )
    confirm(f"Have {subscription} not told of {event_}?", yes=yes)
    print_one(rendering_events.dead_letter(shop.deliveries.give_up(command)), format_)


def _named(name: str) -> tuple[str, UUID, int]:
    """An event by its name: stream, id, number.

    Raises:
        Refusal: it is none.
    """
    stream, _, rest = name.partition("/")
    id, _, number = rest.partition("/")
    stream_id = as_uuid(id)
    if stream_id is None or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refusal(f"{name} names no event: give it as order/ID/NUMBER", Exit.MALFORMED)
    return stream, stream_id, int(number)


def _line(row: EventRow, *, as_json: bool) -> str:
    record = rendering.event(row)
    if as_json:
        return as_line(record)
    flat = flattened(record)
    return "  ".join(cell(flat[name]) for name in EVENT_COLUMNS) + "\n"
