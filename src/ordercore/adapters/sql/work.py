"""The only place for a writing transaction over SQL: its collections, what they staged, one flush at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from ordercore.adapters.lock_order import LockOrder
from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.admins import admin_of, admin_row, token_of, token_row
from ordercore.adapters.sql.mapping.columns import columns, columns_but_id
from ordercore.adapters.sql.mapping.customers import customer_of, customer_row
from ordercore.adapters.sql.mapping.events import event_rows
from ordercore.adapters.sql.mapping.orders import ITEM_SELECT, orders_of
from ordercore.adapters.sql.mapping.payments import PAYMENT_SELECT
from ordercore.adapters.sql.mapping.products import levels_of, movement_rows, product_of, product_row
from ordercore.adapters.sql.mapping.requests import stored_request_of
from ordercore.adapters.sql.mapping.shipments import shipment_of, shipment_row
from ordercore.adapters.sql.order_writes import write_orders
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.admin import STORE_ADMIN, AdminUser, ApiToken
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.customer import Customer, normalised_email
from ordercore.domain.order import Order
from ordercore.domain.product import Product
from ordercore.domain.shipment import Shipment
from ordercore.ports.sealer import Sealer
from ordercore.ports.store import RequestClaim, StoredRequest

A = TypeVar("A", bound=Aggregate)


class SqlUnitOfWork:
    """One transaction: claims go in at once, holds lock, saves are staged until `flush`."""

    def __init__(self, wire: Wire, sealer: Sealer, clock: Callable[[Wire], datetime]) -> None:
        self.wire = wire
        self.sealer = sealer
        self.locks = LockOrder()
        self._clock = clock
        self._now: datetime | None = None
        self.requests = SqlRequests(self)
        self.customers = SqlCustomers(self)
        self.orders = SqlOrders(self)
        self.products = SqlProducts(self)
        self.shipments = SqlShipments(self)
        self.admins = SqlAdmins(self)
        self.tokens = SqlTokens(self)

    @property
    def now(self) -> datetime:
        """The database's clock, asked for once."""
        if self._now is None:
            self._now = self._clock(self.wire)
        return self._now

    def flush(self) -> None:
        """The write phase: referenced rows before those that refer to them, events last."""
        events: list[Row] = []
        parts = (self.customers, self.admins, self.tokens, self.products, self.orders, self.shipments)
        for part in parts:
            part.flush()
            events += part.event_rows()
        self.requests.flush()
        self.wire.insert(tables.events, events)


class SqlCollection(Generic[A]):
    """Aggregates of one kind: an identity map of what is held, and what was saved."""

    table: Any
    kind: str

    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work
        self._wire = work.wire
        self._held: dict[UUID, A] = {}
        self._saved: dict[UUID, A] = {}

    def hold(self, ids: Iterable[UUID]) -> Mapping[UUID, A]:
        """Lock and read in ascending id; what was saved before in this unit of work is answered as saved."""
        wanted = sorted(set(ids))
        missing = [id for id in wanted if id not in self._held and id not in self._saved]
        if missing:
            self._work.locks.note(self.kind, missing)
            self._held.update(self._read([self._wire.id(id) for id in missing], lock=True))
        current = {**self._held, **self._saved}
        return {id: current[id] for id in wanted if id in current}

    def save(self, *changed: A) -> None:
        """Stage; nothing is sent before the flush."""
        for each in changed:
            self._saved[each.id] = each

    def event_rows(self) -> Iterable[Row]:
        """The facts of everything saved."""
        for each in self._saved.values():
            if each.facts:
                yield from event_rows(self._wire, each)

    def flush(self) -> None:
        """Send what was saved: new ones inserted, held ones updated where they differ."""
        new = [each for id, each in self._saved.items() if id not in self._held]
        changed = [each for id, each in self._saved.items() if id in self._held and each is not self._held[id]]
        self._wire.insert(self.table, [self._row(each) for each in new])
        rows = [(*row[1:], row[0]) for row in map(self._row, changed)]
        self._wire.update(self.table, columns_but_id(self.table), ("id",), rows)

    def _read(self, keys: Sequence[Any], *, lock: bool) -> dict[UUID, A]:
        rows = self._wire.rows(self.table, columns(self.table), keys, lock=lock)
        return {each.id: each for each in map(self._object, rows)}

    def _row(self, each: A) -> Row:
        raise NotImplementedError

    def _object(self, row: Row) -> A:
        raise NotImplementedError


