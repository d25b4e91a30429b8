"""The only place that audits a store from outside: every guarantee, looked at through snapshots and plain SELECTs.

The doctor asks the database; this reads what anybody reads, does its own sums, and also knows the providers' books.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from attrs import frozen

from ordercore.adapters.memory.store import MemoryStore
from ordercore.adapters.payments.books import Account
from ordercore.adapters.payments.books import Entry as Charge
from ordercore.adapters.shipping.books import Entry as Parcel
from ordercore.adapters.sql.store import SqlStore
from ordercore.application.shop import OrderCore
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import Attempt, AttemptKind, AttemptStatus, Payment
from ordercore.domain.product import LowStockOpened, Product
from ordercore.domain.shipment import Shipment
from ordercore.ports.health import Verdict
from ordercore.ports.store import Store

CLOSED = (OrderStatus.DELIVERED, OrderStatus.CANCELLED)
Ids = Mapping[str, Sequence[UUID]]


@frozen(kw_only=True)
class Snapshot:
    """Everything in a store, and what only its rows tell: sums of movements and ledger, events (count, first, last).

    `alerts` counts how often a product fell low.
    """

    orders: Mapping[UUID, Order]
    products: Mapping[UUID, Product]
    shipments: Mapping[UUID, Shipment]
    others: Sequence[Aggregate]
    active_admins: frozenset[UUID]
    movements: Mapping[UUID, int]
    ledger: Mapping[tuple[UUID, str], int]
    events: Mapping[tuple[str, UUID], tuple[int, int, int]]
    alerts: Mapping[UUID, int]


def snapshot(store: Store) -> Snapshot:
    """All there is, as it is now. Nobody may be writing: the parts are read one after the other."""
    ids = _memory_ids(store) if isinstance(store, MemoryStore) else _sql_ids(_sql(store))
    with store.reading() as lookups:
        admins = lookups.admins(ids["admin_users"])
        orders = lookups.orders(ids["orders"])
        products = lookups.products(ids["products"])
        shipments = lookups.shipments(ids["shipments"])
        customers = lookups.customers(ids["customers"])
    others: list[Aggregate] = [*customers.values(), *admins.values()]
    everything = [*orders.values(), *products.values(), *shipments.values(), *others]
    sums = _memory_sums(store, orders) if isinstance(store, MemoryStore) else _sql_sums(_sql(store))
    return Snapshot(
        orders=orders,
        products=products,
        shipments=shipments,
        others=others,
        active_admins=frozenset(id for id, admin in admins.items() if admin.is_active),
        movements=sums[0],
        ledger=sums[1],
        events=_memory_events(store, everything) if isinstance(store, MemoryStore) else _sql_events(_sql(store)),
        alerts=_memory_alerts(store, products) if isinstance(store, MemoryStore) else _sql_alerts(_sql(store)),
    )


def breaches(found: Snapshot, *, hand_over_is_done: bool = False) -> list[str]:
    """What does not hold of the guarantees that a store must keep at every moment; empty where all is well."""
    return [
        *_of_stock(found),
        *(f"order {order.number}: {each}" for order in found.orders.values() for each in _of_order(order, found)),
        *_of_events(found),
        *(_of_managers(found) if hand_over_is_done else ()),
    ]


def unfinished(found: Snapshot) -> list[str]:
    """What is half done, once the worker has had its time."""
    return [
        *(
            f"order {each.number}: an attempt is open: {attempt.kind}, {attempt.status} since {attempt.started_at}"
            for each in found.orders.values()
            if (attempt := each.payment.open_attempt)
        ),
        *(
            f"order {each.number}: pieces are claimed by no shipment"
            for each in found.orders.values()
            if any(item.quantity_claimed for item in each.items)
        ),
        *(f"shipment {id} is pending" for id, each in found.shipments.items() if each.status is ShipmentStatus.PENDING),
        *(
            f"order {each.number} waits for no answer and is {each.status}/{each.payment.status}"
            for each in found.orders.values()
            if each.status is OrderStatus.PENDING and each.payment.status is not PaymentStatus.DECLINED
        ),
    ]


def disagreements(found: Snapshot, charges: Sequence[Charge], accounts: Mapping[str, Account]) -> list[str]:
    """Where the payment provider's books and ours differ, attempt by attempt and sum by sum. No attempt may be open."""
    ours = {each.provider_key: each for order in found.orders.values() for each in order.payment.attempts}
    theirs = {entry.request.key: entry for entry in charges}
    wrong = [f"the provider knows a {theirs[key].request.kind} that we do not" for key in theirs.keys() - ours.keys()]
    for key, attempt in ours.items():
        entry = theirs.get(key)
        succeeded = _is_approved(attempt)
        if succeeded != (entry is not None and entry.is_approved) and not attempt.is_open:
            wrong.append(f"{attempt.kind} {key} is {attempt.status} with us, {entry and entry.answer.kind} there")
        if entry is not None and entry.request.amount != attempt.amount:
            wrong.append(f"{attempt.kind} {key}: {attempt.amount} with us, {entry.request.amount} there")
    for order in found.orders.values():
        payment = order.payment
        keys = [each.provider_key for each in payment.attempts if each.kind is AttemptKind.AUTHORISE]
        held = [accounts[key] for key in keys if key in accounts]
        there = tuple(sum(getattr(each, name) for each in held) for name in ("authorised", "captured", "refunded"))
        here = _told(payment)
        if here != there and payment.open_attempt is None and payment.amount.amount_minor and not payment.is_external:
            wrong.append(f"order {order.number}: (authorised, captured, refunded) {here} with us, {there} there")
    return wrong


