"""The only place for changing the memory store: the collections of one unit of work, on a state of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from ordercore.adapters.lock_order import LockOrder
from ordercore.adapters.memory.lookups import among, shipment_ids
from ordercore.adapters.memory.state import (
    RequestRow,
    State,
    WriteRefused,
    check_levels,
    check_neighbours,
    check_quantities,
    check_sums,
    take,
)
from ordercore.domain.admin import STORE_ADMIN, AdminUser
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.customer import Customer, normalised_email
from ordercore.domain.lifecycles import OrderStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import AttemptStatus
from ordercore.domain.product import Product
from ordercore.domain.product_import import ProductImport
from ordercore.ports.store import RequestClaim, StoredRequest

A = TypeVar("A", bound=Aggregate)

_CLOSED = (OrderStatus.DELIVERED, OrderStatus.CANCELLED)


class MemoryCollection(Generic[A]):
    """Aggregates of one kind. What was saved here is what `hold` answers from then on."""

    def __init__(self, state: State, rows: dict[UUID, A], kind: str, locks: LockOrder) -> None:
        self._state = state
        self._rows = rows
        self._kind = kind
        self._locks = locks
        self._held: set[UUID] = set()

    def hold(self, ids: Iterable[UUID]) -> Mapping[UUID, A]:
        wanted = sorted(set(ids))
        self._locks.note(self._kind, wanted)
        self._held.update(wanted)
        return among(self._rows, wanted)

    def save(self, *changed: A) -> None:
        for each in changed:
            before = self._rows.get(each.id)
            if before is not None and each.id not in self._held:
                raise WriteRefused(f"{self._kind} {each.id} is changed without having been held")
            if each.event_count != (before.event_count if before else 0):
                raise WriteRefused(f"{self._kind} {each.id} is saved from a stale copy")
            self._write(each, before)

    def _write(self, after: A, before: A | None) -> None:  # noqa: ARG002 - what was before is for the kinds below
        self._state.append_events(after)
        self._rows[after.id] = after.written()

    def _unwrite(self, id: UUID) -> None:
        self._state.events.pop((self._rows[id].stream, id), None)
        del self._rows[id]


class MemoryCustomers(MemoryCollection[Customer]):
    """Customers; e-mail addresses are unique among guests."""

    def __init__(self, state: State, locks: LockOrder) -> None:
        super().__init__(state, state.customers, "customers", locks)
        self._claimed: set[UUID] = set()

    def read(self, ids: Iterable[UUID]) -> Mapping[UUID, Customer]:
        return among(self._rows, ids)

    def claim_guests(self, guests: Sequence[Customer]) -> Mapping[str, UUID]:
        by_email = _once({normalised_email(guest.contact.email): guest for guest in guests}, guests)
        self._locks.note("guests", by_email)
        for email, guest in by_email.items():
            if email not in self._state.guests:
                self.save(guest)
                self._claimed.add(guest.id)
        return among(self._state.guests, by_email)

    def release(self, guest_ids: Iterable[UUID]) -> None:
        for id in self._claimed.intersection(guest_ids):
            del self._state.guests[normalised_email(self._rows[id].contact.email)]
            self._unwrite(id)
            self._claimed.remove(id)

    def _write(self, after: Customer, before: Customer | None) -> None:
        if before is not None and before.is_guest:
            del self._state.guests[normalised_email(before.contact.email)]
        if after.is_guest:
            take(self._state.guests, normalised_email(after.contact.email), after.id)
        super()._write(after, before)


def awaits_answer(order: Order) -> bool:
    """Whether a provider's word is outstanding; the customer's does not count."""
    attempt = order.payment.open_attempt
    return attempt is not None and attempt.status is not AttemptStatus.ACTION_REQUIRED


class MemoryOrders(MemoryCollection[Order]):
    """Orders; numbers are unique, and external references for each actor."""

    def __init__(self, state: State, locks: LockOrder, now: datetime) -> None:
        super().__init__(state, state.orders, "orders", locks)
        self._now = now
        self._claimed: set[tuple[UUID, str]] = set()
        self._saved: set[UUID] = set()

    def hold_free(self, ids: Iterable[UUID]) -> Mapping[UUID, Order]:
        return self.hold(ids)

    def renew(self, known: Iterable[Order]) -> Mapping[UUID, Order]:
        return self.hold(order.id for order in known)

    def next_numbers(self, count: int) -> Sequence[int]:
        first = self._state.last_number + 1
        self._state.last_number += count
        return range(first, first + count)

    def claim_references(self, references: Mapping[tuple[UUID, str], UUID]) -> Mapping[tuple[UUID, str], UUID]:
        self._locks.note("references", references)
        taken = among(self._state.references, references)
        free = {name: id for name, id in references.items() if name not in taken}
        self._state.references.update(free)
        self._claimed.update(free)
        return taken

    def release_references(self, references: Iterable[tuple[UUID, str]]) -> None:
        for name in self._claimed.intersection(references):
            del self._state.references[name]
            self._claimed.remove(name)

    def pass_on_references(self, references: Mapping[tuple[UUID, str], UUID]) -> None:
        self._state.references.update({name: references[name] for name in self._claimed.intersection(references)})

    def shipments_of(self, order_id: UUID) -> Sequence[UUID]:
        return shipment_ids(self._state, order_id)

    def expired(self, limit: int, *, unanswered_before: datetime) -> Sequence[UUID]:
        return [
            order.id
            for order in self._rows.values()
            if order.status is OrderStatus.PENDING
            and order.expires_at is not None
            and order.expires_at <= (unanswered_before if awaits_answer(order) else self._now)
        ][:limit]

    def managed_by_inactive(self, limit: int) -> Sequence[UUID]:
        return [
            order.id
            for order in self._rows.values()
            if order.status not in _CLOSED and not self._state.admins[order.manager_id].is_active
        ][:limit]

    def check_foreign_keys(self) -> None:
        """At the end, as a database does.

        Raises:
            WriteRefused: a saved order points at nothing.
        """
        for id in self._saved:
            check_neighbours(self._state, self._rows[id])
        for one in self._state.shipments.values():
            if one.order_id not in self._rows:
                raise WriteRefused(f"shipment {one.id} belongs to no order")

    def _write(self, after: Order, before: Order | None) -> None:
        check_sums(after.payment)
        check_quantities(after)
        take(self._state.numbers, after.number, after.id)
        if after.external_reference is not None:
            take(self._state.references, (after.placed_by, after.external_reference), after.id)
        booked = self._state.ledger.get(after.payment.id, ())
        self._state.ledger[after.payment.id] = booked + after.payment.entries
        self._saved.add(after.id)
        super()._write(after, before)


class MemoryProducts(MemoryCollection[Product]):
    """Products; skus are unique."""

    def __init__(self, state: State, locks: LockOrder) -> None:
        super().__init__(state, state.products, "products", locks)

    def ids_of(self, skus: Iterable[str]) -> Mapping[str, UUID]:
        return among(self._state.skus, skus)

    def claim_skus(self, products: Sequence[Product]) -> Mapping[str, UUID]:
        by_sku = _once({product.sku: product for product in products}, products)
        self._locks.note("skus", by_sku)
        taken = among(self._state.skus, by_sku)
        self.save(*(product for sku, product in by_sku.items() if sku not in taken))
        return taken

    def _write(self, after: Product, before: Product | None) -> None:
        check_levels(after)
        take(self._state.skus, after.sku, after.id)
        moved = self._state.movements.get(after.id, ())
        self._state.movements[after.id] = moved + after.movements
        super()._write(after, before)


class MemoryAdmins(MemoryCollection[AdminUser]):
    """Admin users; usernames are unique in every case."""

    def __init__(self, state: State, locks: LockOrder) -> None:
        super().__init__(state, state.admins, "admins", locks)

    def managers(self) -> Sequence[UUID]:
        active = sorted(admin.id for admin in self._rows.values() if admin.is_active and admin.id != STORE_ADMIN)
        return active or [STORE_ADMIN]

    def claim_usernames(self, admins: Sequence[AdminUser]) -> Mapping[str, UUID]:
        by_name = _once({admin.username: admin for admin in admins}, admins)
        self._locks.note("usernames", by_name)
        there = {name: self._state.admin_in_any_case(name) for name in by_name}
        taken = {name: id for name, id in there.items() if id is not None}
        self.save(*(admin for name, admin in by_name.items() if name not in taken))
        return taken

    def _write(self, after: AdminUser, before: AdminUser | None) -> None:
        take(self._state.usernames, after.username, after.id)
        super()._write(after, before)


class MemoryImports:
    """Imports of products: no rows, a stream each."""

    def __init__(self, state: State) -> None:
        self._state = state

    def save(self, *ended: ProductImport) -> None:
        for each in ended:
            if (each.stream, each.id) in self._state.events:
                raise WriteRefused(f"import {each.id} is saved twice")
            self._state.append_events(each)


class MemoryRequests:
    """Idempotency keys."""

    def __init__(self, state: State, locks: LockOrder, now: datetime) -> None:
        self._rows = state.requests
        self._orders = state.orders
        self._locks = locks
        self._now = now
        self._claimed: set[tuple[UUID, str]] = set()

    def claim(self, claims: Sequence[RequestClaim]) -> Mapping[tuple[UUID, str], StoredRequest]:
        by_name = _once({(claim.actor_id, claim.key): claim for claim in claims}, claims)
        self._locks.note("requests", by_name)
        taken = {name: self._rows[name].stored for name in by_name if name in self._rows}
        for name, claim in by_name.items():
            if name not in taken:
                finished_at = self._now if claim.outcome is not None else None
                self._rows[name] = RequestRow(claim=claim, claimed_at=self._now, finished_at=finished_at)
                self._claimed.add(name)
        return taken

    def finish(self, operation: str, outcomes: Mapping[UUID, str]) -> None:
        for name, row in self._rows.items():
            claim = row.claim
            if claim.operation == operation and claim.outcome is None and claim.resource_id in outcomes:
                self._rows[name] = row.finished(outcomes[claim.resource_id], self._now)

    def release(self, claims: Iterable[RequestClaim]) -> None:
        for name in self._claimed.intersection((claim.actor_id, claim.key) for claim in claims):
            del self._rows[name]
            self._claimed.remove(name)

    def delete_finished(self, before: datetime, limit: int) -> int:
        old = [
            name
            for name, row in self._rows.items()
            if row.finished_at is not None and row.finished_at < before and not self._waits(row.claim.resource_id)
        ]
        for name in old[:limit]:
            del self._rows[name]
        return len(old[:limit])

    def _waits(self, resource_id: UUID) -> bool:
        order = self._orders.get(resource_id)
        if order is not None:
            return order.payment.open_attempt is not None
        open_ones = (each.payment.open_attempt for each in self._orders.values())
        return any(attempt is not None and attempt.id == resource_id for attempt in open_ones)


N = TypeVar("N")
V = TypeVar("V")


def _once(by_name: dict[N, V], given: Sequence[Any]) -> dict[N, V]:
    """The claims by name.

    Raises:
        WriteRefused: a name is given twice.
    """
    if len(by_name) != len(given):
        raise WriteRefused(f"a name is claimed twice: {sorted(map(str, by_name))}")
    return by_name
