"""The only place for how stored events find their way out: positions, cursors, deliveries, dead letters, leases.

Every event lies in the stream of its aggregate, written with its change. A *position* is given later, once it is
committed. A *cursor* says up to which position a subscription's events were handed to its *lanes*; a lane is what one
subscription still has to be told of one stream, in order. A lane exists only while there is something to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from attrs import frozen

from ordercore.domain.subscription import Subscription
from ordercore.ports.pages import EventRow, Page, PageRequest
from ordercore.ports.publisher import DeliveryKind


@frozen(order=True)
class EventKey:
    """An event by its place in its stream."""

    stream: str
    stream_id: UUID
    number: int


@frozen(kw_only=True)
class PlacedEvent:
    """An event by its position."""

    key: EventKey
    type: str
    position: int


@frozen(order=True)
class Lane:
    """What one subscription is told of one stream. `again` is 0; for a dead letter that is tried again, its number."""

    subscription_id: UUID
    stream: str
    stream_id: UUID
    again: int = 0


@frozen(kw_only=True)
class Claimed:
    """A lane that is ours while the token holds: the numbers still to be told, and how often the first one failed."""

    lane: Lane
    token: UUID
    next_number: int
    last_number: int
    tries: int


class DeadLetterStatus(StrEnum):
    """What became of an event that was given up."""

    DEAD = "dead"
    RETRYING = "retrying"
    DELIVERED = "delivered"


@frozen(kw_only=True)
class DeadLetter:
    """An event that a subscriber was not told: the receiver sees a gap in the stream's numbers."""

    id: UUID
    subscription_id: UUID
    event: EventKey
    type: str
    position: int
    reason: str
    tries: int
    buried_at: datetime
    buried_by: UUID
    status: DeadLetterStatus = DeadLetterStatus.DEAD


@frozen(kw_only=True)
class Delivery:
    """One try at telling a subscriber of an event, as the delivery log keeps it. `number_of_try` counts from 1."""

    id: UUID
    subscription_id: UUID
    event: EventKey
    type: str
    position: int
    at: datetime
    answer: DeliveryKind
    status: int | None
    detail: str
    number_of_try: int


@frozen(kw_only=True)
class Recording:
    """What came of a claimed lane: it goes on at `next_number`, not before `pause` has passed.

    `tries` are the failed ones at that number.
    """

    claimed: Claimed
    next_number: int
    tries: int = 0
    pause: timedelta = timedelta()
    deliveries: tuple[Delivery, ...] = ()
    dead_letter: DeadLetter | None = None


@frozen(kw_only=True)
class Lease:
    """A task of the worker: who does it until when, and when it was done last. `holder` is None while nobody does."""

    name: str
    holder: str | None
    until: datetime | None
    ran_at: datetime | None


@frozen(kw_only=True)
class Backlog:
    """What waits to be told. Counts stop at `MOST_COUNTED`."""

    unpositioned: int
    oldest_unpositioned: datetime | None
    waiting: int
    failing: int
    dead_letters: int


MOST_COUNTED = 10_000


class Leases(Protocol):
    """Who does which task of the worker, by the database's clock."""

    def take(self, name: str, *, holder: str, token: UUID, lasting: timedelta) -> bool:
        """Take a lease that is free, or over, or already this token's; whether it is ours now."""

    def holds(self, name: str, token: UUID) -> bool:
        """Whether the token still holds the lease; if so nobody takes it before this transaction ends."""

    def give_back(self, name: str, token: UUID) -> None:
        """The task is done for now; a lease that was lost meanwhile stays another's."""


class Subscriptions(Protocol):
    """Subscriptions, by id; a name is claimed before it is another's."""

    def hold(self, ids: Iterable[UUID]) -> Mapping[UUID, Subscription]:
        """Lock and read in ascending id, one statement; absent ids are absent."""

    def save(self, *changed: Subscription) -> None:
        """Stage held or new subscriptions with their facts; nothing is sent before the end."""

    def claim_names(self, subscriptions: Sequence[Subscription]) -> Mapping[str, UUID]:
        """Claim phase: make those whose name is free; answers the ids of the taken ones, by name."""