def _is_approved(attempt: Attempt) -> bool:
    """The provider's last word on it."""
    is_approved = attempt.status is AttemptStatus.SUCCEEDED
    return is_approved if attempt.reported is None else not is_approved


def _told(payment: Payment) -> tuple[int, int, int]:
    """Authorised, captured and refunded: our sums, or where the provider contradicts them, by its last words."""
    if all(attempt.reported is None for attempt in payment.attempts):
        return (payment.authorised, payment.captured, payment.refunded)
    sums: Counter[AttemptKind] = Counter()
    for attempt in filter(_is_approved, payment.attempts):
        sums[attempt.kind] += attempt.amount.amount_minor
    return (sums[AttemptKind.AUTHORISE] - sums[AttemptKind.VOID], sums[AttemptKind.CAPTURE], sums[AttemptKind.REFUND])


def parcels_astray(found: Snapshot, parcels: Sequence[Parcel]) -> list[str]:
    """Where the carrier's books and ours differ. No shipment may be pending."""
    bought = {each.key: each.label.tracking_number for each in parcels if each.label is not None}
    ours = {each.carrier_key: each.label.tracking_number for each in found.shipments.values() if each.label is not None}
    return [f"label {key}: {ours.get(key)} with us, {bought.get(key)} there" for key in ours.keys() ^ bought.keys()]


def broken(shop: OrderCore, *, is_synced: bool = True) -> list[str]:
    """What the doctor finds broken; a server that runs without fsync, to save time, is not synced and it says so."""
    found = [each for each in shop.examine() if each.verdict is Verdict.BROKEN]
    return [each.detail for each in found if is_synced or each.check != "durability"]


def _of_stock(found: Snapshot) -> Iterator[str]:
    allocated: Counter[UUID] = Counter()
    for order in found.orders.values():
        allocated.update(order.reserved)
    for id, product in found.products.items():
        if any(not 0 <= level.reserved <= level.on_hand for level in product.levels):
            yield f"{product.sku}: reserved {product.reserved} of {product.on_hand}"
        if product.reserved != allocated[id]:
            yield f"{product.sku}: reserved {product.reserved}, allocated {allocated[id]}"
        if product.on_hand != found.movements.get(id, 0):
            yield f"{product.sku}: on hand {product.on_hand}, moved {found.movements.get(id, 0)}"


def _of_order(order: Order, found: Snapshot) -> Iterator[str]:
    payment = order.payment
    parts = sum(item.line_total.amount_minor for item in order.items)
    parts += sum(each.amount.amount_minor for each in order.adjustments)
    if order.total.amount_minor != parts or payment.amount != order.total:
        yield f"total {order.total}, parts {parts}, payment {payment.amount}"
    if any(item.line_total != item.unit_price * item.quantity for item in order.items):
        yield "a line is not its price times its quantity"
    holds = order.status in (OrderStatus.PENDING, OrderStatus.CONFIRMED)
    if sum(order.reserved.values()) != (sum(item.quantity for item in order.items) if holds else 0):
        yield f"holds {order.reserved} while {order.status}"
    if payment.authorised + payment.authorise_pending > payment.amount.amount_minor:
        yield "more authorised than due"
    if payment.captured + payment.capture_pending > payment.authorised:
        yield "more captured than authorised"
    if payment.refunded + payment.refund_pending > payment.captured:
        yield "more refunded than captured"
    pending = (payment.authorise_pending, payment.capture_pending, payment.refund_pending)
    attempt = payment.open_attempt
    kinds = (AttemptKind.AUTHORISE, AttemptKind.CAPTURE, AttemptKind.REFUND)
    asked = tuple(attempt.amount.amount_minor if attempt and attempt.kind is kind else 0 for kind in kinds)
    if pending != asked:
        yield f"pending {pending}, asked {asked}"
    yield from _of_ledger(order, found)
    if len([each for each in payment.attempts if each.is_open]) > 1:
        yield "two attempts are open"


