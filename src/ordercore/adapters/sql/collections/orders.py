"""The only place that holds orders, numbers them and claims their references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.collection import SqlCollection
from ordercore.adapters.sql.mapping.columns import columns
from ordercore.adapters.sql.mapping.orders import ITEM_SELECT, orders_of
from ordercore.adapters.sql.mapping.payments import PAYMENT_SELECT
from ordercore.adapters.sql.order_writes import write_orders
from ordercore.adapters.sql.transaction import Transaction
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.order import Order
from ordercore.ports.sealer import Sealer

FIRST_ORDER_NUMBER = 1001
"""Where a new store begins to count."""


class SqlOrders(SqlCollection[Order]):
    """Orders with items, adjustments and payment."""

    table = tables.orders
    kind = "orders"

    def __init__(self, work: Transaction) -> None:
        super().__init__(work)
        self._latest_number = FIRST_ORDER_NUMBER - 1
        self._references_made: set[Row] = set()

    def hold_free(self, ids: Iterable[UUID]) -> Mapping[UUID, Order]:
        """Hold those that nobody else holds."""
        keys = [self._wire.id(id) for id in sorted(set(ids))]
        free = self._wire.rows(self.table, "id", keys, lock=True, free=True)
        return self.hold(self._wire.to_id(id) for (id,) in free)

    def renew(self, known: Iterable[Order]) -> Mapping[UUID, Order]:
        """Hold orders that were read before; one whose version still stands is not read again."""
        wanted = {order.id: order for order in known}
        ids = sorted(wanted)
        self._work.locks.note(self.kind, ids)
        versions = self._wire.rows(self.table, "id, version", [self._wire.id(id) for id in ids], lock=True)
        unchanged = {id for id, version in versions if wanted[self._wire.to_id(id)].version == version}
        self._held.update((id, wanted[id]) for id in map(self._wire.to_id, unchanged))
        self._held.update(self._read([id for id, _ in versions if id not in unchanged], lock=False))
        return {id: self._held[id] for id in ids if id in self._held}

    def next_numbers(self, count: int) -> Sequence[int]:
        """Fresh order numbers."""
        if self._wire.claims_in_place:
            statement = "SELECT nextval('order_numbers') FROM generate_series(1, ?)"
            return [number for (number,) in self._wire.run(statement, (count,))]
        ((latest,),) = self._wire.run("SELECT max(number) FROM orders")
        first = max(latest or 0, self._latest_number) + 1
        self._latest_number = first + count - 1
        return range(first, first + count)

    def claim_references(self, references: Mapping[tuple[UUID, str], UUID]) -> Mapping[tuple[UUID, str], UUID]:
        """Take names for orders; answers the orders that had one before."""
        wire = self._wire
        self._work.locks.note("references", references)
        wanted = {(wire.id(actor), name): wire.id(order_id) for (actor, name), order_id in sorted(references.items())}
        rows = [(*name, order_id) for name, order_id in wanted.items()]
        if wire.claims_in_place:
            names = "placed_by, reference"
            made = set(wire.claim(tables.order_references, rows, f"({names})", names))
            held = self._references([name for name in wanted if name not in made])
        else:
            held = self._references(wanted)
            made = {name for name in wanted if name not in held}
            wire.insert(tables.order_references, [row for row in rows if row[:2] in made])
        self._references_made |= made
        return {(wire.to_id(actor), name): wire.to_id(order_id) for (actor, name), order_id in held.items()}

    def release_references(self, references: Iterable[tuple[UUID, str]]) -> None:
        """Undo claims made here."""
        names = [(self._wire.id(actor), name) for actor, name in references]
        mine = [name for name in names if name in self._references_made]
        self._references_made.difference_update(mine)
        self._wire.delete(tables.order_references, ("placed_by", "reference"), mine)

    def pass_on_references(self, references: Mapping[tuple[UUID, str], UUID]) -> None:
        """Give claims made here to other orders."""
        wire = self._wire
        names = {(wire.id(actor), name): wire.id(order_id) for (actor, name), order_id in references.items()}
        rows = [(order_id, *name) for name, order_id in names.items() if name in self._references_made]
        wire.update(tables.order_references, ("order_id",), ("placed_by", "reference"), rows)

    def shipments_of(self, order_id: UUID) -> Sequence[UUID]:
        """Ids of an order's shipments, oldest first."""
        rows = self._wire.rows(tables.shipments, "id", [self._wire.id(order_id)], by="order_id", order="id")
        return [self._wire.to_id(id) for (id,) in rows]

    def expired(self, limit: int, *, unanswered_before: datetime) -> Sequence[UUID]:
        """Candidates whose time is over."""
        rows = self._wire.run(
            "SELECT o.id FROM orders o WHERE o.expires_at <= ? AND o.status = 'pending' AND (o.expires_at <= ?"
            " OR NOT EXISTS (SELECT 1 FROM payment_attempts a WHERE a.order_id = o.id AND a.finished_at IS NULL"
            " AND a.status <> 'action_required')) ORDER BY o.expires_at LIMIT ?",
            (self._wire.moment(self._work.now), self._wire.moment(unanswered_before), limit),
        )
        return [self._wire.to_id(id) for (id,) in rows]

    def managed_by_inactive(self, limit: int) -> Sequence[UUID]:
        """Candidates whose admin user is inactive."""
        rows = self._wire.run(
            "SELECT o.id FROM admin_users m JOIN orders o ON o.manager_id = m.id WHERE NOT m.is_active"
            " AND o.status NOT IN ('delivered', 'cancelled') LIMIT ?",
            (limit,),
        )
        return [self._wire.to_id(id) for (id,) in rows]

    def flush(self) -> None:
        """Send what differs between each order as held and as saved."""
        new = [each for id, each in self._saved.items() if id not in self._held]
        changed = [
            (self._held[id], each)
            for id, each in self._saved.items()
            if id in self._held and each is not self._held[id]
        ]
        if any(after.version <= before.version for before, after in changed):
            raise AssertionError("an order was changed without a new version; `renew` rests on it")
        write_orders(self._wire, self._work.sealer, new, changed)

    def _references(self, names: Iterable[tuple[Any, str]]) -> dict[tuple[Any, str], Any]:
        wanted = "placed_by, reference, order_id"
        rows = self._wire.pairs(tables.order_references, wanted, ("placed_by", "reference"), names)
        return {(actor, name): order_id for actor, name, order_id in rows}

    def _read(self, keys: Sequence[Any], *, lock: bool) -> dict[UUID, Order]:
        return read_orders(self._wire, self._work.sealer, keys, lock=lock)


def read_orders(wire: Wire, sealer: Sealer, keys: Sequence[Any], *, lock: bool = False) -> dict[UUID, Order]:
    """Orders by their ids on the wire: one statement a table, the lock first."""
    rows = wire.rows(tables.orders, columns(tables.orders), keys, lock=lock)
    if not rows:
        return {}
    ids = [row[0] for row in rows]
    adjusted = [row[0] for row in rows if row[14]]
    adjustments = wire.rows(
        tables.adjustments, columns(tables.adjustments), adjusted, by="order_id", order="order_id, id"
    )
    items = wire.among(ITEM_SELECT, ids)
    payments = wire.among(PAYMENT_SELECT, ids)
    return orders_of(wire, sealer, rows, items, payments, adjustments)