class Outbox(Protocol):
    """The way out, inside one unit of work. What it writes is sent at once, after what is held."""

    def unpositioned(self, limit: int) -> Sequence[EventKey]:
        """Committed events without a position, about oldest first, each stream's by number without leaving one out."""

    def give_positions(self, keys: Sequence[EventKey]) -> None:
        """Positions that rise in this order, above all that were given. One transaction at a time does this."""

    def last_position(self) -> int:
        """The highest position that was given; 0 where there is none."""

    def set_cursor(self, subscription_id: UUID, position: int) -> None:
        """Events after that position are to be handed on, whatever was before."""

    def rewind(self, subscription_id: UUID, position: int) -> None:
        """Events after that position are to be handed on once more; never forward, which would leave some out."""

    def hold_cursor(self, subscription_id: UUID) -> int | None:
        """The cursor, ours until the end; None where another moves it right now, or there is none."""

    def events_after(self, position: int, limit: int) -> Sequence[PlacedEvent]:
        """The next events by position."""

    def hand_on(self, subscription_id: UUID, events: Iterable[EventKey]) -> None:
        """Open or lengthen the lanes of these events' streams; a lane that is further on goes back to them."""

    def claim(self, subscription_id: UUID, *, token: UUID, lasting: timedelta, limit: int) -> Sequence[Claimed]:
        """Lanes that are due and nobody's, the longest due first."""

    def record(self, recording: Recording) -> bool:
        """Write what came of a lane, and close it at its end; False, and nothing written, where the token is lost."""

    def forget(self, subscription_id: UUID) -> None:
        """No cursor and no lanes any more; dead letters and the log stay."""

    def waiting(self, lane: Lane) -> Claimed | None:
        """The lane as it is, taken from whoever works on it; None where nothing waits in it."""

    def dead_letter(self, id: UUID) -> DeadLetter | None:
        """A dead letter, held."""

    def try_again(self, letter: DeadLetter) -> DeadLetter:
        """Put a dead letter in a lane of its own; answers it as it is then."""

    def prune_log(self, before: datetime, limit: int) -> int:
        """Delete up to that many older entries of the delivery log; how many."""


class OutboxLookups(Protocol):
    """What a relay and its observers read."""

    def subscriptions(self, ids: Iterable[UUID]) -> Mapping[UUID, Subscription]: ...

    def subscription_named(self, name: str) -> UUID | None:
        """The subscription with that name."""

    def active_subscriptions(self) -> Sequence[Subscription]:
        """All that are active, by id."""

    def lagging(self) -> Sequence[UUID]:
        """Active subscriptions whose cursor is behind the last position."""

    def due(self) -> Sequence[UUID]:
        """Active subscriptions with a lane that is due."""

    def last_position(self) -> int:
        """The highest position that was given; 0 where there is none."""

    def has_unpositioned(self) -> bool:
        """Whether an event waits for its position."""

    def events_between(self, stream: str, stream_id: UUID, first: int, last: int) -> Sequence[EventRow]:
        """Events of one stream by number, both ends included."""

    def leases(self) -> Sequence[Lease]:
        """All tasks, by name."""

    def backlog(self) -> Backlog:
        """What waits."""


class OutboxQueries(Protocol):
    """Lists of the way out."""

    def subscription_page(self, page: PageRequest) -> Page[Subscription]:
        """Subscriptions that were not removed, by id."""

    def dead_letter_page(self, subscription_id: UUID | None, page: PageRequest) -> Page[DeadLetter]:
        """Dead letters, the latest first."""

    def delivery_page(self, subscription_id: UUID, page: PageRequest) -> Page[Delivery]:
        """The delivery log of one subscription, the latest first."""
