"""The only place that hands positioned events on to subscriptions and has them delivered, each stream in its order.

Three steps, each safe to cut: hand on (cursor and lanes move in one transaction), claim (a lane is somebody's for a
while), record (what came of it, where the claim still holds). Between claim and record the subscriber is told, outside
any transaction. A cut after the telling tells once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import evolve, frozen

from ordercore.application.core import Core
from ordercore.application.requests import run_one
from ordercore.domain.actor import SYSTEM
from ordercore.domain.errors import OrderCoreError
from ordercore.domain.lifecycles import SubscriptionStatus
from ordercore.domain.subscription import Subscription
from ordercore.ports.commits import Change
from ordercore.ports.outbox import Claimed, DeadLetter, Delivery, EventKey, Recording
from ordercore.ports.pages import EventRow
from ordercore.ports.publisher import DeliveryAnswer, DeliveryKind, Envelope, Publisher, Target
from ordercore.ports.store import UnitOfWork

BATCH = 500
"""Events that one subscription is handed in one transaction."""

LANES_AT_ONCE = 32
EVENTS_A_LANE = 16
"""So much is claimed at once: the rest of a long stream waits for its next turn."""

LONGEST_DETAIL = 500

LASTING_DEADLINES = 6
"""A lane is ours for so many deadlines of its publisher. No delivery begins in the last two of them."""


@frozen(kw_only=True)
class HandOn:
    """A subscription whose events are to be handed on. Its types are read again inside the transaction."""

    subscription_id: UUID


@frozen(kw_only=True)
class Claim:
    """A subscription's due lanes, for that long."""

    subscription_id: UUID
    token: UUID
    lasting: timedelta


@frozen(kw_only=True)
class Turn:
    """A claimed lane; no delivery begins in it after `over`."""

    claimed: Claimed
    over: datetime


@frozen(kw_only=True)
class Outcome:
    """What came of some lanes, in events."""

    delivered: int = 0
    put_off: int = 0
    buried: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            delivered=self.delivered + other.delivered,
            put_off=self.put_off + other.put_off,
            buried=self.buried + other.buried,
        )


def hand_on(core: Core, subscription_id: UUID) -> int:
    """One batch of events for one subscription; how many its cursor passed."""
    return run_one(core, HAND_ON, HandOn(subscription_id=subscription_id))


def claim(core: Core, subscription: Subscription, publisher: Publisher) -> Sequence[Turn]:
    """Due lanes of one subscription, ours for a while. Nothing is claimed where it is no longer active."""
    lasting = publisher.deadline * LASTING_DEADLINES
    over = core.clock.now() + publisher.deadline * (LASTING_DEADLINES - 2)
    request = Claim(subscription_id=subscription.id, token=core.ids.new(), lasting=lasting)
    return [Turn(claimed=each, over=over) for each in run_one(core, CLAIM, request)]


def deliver(core: Core, subscription: Subscription, turn: Turn, publisher: Publisher) -> Recording:
    """Tell the subscriber of the lane's next events, until one fails or our time is over. Outside any transaction."""
    claimed = turn.claimed
    with core.store.reading() as lookups:
        last = min(claimed.last_number, claimed.next_number + EVENTS_A_LANE - 1)
        lane, first = claimed.lane, claimed.next_number
        events = lookups.events_between(lane.stream, lane.stream_id, first, last)
        target = target_of(subscription, lookups.now)
    recording = Recording(claimed=claimed, next_number=claimed.next_number, tries=claimed.tries)
    for event in events:
        if not subscription.wants(event.type):
            recording = evolve(recording, next_number=event.number + 1, tries=0)
            continue
        if core.clock.now() > turn.over:
            break
        answer = publish(publisher, target, envelope_of(event))
        recording = _noted(core, recording, event, answer)
        if answer.kind is not DeliveryKind.DELIVERED:
            break
    return recording


def publish(publisher: Publisher, target: Target, envelope: Envelope) -> DeliveryAnswer:
    """What the subscriber said. A publisher that raises breaks its promise, and costs its own lane a pause at most."""
    try:
        answer = publisher.publish(target, envelope)
    except Exception as failure:
        return DeliveryAnswer(kind=DeliveryKind.RETRY, detail=f"the publisher raised {type(failure).__name__}")
    return evolve(answer, detail=_storable(answer.detail))


def record(core: Core, recordings: Sequence[Recording]) -> Outcome:
    """Write what came of some lanes; nothing where somebody else has a lane by now."""
    written = core.commits.run(RECORD, recordings)
    held = (each for each, is_ours in zip(recordings, written, strict=True) if is_ours is True)
    return sum(map(_outcome_of, held), Outcome())


