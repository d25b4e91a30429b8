"""The only place for the memory store: transactions over dicts, for unit tests and for writers of plug-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import Lock, get_ident
from uuid import UUID

from attrs import frozen

from ordercore.adapters.lock_order import LockOrder
from ordercore.adapters.memory.collections import (
    MemoryAdmins,
    MemoryCollection,
    MemoryCustomers,
    MemoryImports,
    MemoryOrders,
    MemoryProducts,
    MemoryRequests,
)
from ordercore.adapters.memory.lookups import MemoryLookups
from ordercore.adapters.memory.outbox_lookups import no_way_out
from ordercore.adapters.memory.state import State
from ordercore.adapters.memory.subscriptions import MemorySubscriptions
from ordercore.domain.admin import STORE_ADMIN, AdminRole, AdminUser
from ordercore.domain.errors import StoreUnavailable
from ordercore.domain.payment import LedgerEntry
from ordercore.domain.product import Movement
from ordercore.ports.outbox import Leases, Outbox
from ordercore.ports.queries import Lookups, Queries
from ordercore.ports.store import UnitOfWork


class NestedTransaction(AssertionError):
    """A thread that is writing begins to write: a bug, never an outcome."""


@frozen(kw_only=True)
class Books:
    """What no lookup shows, for tests that audit: every movement by product, every ledger entry by payment."""

    movements: Mapping[UUID, tuple[Movement, ...]]
    ledger: Mapping[UUID, tuple[LedgerEntry, ...]]


class MemoryUnitOfWork:
    """One writing transaction on a state of its own."""

    def __init__(self, state: State, now: datetime) -> None:
        locks = LockOrder()
        self.state = state
        self.now = now
        self.requests = MemoryRequests(state, locks, now)
        self.customers = MemoryCustomers(state, locks)
        self.orders = MemoryOrders(state, locks, now)
        self.products = MemoryProducts(state, locks)
        self.shipments = MemoryCollection(state, state.shipments, "shipments", locks)
        self.admins = MemoryAdmins(state, locks)
        self.tokens = MemoryCollection(state, state.tokens, "tokens", locks)
        self.work_items = MemoryCollection(state, state.work_items, "work_items", locks)
        self.imports = MemoryImports(state)
        self.subscriptions = MemorySubscriptions(state, locks)

    @property
    def outbox(self) -> Outbox:
        """There is none.

        Raises:
            StoreUnavailable: always.
        """
        raise no_way_out()

    @property
    def leases(self) -> Leases:
        """There are none.

        Raises:
            StoreUnavailable: always.
        """
        raise no_way_out()


class MemoryStore:
    """Everything in dicts: one writer at a time, any number of readers, nothing survives the process.

    `now` is what a database's clock would be.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._writing = Lock()
        self._writer: int | None = None
        self._is_closed = False
        self._state = State()
        own = AdminUser(id=STORE_ADMIN, username="shop", role=AdminRole.OWNER, added_at=now())
        self._state.admins[own.id] = own
        self._state.usernames[own.username] = own.id

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        self._refuse_closed()
        if self._writer == get_ident():
            raise NestedTransaction("this thread is inside a unit of work already")
        with self._writing:
            self._writer = get_ident()
            try:
                work = MemoryUnitOfWork(self._state.copied(), self._now())
                yield work
                work.orders.check_foreign_keys()
                self._state = work.state
            finally:
                self._writer = None

    @contextmanager
    def reading(self) -> Iterator[Lookups]:
        self._refuse_closed()
        yield MemoryLookups(self._state, self._now())

    def listing(self) -> AbstractContextManager[Queries]:
        raise StoreUnavailable(reason="the memory store lists nothing; use in_memory()")

    def books(self) -> Books:
        """What no lookup shows, as it is now."""
        return Books(movements=self._state.movements, ledger=self._state.ledger)

    def close(self) -> None:
        """Nothing to give back."""
        self._is_closed = True

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise StoreUnavailable(reason="the shop was closed")
