"""The only place for reading the memory store: single aggregates by id in one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from ordercore.adapters.memory.state import State
from ordercore.domain.admin import AdminUser, ApiToken
from ordercore.domain.customer import Customer
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import AttemptStatus
from ordercore.domain.product import Product
from ordercore.domain.shipment import Shipment
from ordercore.domain.work_item import WorkItem
from ordercore.ports.queries import EventRow, OpenWork

K = TypeVar("K")
V = TypeVar("V")


class MemoryLookups:
    """One committed state, which nobody changes."""

    def __init__(self, state: State, now: datetime) -> None:
        self._state = state
        self.now = now

    def orders(self, ids: Iterable[UUID]) -> Mapping[UUID, Order]:
        return among(self._state.orders, ids)

    def products(self, ids: Iterable[UUID]) -> Mapping[UUID, Product]:
        return among(self._state.products, ids)

    def customers(self, ids: Iterable[UUID]) -> Mapping[UUID, Customer]:
        return among(self._state.customers, ids)

    def shipments(self, ids: Iterable[UUID]) -> Mapping[UUID, Shipment]:
        return among(self._state.shipments, ids)

    def admins(self, ids: Iterable[UUID]) -> Mapping[UUID, AdminUser]:
        return among(self._state.admins, ids)

    def tokens(self, ids: Iterable[UUID]) -> Mapping[UUID, ApiToken]:
        return among(self._state.tokens, ids)

    def work_items(self, ids: Iterable[UUID]) -> Mapping[UUID, WorkItem]:
        return among(self._state.work_items, ids)

    def product_ids(self, skus: Iterable[str]) -> Mapping[str, UUID]:
        return among(self._state.skus, skus)

    def order_id(self, number: int) -> UUID | None:
        return self._state.numbers.get(number)

    def order_ids(self, placed_by: UUID, references: Iterable[str]) -> Mapping[str, UUID]:
        found = among(self._state.references, ((placed_by, each) for each in references))
        return {reference: id for (_, reference), id in found.items()}

    def shipment_ids(self, order_id: UUID) -> Sequence[UUID]:
        return shipment_ids(self._state, order_id)

    def admin_id(self, username: str) -> UUID | None:
        return self._state.admin_in_any_case(username)

    def request_outcome(self, actor_id: UUID, key: str) -> tuple[UUID, str | None] | None:
        row = self._state.requests.get((actor_id, key))
        return None if row is None else (row.claim.resource_id, row.claim.outcome)

    def events(self, stream: str, stream_id: UUID) -> Sequence[EventRow]:
        return self._state.events.get((stream, stream_id), ())

    def open_work(self, before: datetime, limit: int, after: OpenWork | None = None) -> Sequence[OpenWork]:
        attempts = [
            OpenWork(
                order_id=order.id,
                attempt_id=attempt.id,
                shipment_id=None,
                since=attempt.started_at,
                is_left=attempt.status is not AttemptStatus.PENDING,
            )
            for order in self._state.orders.values()
            for attempt in order.payment.attempts
            if attempt.is_open
        ]
        shipments = [
            OpenWork(order_id=one.order_id, attempt_id=None, shipment_id=one.id, since=one.started_at)
            for one in self._state.shipments.values()
            if one.status is ShipmentStatus.PENDING
        ]
        begun = sorted((each for each in attempts + shipments if each.since < before), key=lambda each: each.place)
        return [each for each in begun if after is None or each.place > after.place][:limit]

    def holders_of(self, product_id: UUID, limit: int) -> Sequence[int]:
        return sorted(order.number for order in self._state.orders.values() if product_id in order.reserved)[:limit]


def among(rows: Mapping[K, V], keys: Iterable[K]) -> dict[K, V]:
    """Those that are there; absent keys are absent."""
    return {key: rows[key] for key in keys if key in rows}


def shipment_ids(state: State, order_id: UUID) -> Sequence[UUID]:
    """The order's shipments, oldest first."""
    own = [one for one in state.shipments.values() if one.order_id == order_id]
    return [one.id for one in sorted(own, key=lambda one: (one.started_at, one.id))]