def _of_ledger(order: Order, found: Snapshot) -> Iterator[str]:
    payment = order.payment
    booked = {kind: found.ledger.get((order.id, kind), 0) for kind in ("authorised", "voided", "captured", "refunded")}
    here = (payment.authorised, payment.captured, payment.refunded)
    if here != (booked["authorised"] - booked["voided"], booked["captured"], booked["refunded"]):
        yield f"sums {here}, ledger {booked}"
    if payment.discrepancy != found.ledger.get((order.id, "discrepancy"), 0):
        yield f"discrepancy {payment.discrepancy}, ledger {found.ledger.get((order.id, 'discrepancy'), 0)}"


def _of_events(found: Snapshot) -> Iterator[str]:
    everything: list[Aggregate] = [*found.orders.values(), *found.products.values(), *found.shipments.values()]
    for each in [*everything, *found.others]:
        count, lowest, highest = found.events.get((each.stream, each.id), (0, 1, 0))
        if (count, lowest, highest) != (each.event_count, 1, each.event_count):
            yield f"{each.stream} {each.id}: events {lowest}..{highest} are {count}, counted {each.event_count}"


def _of_managers(found: Snapshot) -> Iterator[str]:
    for order in found.orders.values():
        if order.status not in CLOSED and order.manager_id not in found.active_admins:
            yield f"order {order.number} has an inactive manager"


# -- what only the rows tell ----------------------------------------------------------------------------------------


def _memory_ids(store: MemoryStore) -> Ids:
    state = store._state
    return {
        "orders": list(state.orders),
        "products": list(state.products),
        "shipments": list(state.shipments),
        "customers": list(state.customers),
        "admin_users": list(state.admins),
    }


def _memory_sums(
    store: MemoryStore, orders: Mapping[UUID, Order]
) -> tuple[Mapping[UUID, int], Mapping[tuple[UUID, str], int]]:
    books = store.books()
    order_of = {order.payment.id: order.id for order in orders.values()}
    ledger: Counter[tuple[UUID, str]] = Counter()
    for payment_id, entries in books.ledger.items():
        for entry in entries:
            ledger[order_of[payment_id], entry.kind.value] += entry.amount_minor
    return {id: sum(each.quantity for each in moved) for id, moved in books.movements.items()}, ledger


def _memory_events(
    store: MemoryStore, everything: Iterable[Aggregate]
) -> Mapping[tuple[str, UUID], tuple[int, int, int]]:
    found = {}
    with store.reading() as lookups:
        for each in everything:
            numbers = [event.number for event in lookups.events(each.stream, each.id)]
            if numbers:
                found[each.stream, each.id] = (len(numbers), min(numbers), max(numbers))
    return found


def _memory_alerts(store: MemoryStore, products: Iterable[UUID]) -> Mapping[UUID, int]:
    with store.reading() as lookups:
        return {
            id: sum(event.type == LowStockOpened.type for event in lookups.events(Product.stream, id))
            for id in products
        }


def _sql(store: Store) -> SqlStore:
    inner = getattr(store, "inner", store)
    assert isinstance(inner, SqlStore)
    return inner


def _sql_ids(store: SqlStore) -> Ids:
    tables = ("orders", "products", "shipments", "customers", "admin_users")
    return {table: [_uuid(id) for (id,) in rows(store, f"SELECT id FROM {table} ORDER BY id")] for table in tables}


def _sql_sums(store: SqlStore) -> tuple[Mapping[UUID, int], Mapping[tuple[UUID, str], int]]:
    moved = rows(store, "SELECT product_id, sum(quantity) FROM stock_movements GROUP BY 1")
    booked = rows(store, "SELECT order_id, kind, sum(amount_minor) FROM ledger_entries GROUP BY 1, 2")
    return {_uuid(id): int(total) for id, total in moved}, {(_uuid(id), kind): int(total) for id, kind, total in booked}


def _sql_events(store: SqlStore) -> Mapping[tuple[str, UUID], tuple[int, int, int]]:
    numbered = "SELECT stream, stream_id, count(*), min(number), max(number) FROM events GROUP BY 1, 2"
    return {(stream, _uuid(id)): (n, low, high) for stream, id, n, low, high in rows(store, numbered)}


def _sql_alerts(store: SqlStore) -> Mapping[UUID, int]:
    opened = f"SELECT stream_id, count(*) FROM events WHERE type = '{LowStockOpened.type}' GROUP BY 1"
    return {_uuid(id): count for id, count in rows(store, opened)}


def rows(store: SqlStore, query: str) -> Sequence[tuple[Any, ...]]:
    """The rows of a query, as the driver has them."""
    with store.reading_engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(bytes=bytes(value))
