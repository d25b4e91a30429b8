"""The only place for what the core asks of a store: transactions in three phases, and snapshots.

A unit of work goes through three phases, in this order. Claim: contested unique names are taken. Hold: every aggregate
that may change is locked and read, one statement a kind, in the order customers, orders, products, everything else,
each by ascending id. Write: what was saved is sent at the very end, one statement a table and kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from attrs import frozen

from ordercore.domain.admin import AdminUser, ApiToken
from ordercore.domain.customer import Customer
from ordercore.domain.order import Order
from ordercore.domain.product import Product
from ordercore.domain.product_import import ProductImport
from ordercore.domain.shipment import Shipment
from ordercore.domain.work_item import WorkItem
from ordercore.ports.outbox import Leases, Outbox, Subscriptions
from ordercore.ports.queries import Lookups, Queries

A = TypeVar("A")


@frozen(kw_only=True)
class RequestClaim:
    """An idempotency key of one actor, what it was used for, and what the request asked (a keyed digest).

    `resource_id` is the id of what the request makes or changes; `outcome` is None while more is to come after this
    transaction, and "done" where it is all.
    """

    actor_id: UUID
    key: str
    operation: str
    fingerprint: bytes
    resource_id: UUID
    outcome: str | None = None


@frozen(kw_only=True)
class StoredRequest:
    """A claim that was made before. Its `outcome` is None while it runs, else "done" or the code of its refusal."""

    claim: RequestClaim
    claimed_at: datetime


class Requests(Protocol):
    """Idempotency keys."""

    def claim(self, claims: Sequence[RequestClaim]) -> Mapping[tuple[UUID, str], StoredRequest]:
        """Take these (actor, key) pairs, each named once; answers those that somebody already had."""

    def finish(self, operation: str, outcomes: Mapping[UUID, str]) -> None:
        """Stage the outcome of unfinished requests of that operation, by the id of their resource."""

    def release(self, claims: Iterable[RequestClaim]) -> None:
        """Stage that these claims of this unit of work never happened: their refusal had no effect."""

    def delete_finished(self, before: datetime, limit: int) -> int:
        """Delete up to that many requests whose outcome is older and that no attempt without answer is about."""


class Collection(Protocol[A]):
    """Aggregates of one kind, by id."""

    def hold(self, ids: Iterable[UUID]) -> Mapping[UUID, A]:
        """Lock and read in ascending id, one statement; absent ids are absent."""

    def save(self, *changed: A) -> None:
        """Stage held or new aggregates with their facts; nothing is sent before the end."""


class Customers(Collection[Customer], Protocol):
    """Customers."""

    def read(self, ids: Iterable[UUID]) -> Mapping[UUID, Customer]:
        """Read without locking: for copies of what does not change here."""

    def claim_guests(self, guests: Sequence[Customer]) -> Mapping[str, UUID]:
        """Claim phase: make guests whose normalised e-mail address no guest has; answers everybody's guest id by it.

        Each normalised address is named once.
        """

    def release(self, guest_ids: Iterable[UUID]) -> None:
        """Stage that these guests, claimed by this unit of work, were never made. Others are left alone."""


class Orders(Collection[Order], Protocol):
    """Orders with items, adjustments and payment."""

    def hold_free(self, ids: Iterable[UUID]) -> Mapping[UUID, Order]:
        """Hold those that nobody else holds at this moment: for work that can wait for the next round."""

    def renew(self, known: Iterable[Order]) -> Mapping[UUID, Order]:
        """Hold orders that were read before: locked, and read anew only where their version has moved on."""

    def next_numbers(self, count: int) -> Sequence[int]:
        """Unique and rising order numbers; gaps are allowed."""

    def claim_references(self, references: Mapping[tuple[UUID, str], UUID]) -> Mapping[tuple[UUID, str], UUID]:
        """Claim phase: take (placed_by, external reference) for order ids; answers the orders that had one before."""

    def release_references(self, references: Iterable[tuple[UUID, str]]) -> None:
        """Stage that these claims of this unit of work never happened."""

    def pass_on_references(self, references: Mapping[tuple[UUID, str], UUID]) -> None:
        """Stage that these claims of this unit of work are for other orders than they were made for."""

    def shipments_of(self, order_id: UUID) -> Sequence[UUID]:
        """The ids of a held order's shipments, oldest first."""

    def expired(self, limit: int, *, unanswered_before: datetime) -> Sequence[UUID]:
        """Pending orders beyond their expiry; where an answer is outstanding, beyond it by then. Unlocked candidates.

        An attempt that waits for the customer (`action_required`) is no answer outstanding.
        """

    def managed_by_inactive(self, limit: int) -> Sequence[UUID]:
        """Open orders whose admin user is inactive; unlocked candidates."""


class Products(Collection[Product], Protocol):
    """Products with their stock levels; a product's lock is that of its stock. Read after the lock is held."""

    def ids_of(self, skus: Iterable[str]) -> Mapping[str, UUID]:
        """Ids by sku (a product's sku never changes); unlocked."""

    def claim_skus(self, products: Sequence[Product]) -> Mapping[str, UUID]:
        """Claim phase: make products whose sku is free; answers the ids of those whose sku was taken, by sku.

        Each sku is named once. A product made here needs no `save`.
        """


class Admins(Collection[AdminUser], Protocol):
    """Admin users."""

    def managers(self) -> Sequence[UUID]:
        """Who takes part in the assignment: the active ones by id; the store's own only while nobody else is."""

    def claim_usernames(self, admins: Sequence[AdminUser]) -> Mapping[str, UUID]:
        """Claim phase: make admin users whose name is free; answers the ids of taken ones, by username.

        A name is taken in every case: `Anna`, from before names were kept in lower case, takes `anna` too.
        """


class Imports(Protocol):
    """Imports of products: nothing to hold or to read by id, only the stream of each."""

    def save(self, *ended: ProductImport) -> None:
        """Stage their summaries; each import is saved once, when it has ended."""


class UnitOfWork(Protocol):
    """One writing transaction: leaving its block commits, raising rolls back."""

    @property
    def now(self) -> datetime:
        """The database's clock, read once: leases, expiry and key age compare with it."""

    @property
    def requests(self) -> Requests: ...

    @property
    def customers(self) -> Customers: ...

    @property
    def orders(self) -> Orders: ...

    @property
    def products(self) -> Products: ...

    @property
    def shipments(self) -> Collection[Shipment]: ...

    @property
    def admins(self) -> Admins: ...

    @property
    def tokens(self) -> Collection[ApiToken]: ...

    @property
    def work_items(self) -> Collection[WorkItem]: ...

    @property
    def imports(self) -> Imports: ...

    @property
    def subscriptions(self) -> Subscriptions: ...

    @property
    def outbox(self) -> Outbox:
        """SQL only, as are the leases: the memory store refuses with StoreUnavailable."""

    @property
    def leases(self) -> Leases: ...


class Store(Protocol):
    """Where everything is kept."""

    def begin(self) -> AbstractContextManager[UnitOfWork]:
        """A writing transaction; no nesting."""

    def reading(self) -> AbstractContextManager[Lookups]:
        """A snapshot: waits for no writer, locks nothing."""

    def listing(self) -> AbstractContextManager[Queries]:
        """A snapshot that can list and search; SQL only (the memory store refuses with StoreUnavailable)."""

    def close(self) -> None:
        """Give connections and files back. Who begins or reads afterwards gets StoreUnavailable."""
