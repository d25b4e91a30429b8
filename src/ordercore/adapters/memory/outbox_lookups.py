"""The only place that reads subscriptions in the memory store, and says that it lets no events out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from ordercore.adapters.memory.state import State
from ordercore.domain.errors import StoreUnavailable
from ordercore.domain.lifecycles import SubscriptionStatus
from ordercore.domain.subscription import Subscription
from ordercore.ports.outbox import Backlog, Lease
from ordercore.ports.pages import EventRow


class MemoryOutboxLookups:
    """Subscriptions by id; the way out itself is SQL only."""

    def __init__(self, state: State) -> None:
        self._state = state

    def subscriptions(self, ids: Iterable[UUID]) -> Mapping[UUID, Subscription]:
        return {id: self._state.subscriptions[id] for id in ids if id in self._state.subscriptions}

    def subscription_named(self, name: str) -> UUID | None:
        return self._state.subscription_names.get(name)

    def active_subscriptions(self) -> Sequence[Subscription]:
        active = (each for each in self._state.subscriptions.values() if each.status is SubscriptionStatus.ACTIVE)
        return sorted(active, key=lambda each: each.id)

    def lagging(self) -> Sequence[UUID]:
        raise no_way_out()

    def due(self) -> Sequence[UUID]:
        raise no_way_out()

    def last_position(self) -> int:
        raise no_way_out()

    def has_unpositioned(self) -> bool:
        raise no_way_out()

    def events_between(self, stream: str, stream_id: UUID, first: int, last: int) -> Sequence[EventRow]:
        return [row for row in self._state.events.get((stream, stream_id), ()) if first <= row.number <= last]

    def leases(self) -> Sequence[Lease]:
        raise no_way_out()

    def backlog(self) -> Backlog:
        raise no_way_out()


def no_way_out() -> StoreUnavailable:
    """Why the memory store refuses."""
    return StoreUnavailable(reason="the memory store lets no events out; use in_memory()")