def _outcome_of(recording: Recording) -> Outcome:
    told = sum(each.answer is DeliveryKind.DELIVERED for each in recording.deliveries)
    return Outcome(
        delivered=told,
        put_off=len(recording.deliveries) - told - (recording.dead_letter is not None),
        buried=int(recording.dead_letter is not None),
    )


def target_of(subscription: Subscription, now: datetime) -> Target:
    """Where a subscription's events go, signed with the secrets that are valid at that time."""
    return Target(
        subscription_id=subscription.id,
        kind=subscription.kind,
        address=subscription.address,
        secrets=subscription.signing(now),
        allows_private=subscription.allows_private,
    )


def envelope_of(event: EventRow) -> Envelope:
    """A stored event on its way out."""
    return Envelope(
        type=event.type,
        stream=event.stream,
        stream_id=event.stream_id,
        number=event.number,
        position=event.position or 0,
        occurred_at=event.occurred_at,
        payload=event.payload,
    )


def _noted(core: Core, recording: Recording, event: EventRow, answer: DeliveryAnswer) -> Recording:
    """The recording with this answer: on to the next event, or to a pause, or to a dead letter and the next event."""
    delivery = Delivery(
        id=core.ids.new(),
        subscription_id=recording.claimed.lane.subscription_id,
        event=EventKey(event.stream, event.stream_id, event.number),
        type=event.type,
        position=event.position or 0,
        at=core.clock.now(),
        answer=answer.kind,
        status=answer.status,
        detail=answer.detail,
        number_of_try=recording.tries + 1,
    )
    noted = evolve(recording, deliveries=(*recording.deliveries, delivery))
    if answer.kind is DeliveryKind.DELIVERED:
        return evolve(noted, next_number=event.number + 1, tries=0)
    pause = _pause_after(core, delivery, answer)
    if pause is None:
        letter = _letter(core, delivery)
        return evolve(noted, next_number=event.number + 1, tries=0, dead_letter=letter)
    return evolve(noted, next_number=event.number, tries=delivery.number_of_try, pause=pause)


def _pause_after(core: Core, delivery: Delivery, answer: DeliveryAnswer) -> timedelta | None:
    """How long to wait before the next try; None where there is none."""
    if answer.kind is DeliveryKind.REFUSED:
        return None
    event = delivery.event
    name = f"{delivery.subscription_id}/{event.stream}/{event.stream_id}/{event.number}"
    return core.settings.patience.pause_after(delivery.number_of_try, of=name, asked=answer.retry_after)


def _storable(detail: str) -> str:
    """Short, and without what no database takes."""
    return "".join(each if each.isprintable() else " " for each in detail[:LONGEST_DETAIL])


def _letter(core: Core, delivery: Delivery) -> DeadLetter:
    return DeadLetter(
        id=core.ids.new(),
        subscription_id=delivery.subscription_id,
        event=delivery.event,
        type=delivery.type,
        position=delivery.position,
        reason=delivery.detail or delivery.answer.value,
        tries=delivery.number_of_try,
        buried_at=delivery.at,
        buried_by=SYSTEM.id,
    )


def _hand_on(work: UnitOfWork, commands: Sequence[HandOn]) -> Sequence[int | OrderCoreError]:
    (command,) = commands
    id = command.subscription_id
    subscription = work.subscriptions.hold((id,)).get(id)
    cursor = work.outbox.hold_cursor(id) if _is_active(subscription) else None
    if subscription is None or cursor is None:
        return [0]
    events = work.outbox.events_after(cursor, BATCH)
    if events:
        work.outbox.hand_on(id, [each.key for each in events if subscription.wants(each.type)])
        work.outbox.set_cursor(id, events[-1].position)
    return [len(events)]


def _is_active(subscription: Subscription | None) -> bool:
    return subscription is not None and subscription.status is SubscriptionStatus.ACTIVE


def _claim(work: UnitOfWork, commands: Sequence[Claim]) -> Sequence[Sequence[Claimed] | OrderCoreError]:
    (command,) = commands
    id = command.subscription_id
    if not _is_active(work.subscriptions.hold((id,)).get(id)):
        return [[]]
    return [work.outbox.claim(id, token=command.token, lasting=command.lasting, limit=LANES_AT_ONCE)]


def _record(work: UnitOfWork, recordings: Sequence[Recording]) -> Sequence[bool | OrderCoreError]:
    """Several at once, in the order of their lanes."""
    turns = sorted(range(len(recordings)), key=lambda index: recordings[index].claimed.lane)
    written = {index: work.outbox.record(recordings[index]) for index in turns}
    return [written[index] for index in range(len(recordings))]


HAND_ON: Change[HandOn, int] = Change("hand_on_events", _hand_on, largest_group=1)
CLAIM: Change[Claim, Sequence[Claimed]] = Change("claim_lanes", _claim, largest_group=1)
RECORD: Change[Recording, bool] = Change("record_deliveries", _record, largest_group=64)