class SqlAdmins(SqlCollection[AdminUser]):
    """Admin users."""

    table = tables.admin_users
    kind = "admins"

    def managers(self) -> Sequence[UUID]:
        """Who takes part in the assignment, by id."""
        rows = self._wire.run("SELECT id FROM admin_users WHERE is_active ORDER BY id")
        ids = [self._wire.to_id(id) for (id,) in rows]
        return [id for id in ids if id != STORE_ADMIN] or ids

    def claim_usernames(self, admins: Sequence[AdminUser]) -> Mapping[str, UUID]:
        """Make those whose name is free; answers the taken ones."""
        self._work.locks.note("usernames", [admin.username for admin in admins])
        taken = claim_named(self._wire, self.table, "username", {one.username: self._row(one) for one in admins})
        for admin in admins:
            if admin.username not in taken:
                self._saved[admin.id] = self._held[admin.id] = admin
        return taken

    def _row(self, each: AdminUser) -> Row:
        return admin_row(self._wire, each)

    def _object(self, row: Row) -> AdminUser:
        return admin_of(self._wire, row)


class SqlTokens(SqlCollection[ApiToken]):
    """Tokens."""

    table = tables.api_tokens
    kind = "tokens"

    def _row(self, each: ApiToken) -> Row:
        return token_row(self._wire, each)

    def _object(self, row: Row) -> ApiToken:
        return token_of(self._wire, row)


class SqlCustomers(SqlCollection[Customer]):
    """Customers."""

    table = tables.customers
    kind = "customers"

    def read(self, ids: Iterable[UUID]) -> Mapping[UUID, Customer]:
        """Read without locking."""
        keys = [self._wire.id(id) for id in ids]
        return self._read(keys, lock=False) if keys else {}

    def claim_guests(self, guests: Sequence[Customer]) -> Mapping[str, UUID]:
        """Make guests whose address no guest has; answers everybody's guest id by normalised address."""
        if not guests:
            return {}
        rows = {row[2]: row for row in map(self._row, guests)}
        by_index = dict(zip(rows, guests, strict=True))
        self._work.locks.note("guests", rows)
        taken = claim_named(self._wire, self.table, "email_index", rows, among="is_guest")
        for index, guest in by_index.items():
            if index not in taken:
                self._saved[guest.id] = self._held[guest.id] = guest
        return {normalised_email(one.contact.email): taken.get(index, one.id) for index, one in by_index.items()}

    def release(self, guest_ids: Iterable[UUID]) -> None:
        """Undo the claims of guests made here."""
        gone = [id for id in guest_ids if id in self._held and self._held[id] is self._saved.get(id)]
        for id in gone:
            del self._saved[id]
        self._wire.delete(self.table, ("id",), [(self._wire.id(id),) for id in gone])

    def _row(self, each: Customer) -> Row:
        return customer_row(self._wire, self._work.sealer, each)

    def _object(self, row: Row) -> Customer:
        return customer_of(self._wire, self._work.sealer, row)


class SqlProducts(SqlCollection[Product]):
    """Products with their stock; the lock is that of the stock rows, the product is read after it is held."""

    table = tables.products
    kind = "products"

    def ids_of(self, skus: Iterable[str]) -> Mapping[str, UUID]:
        """Ids by sku, unlocked."""
        rows = self._wire.rows(self.table, "sku, id", set(skus), by="sku")
        return {sku: self._wire.to_id(id) for sku, id in rows}

    def claim_skus(self, products: Sequence[Product]) -> Mapping[str, UUID]:
        """Make products whose sku is free; answers the taken ones."""
        self._work.locks.note("skus", [product.sku for product in products])
        taken = claim_named(self._wire, self.table, "sku", {one.sku: self._row(one) for one in products})
        new = [product for product in products if product.sku not in taken]
        self._wire.insert(tables.stock, [row for product in new for row in self._level_rows(product)])
        for product in new:
            self._saved[product.id] = self._held[product.id] = product
        return taken

    def flush(self) -> None:
        """Send levels that changed, products whose own columns changed, and movements."""
        levels: list[Row] = []
        changed: list[Row] = []
        movements: list[Row] = []
        for id, product in self._saved.items():
            held = self._held[id]
            movements += movement_rows(self._wire, product)
            if product is not held:
                levels += [(row[2], row[3], row[0], row[1]) for row in self._level_rows(product)]
                if product.facts or product.version != held.version:
                    row = self._row(product)
                    changed.append((*row[1:], row[0]))
        self._wire.update(tables.stock, ("on_hand", "reserved"), ("product_id", "location_id"), levels)
        self._wire.update(self.table, columns_but_id(self.table), ("id",), changed)
        self._wire.insert(tables.stock_movements, movements)

    def _read(self, keys: Sequence[Any], *, lock: bool) -> dict[UUID, Product]:
        return read_products(self._wire, keys, lock=lock)

    def _row(self, each: Product) -> Row:
        return product_row(self._wire, each)

    def _level_rows(self, product: Product) -> Iterable[Row]:
        for level in product.levels:
            yield (self._wire.id(product.id), self._wire.id(level.location_id), level.on_hand, level.reserved)


