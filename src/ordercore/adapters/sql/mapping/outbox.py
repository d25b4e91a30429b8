"""The only place where lanes, dead letters, deliveries and leases become rows and rows become them."""

from __future__ import annotations

from uuid import UUID

from ordercore.adapters.sql.wire import Row, Wire
from ordercore.ports.outbox import Claimed, DeadLetter, DeadLetterStatus, Delivery, EventKey, Lane, Lease
from ordercore.ports.publisher import DeliveryKind

LANE = "subscription_id = ? AND stream = ? AND stream_id = ? AND again = ?"
"""What names a lane."""

LANE_COLUMNS = "stream, stream_id, again, next_number, last_number, tries"
LEASE_COLUMNS = "name, holder, until, ran_at"


def lane_key(wire: Wire, lane: Lane) -> Row:
    """The values of LANE."""
    return (wire.id(lane.subscription_id), lane.stream, wire.id(lane.stream_id), lane.again)


def claimed_of(wire: Wire, row: Row, subscription_id: UUID, token: UUID) -> Claimed:
    """A claimed lane from LANE_COLUMNS."""
    stream, stream_id, again, next_number, last_number, tries = row
    return Claimed(
        lane=Lane(subscription_id, stream, wire.to_id(stream_id), again),
        token=token,
        next_number=next_number,
        last_number=last_number,
        tries=tries,
    )


def letter_row(wire: Wire, letter: DeadLetter) -> Row:
    """A dead letter for its table."""
    return (
        wire.id(letter.id),
        wire.id(letter.subscription_id),
        letter.event.stream,
        wire.id(letter.event.stream_id),
        letter.event.number,
        letter.type,
        letter.position,
        letter.reason,
        letter.tries,
        wire.moment(letter.buried_at),
        wire.id(letter.buried_by),
        letter.status.value,
    )


def letter_of(wire: Wire, row: Row) -> DeadLetter:
    """A dead letter from its row."""
    (
        id,
        subscription_id,
        stream,
        stream_id,
        number,
        type_,
        position,
        reason,
        tries,
        buried_at,
        buried_by,
        status,
    ) = row
    return DeadLetter(
        id=wire.to_id(id),
        subscription_id=wire.to_id(subscription_id),
        event=EventKey(stream, wire.to_id(stream_id), number),
        type=type_,
        position=position,
        reason=reason,
        tries=tries,
        buried_at=wire.to_moment(buried_at),
        buried_by=wire.to_id(buried_by),
        status=DeadLetterStatus(status),
    )


def delivery_row(wire: Wire, delivery: Delivery) -> Row:
    """An entry of the delivery log for its table."""
    return (
        wire.id(delivery.id),
        wire.id(delivery.subscription_id),
        delivery.event.stream,
        wire.id(delivery.event.stream_id),
        delivery.event.number,
        delivery.type,
        delivery.position,
        wire.moment(delivery.at),
        delivery.answer.value,
        delivery.status,
        delivery.detail,
        delivery.number_of_try,
    )


def delivery_of(wire: Wire, row: Row) -> Delivery:
    """An entry of the delivery log from its row."""
    id, subscription_id, stream, stream_id, number, type_, position, at, answer, status, detail, number_of_try = row
    return Delivery(
        id=wire.to_id(id),
        subscription_id=wire.to_id(subscription_id),
        event=EventKey(stream, wire.to_id(stream_id), number),
        type=type_,
        position=position,
        at=wire.to_moment(at),
        answer=DeliveryKind(answer),
        status=status,
        detail=detail,
        number_of_try=number_of_try,
    )


def lease_of(wire: Wire, row: Row) -> Lease:
    """A lease from LEASE_COLUMNS."""
    name, holder, until, ran_at = row
    return Lease(
        name=name,
        holder=holder,
        until=None if until is None else wire.to_moment(until),
        ran_at=None if ran_at is None else wire.to_moment(ran_at),
    )
