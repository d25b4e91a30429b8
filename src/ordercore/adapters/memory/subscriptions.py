"""The only place that changes subscriptions in the memory store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from ordercore.adapters.lock_order import LockOrder
from ordercore.adapters.memory.collections import MemoryCollection
from ordercore.adapters.memory.lookups import among
from ordercore.adapters.memory.state import State, take
from ordercore.domain.subscription import Subscription


class MemorySubscriptions(MemoryCollection[Subscription]):
    """Subscriptions; names are unique."""

    def __init__(self, state: State, locks: LockOrder) -> None:
        super().__init__(state, state.subscriptions, "subscriptions", locks)

    def claim_names(self, subscriptions: Sequence[Subscription]) -> Mapping[str, UUID]:
        by_name = {each.name: each for each in subscriptions}
        self._locks.note("subscription_names", by_name)
        taken = among(self._state.subscription_names, by_name)
        self.save(*(each for name, each in by_name.items() if name not in taken))
        return taken

    def _write(self, after: Subscription, before: Subscription | None) -> None:
        if before is not None and before.name != after.name:
            del self._state.subscription_names[before.name]
        take(self._state.subscription_names, after.name, after.id)
        super()._write(after, before)