def read_products(wire: Wire, keys: Sequence[Any], *, lock: bool = False) -> dict[UUID, Product]:
    """Products by their ids on the wire: the lock on their stock first, then what they are."""
    locked = wire.rows(
        tables.stock,
        "product_id, location_id, on_hand, reserved",
        keys,
        by="product_id",
        order="product_id, location_id",
        lock=lock,
    )
    levels = levels_of(wire, locked)
    rows = wire.rows(tables.products, columns(tables.products), keys)
    products = (product_of(wire, row, levels[row[0]]) for row in rows if row[0] in levels)
    return {product.id: product for product in products}


class SqlOrders(SqlCollection[Order]):
    """Orders with items, adjustments and payment."""

    table = tables.orders
    kind = "orders"

    def __init__(self, work: SqlUnitOfWork) -> None:
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

    def expired(self, limit: int) -> Sequence[UUID]:
        """Candidates whose time is over."""
        rows = self._wire.run(
            "SELECT o.id FROM orders o WHERE o.expires_at <= ? AND o.status = 'pending' AND NOT EXISTS (SELECT 1"
            " FROM payment_attempts a WHERE a.order_id = o.id AND a.finished_at IS NULL)"
            " ORDER BY o.expires_at LIMIT ?",
            (self._wire.moment(self._work.now), limit),
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
        columns = "placed_by, reference, order_id"
        rows = self._wire.pairs(tables.order_references, columns, ("placed_by", "reference"), names)
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


class SqlShipments(SqlCollection[Shipment]):
    """Shipments with their lines; their order's lock is theirs."""

    table = tables.shipments
    kind = "shipments"

    def flush(self) -> None:
        """Send shipments, and the lines of new ones."""
        super().flush()
        lines = [
            (self._wire.id(each.id), self._wire.id(line.order_item_id), line.quantity)
            for id, each in self._saved.items()
            if id not in self._held
            for line in each.lines
        ]
        self._wire.insert(tables.shipment_lines, lines)

    def _read(self, keys: Sequence[Any], *, lock: bool) -> dict[UUID, Shipment]:
        return read_shipments(self._wire, self._work.sealer, keys, lock=lock)

    def _row(self, each: Shipment) -> Row:
        return shipment_row(self._wire, self._work.sealer, each)


def read_shipments(wire: Wire, sealer: Sealer, keys: Sequence[Any], *, lock: bool = False) -> dict[UUID, Shipment]:
    """Shipments with their lines, by their ids on the wire."""
    rows = wire.rows(tables.shipments, columns(tables.shipments), keys, lock=lock)
    lines: dict[Any, list[Row]] = {}
    names = columns(tables.shipment_lines)
    for line in wire.rows(
        tables.shipment_lines, names, [row[0] for row in rows], by="shipment_id", order="shipment_id, order_item_id"
    ):
        lines.setdefault(line[0], []).append(line)
    shipments = (shipment_of(wire, sealer, row, lines.get(row[0], ())) for row in rows)
    return {shipment.id: shipment for shipment in shipments}


class SqlRequests:
    """Idempotency keys."""

    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work
        self._wire = work.wire
        self._finished: list[Row] = []
        self._released: list[Row] = []
        self._made: set[tuple[Any, str]] = set()
        self._claimed: dict[tuple[Any, str], Row] = {}

    def claim(self, claims: Sequence[RequestClaim]) -> Mapping[tuple[UUID, str], StoredRequest]:
        """Take keys; answers those that somebody had before."""
        wire = self._wire
        self._work.locks.note("requests", [(claim.actor_id, claim.key) for claim in claims])
        now = wire.moment(self._work.now)
        rows = {
            (wire.id(claim.actor_id), claim.key): (
                wire.id(claim.actor_id),
                claim.key,
                claim.operation,
                claim.fingerprint,
                wire.id(claim.resource_id),
                claim.outcome,
                now,
                None if claim.outcome is None else now,
            )
            for claim in sorted(claims, key=lambda claim: (claim.actor_id, claim.key))
        }
        if wire.claims_in_place:
            made = set(wire.claim(tables.requests, list(rows.values()), "(actor_id, key)", "actor_id, key"))
            held = self._stored([name for name in rows if name not in made])
            self._made |= made
        else:
            held = self._stored(list(rows))
            self._claimed |= {name: row for name, row in rows.items() if name not in held}
        found = (stored_request_of(wire, row) for row in held.values())
        return {(each.claim.actor_id, each.claim.key): each for each in found}

    def finish(self, operation: str, outcomes: Mapping[UUID, str]) -> None:
        """Stage outcomes of unfinished requests."""
        now = self._wire.moment(self._work.now)
        waiting = {(row[2], row[4]): name for name, row in self._claimed.items()}
        for resource_id, outcome in outcomes.items():
            name = waiting.get((operation, self._wire.id(resource_id)))
            if name is None:
                self._finished.append((outcome, now, self._wire.id(resource_id), operation))
            else:
                self._claimed[name] = (*self._claimed[name][:5], outcome, now, now)

    def release(self, claims: Iterable[RequestClaim]) -> None:
        """Undo claims made here."""
        for claim in claims:
            name = (self._wire.id(claim.actor_id), claim.key)
            if self._claimed.pop(name, None) is None and name in self._made:
                self._released.append(name)

    def delete_finished(self, before: datetime, limit: int) -> int:
        """Delete requests whose outcome is older."""
        rows = self._wire.run(
            "SELECT actor_id, key FROM requests r WHERE finished_at < ?"
            " AND NOT EXISTS (SELECT 1 FROM payment_attempts a"
            " WHERE a.order_id = r.resource_id AND a.finished_at IS NULL) ORDER BY finished_at LIMIT ?",
            (self._wire.moment(before), limit),
        )
        self._wire.delete(tables.requests, ("actor_id", "key"), rows)
        return len(rows)

    def flush(self) -> None:
        """Send claims, releases and outcomes."""
        self._wire.insert(tables.requests, list(self._claimed.values()))
        self._wire.delete(tables.requests, ("actor_id", "key"), self._released)
        self._wire.update(
            tables.requests,
            ("outcome", "finished_at"),
            ("resource_id", "operation"),
            self._finished,
            also="outcome IS NULL",
        )

    def _stored(self, names: Sequence[tuple[Any, str]]) -> dict[tuple[Any, str], Row]:
        rows = self._wire.pairs(tables.requests, columns(tables.requests), ("actor_id", "key"), names)
        return {(row[0], row[1]): row for row in rows}


FIRST_ORDER_NUMBER = 1001
"""Where a new store begins to count."""


def claim_named(
    wire: Wire, table: Any, column: str, rows: Mapping[Any, Row], *, among: str | None = None
) -> Mapping[Any, UUID]:
    """Claim phase for one unique name: rows whose name is free go in; answers the ids of those that have the others."""
    wanted = dict(sorted(rows.items()))
    if wire.claims_in_place:
        target = f"({column})" if among is None else f"({column}) WHERE {among}"
        made = {name for (name,) in wire.claim(table, list(wanted.values()), target, column)}
        taken = _ids_by(wire, table, column, [name for name in wanted if name not in made], among)
    else:
        taken = _ids_by(wire, table, column, list(wanted), among)
        wire.insert(table, [row for name, row in wanted.items() if name not in taken])
    return taken


def _ids_by(wire: Wire, table: Any, column: str, names: Sequence[Any], among: str | None) -> dict[Any, UUID]:
    if not names:
        return {}
    wanted = f"{column}, id, {among or 'NULL'}"
    rows = wire.rows(table, wanted, names, by=column)
    return {name: wire.to_id(id) for name, id, is_among in rows if among is None or is_among}
