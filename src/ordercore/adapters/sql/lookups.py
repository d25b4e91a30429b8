"""The only place that reads single aggregates and short lists in a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.admins import admin_in_any_case
from ordercore.adapters.sql.collections.orders import read_orders
from ordercore.adapters.sql.collections.products import read_products
from ordercore.adapters.sql.collections.shipments import read_shipments
from ordercore.adapters.sql.column_types import EPOCH
from ordercore.adapters.sql.mapping.admins import admin_of, token_of
from ordercore.adapters.sql.mapping.columns import columns
from ordercore.adapters.sql.mapping.customers import customer_of
from ordercore.adapters.sql.mapping.work_items import work_item_of
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.admin import AdminUser, ApiToken
from ordercore.domain.customer import Customer
from ordercore.domain.order import Order
from ordercore.domain.product import Product
from ordercore.domain.shipment import Shipment
from ordercore.domain.work_item import WorkItem
from ordercore.ports.queries import EventRow, OpenWork
from ordercore.ports.sealer import Sealer

NIL = UUID(int=0)


class SqlLookups:
    """Reads by id in one snapshot."""

    def __init__(self, wire: Wire, sealer: Sealer, clock: Callable[[Wire], datetime]) -> None:
        self._wire = wire
        self._sealer = sealer
        self._clock = clock

    @property
    def now(self) -> datetime:
        """The database's clock."""
        return self._clock(self._wire)

    def orders(self, ids: Iterable[UUID]) -> Mapping[UUID, Order]:
        """Orders by id."""
        return read_orders(self._wire, self._sealer, self._keys(ids))

    def products(self, ids: Iterable[UUID]) -> Mapping[UUID, Product]:
        """Products by id."""
        return read_products(self._wire, self._keys(ids))

    def customers(self, ids: Iterable[UUID]) -> Mapping[UUID, Customer]:
        """Customers by id."""
        return self._read(tables.customers, ids, lambda row: customer_of(self._wire, self._sealer, row))

    def shipments(self, ids: Iterable[UUID]) -> Mapping[UUID, Shipment]:
        """Shipments by id."""
        return read_shipments(self._wire, self._sealer, self._keys(ids))

    def admins(self, ids: Iterable[UUID]) -> Mapping[UUID, AdminUser]:
        """Admin users by id."""
        return self._read(tables.admin_users, ids, lambda row: admin_of(self._wire, row))

    def tokens(self, ids: Iterable[UUID]) -> Mapping[UUID, ApiToken]:
        """Tokens by id."""
        return self._read(tables.api_tokens, ids, lambda row: token_of(self._wire, row))

    def work_items(self, ids: Iterable[UUID]) -> Mapping[UUID, WorkItem]:
        """Work items by id."""
        return self._read(tables.work_items, ids, lambda row: work_item_of(self._wire, row))

    def product_ids(self, skus: Iterable[str]) -> Mapping[str, UUID]:
        """Product ids by sku."""
        rows = self._wire.rows(tables.products, "sku, id", set(skus), by="sku")
        return {sku: self._wire.to_id(id) for sku, id in rows}

    def order_id(self, number: int) -> UUID | None:
        """The order with that number."""
        return self._one("SELECT id FROM orders WHERE number = ?", number)

    def order_ids(self, placed_by: UUID, references: Iterable[str]) -> Mapping[str, UUID]:
        """The actor's orders by external reference."""
        names = [(self._wire.id(placed_by), each) for each in set(references)]
        rows = self._wire.pairs(tables.order_references, "reference, order_id", ("placed_by", "reference"), names)
        return {reference: self._wire.to_id(id) for reference, id in rows}

    def shipment_ids(self, order_id: UUID) -> Sequence[UUID]:
        """An order's shipments, oldest first."""
        rows = self._wire.run("SELECT id FROM shipments WHERE order_id = ? ORDER BY id", (self._wire.id(order_id),))
        return [self._wire.to_id(id) for (id,) in rows]

    def admin_id(self, username: str) -> UUID | None:
        """The admin user with that name."""
        return admin_in_any_case(self._wire, username)

    def request_outcome(self, actor_id: UUID, key: str) -> tuple[UUID, str | None] | None:
        """Resource and outcome of a request."""
        rows = self._wire.run(
            "SELECT resource_id, outcome FROM requests WHERE actor_id = ? AND key = ?", (self._wire.id(actor_id), key)
        )
        return (self._wire.to_id(rows[0][0]), rows[0][1]) if rows else None

    def events(self, stream: str, stream_id: UUID) -> Sequence[EventRow]:
        """One aggregate's stream."""
        rows = self._wire.run(
            f"SELECT {EVENT_COLUMNS} FROM events WHERE stream = ? AND stream_id = ? ORDER BY number",
            (stream, self._wire.id(stream_id)),
        )
        return [event_of(self._wire, row) for row in rows]

    def open_work(self, before: datetime, limit: int, after: OpenWork | None = None) -> Sequence[OpenWork]:
        """Attempts and shipments without an end, oldest first."""
        since, id = (EPOCH, NIL) if after is None else after.place
        bounds = (self._wire.moment(since), self._wire.id(id), self._wire.moment(before))
        attempts = self._wire.run(
            "SELECT order_id, id, started_at, status <> 'pending' FROM payment_attempts WHERE finished_at IS NULL"
            " AND (started_at, id) > (?, ?) AND started_at < ? ORDER BY started_at, id LIMIT ?",
            (*bounds, limit),
        )
        parcels = self._wire.run(
            "SELECT order_id, id, started_at FROM shipments WHERE status = 'pending'"
            " AND (started_at, id) > (?, ?) AND started_at < ? ORDER BY started_at, id LIMIT ?",
            (*bounds, limit),
        )
        to_id, to_moment = self._wire.to_id, self._wire.to_moment
        work = [
            *(
                OpenWork(
                    order_id=to_id(order),
                    attempt_id=to_id(id),
                    shipment_id=None,
                    since=to_moment(since),
                    is_left=bool(is_left),
                )
                for order, id, since, is_left in attempts
            ),
            *(
                OpenWork(order_id=to_id(order), attempt_id=None, shipment_id=to_id(id), since=to_moment(since))
                for order, id, since in parcels
            ),
        ]
        return sorted(work, key=lambda each: each.place)[:limit]

    def holders_of(self, product_id: UUID, limit: int) -> Sequence[int]:
        """Numbers of the orders that have the product reserved."""
        rows = self._wire.run(
            "SELECT DISTINCT o.number FROM allocations a JOIN orders o ON o.id = a.order_id WHERE a.product_id = ?"
            " ORDER BY o.number LIMIT ?",
            (self._wire.id(product_id), limit),
        )
        return [number for (number,) in rows]

    def _keys(self, ids: Iterable[UUID]) -> list[Any]:
        return [self._wire.id(id) for id in ids]

    def _one(self, statement: str, value: object) -> UUID | None:
        rows = self._wire.run(statement, (value,))
        return self._wire.to_id(rows[0][0]) if rows else None

    def _read(self, table: Any, ids: Iterable[UUID], make: Callable[[Row], Any]) -> Mapping[UUID, Any]:
        rows = self._wire.rows(table, columns(table), self._keys(ids))
        return {each.id: each for each in map(make, rows)}


EVENT_COLUMNS = "stream, stream_id, number, type, occurred_at, actor_id, payload"


def event_of(wire: Wire, row: Row) -> EventRow:
    """A stored event, from EVENT_COLUMNS."""
    stream, stream_id, number, type_, occurred_at, actor_id, payload = row
    return EventRow(
        stream=stream,
        stream_id=wire.to_id(stream_id),
        number=number,
        type=type_,
        occurred_at=wire.to_moment(occurred_at),
        actor_id=wire.to_id(actor_id),
        payload=orjson.loads(payload),
    )
