"""The only place where rows become domain objects and back: pure functions, no validators, no statements.

Values on the wire are the driver's (`Wire`); personal data passes the sealer. Column lists are in the tables' order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Table

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.actor import Permission
from ordercore.domain.admin import AdminRole, AdminUser, ApiToken
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.customer import Address, Contact, Customer, normalised_email, normalised_phone
from ordercore.domain.fields import restore
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus
from ordercore.domain.money import Money
from ordercore.domain.order import Adjustment, Allocation, CancelReason, OnDecline, Order, OrderItem
from ordercore.domain.payment import (
    Attempt,
    AttemptKind,
    AttemptStatus,
    LedgerEntry,
    Payment,
    PaymentMethod,
)
from ordercore.domain.product import Product, ProductAdded, StockLevel, StockMoved
from ordercore.domain.shipment import Label, Shipment, ShipmentLine
from ordercore.ports.sealer import Sealer
from ordercore.ports.store import RequestClaim, StoredRequest

# Flags go out as integers: exact types need no adapting.
# Looked up and not called: an enum's call costs ten times a dictionary's answer. `_value_` is an enum's plain value.
_ADMIN_ROLE = {each.value: each for each in AdminRole}
_ATTEMPT_KIND = {each.value: each for each in AttemptKind}
_ATTEMPT_STATUS = {each.value: each for each in AttemptStatus}
_CANCEL_REASON = {each.value: each for each in CancelReason}
_ON_DECLINE = {each.value: each for each in OnDecline}
_ORDER_STATUS = {each.value: each for each in OrderStatus}
_PAYMENT_METHOD = {each.value: each for each in PaymentMethod}
_PAYMENT_STATUS = {each.value: each for each in PaymentStatus}
_SHIPMENT_STATUS = {each.value: each for each in ShipmentStatus}


@cache
def columns(table: Table, prefix: str = "") -> str:
    """All columns of a table, in its order."""
    return ", ".join(f"{prefix}{name}" for name in table.columns.keys())  # noqa: SIM118 - a column collection


@cache
def columns_but_id(table: Table) -> tuple[str, ...]:
    """What an update of a whole row sets."""
    return tuple(name for name in table.columns.keys() if name != "id")  # noqa: SIM118 - a column collection


# -- customers --------------------------------------------------------------------------------------------------


def customer_row(wire: Wire, sealer: Sealer, customer: Customer) -> Row:
    """A customer for its table."""
    contact, address = customer.contact, customer.address
    personal = {
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "address": None if address is None else address.__dict__,
    }
    return (
        wire.id(customer.id),
        sealer.seal(orjson.dumps(personal)),
        sealer.index("email", normalised_email(contact.email)),
        None if contact.phone is None else sealer.index("phone", normalised_phone(contact.phone)),
        None,
        customer.locale,
        int(customer.is_guest),
        wire.moment(customer.registered_at),
        customer.version,
        customer.event_count + len(customer.facts),
    )


def customer_of(wire: Wire, sealer: Sealer, row: Row) -> Customer:
    """A customer from its row."""
    id, personal, _, _, _, locale, is_guest, registered_at, version, event_count = row
    known = orjson.loads(sealer.open(personal))
    address = known.pop("address")
    return Customer(
        id=wire.to_id(id),
        contact=restore(Contact, known),
        address=None if address is None else restore(Address, address),
        locale=locale,
        is_guest=bool(is_guest),
        registered_at=wire.to_moment(registered_at),
        version=version,
        event_count=event_count,
    )


# -- admin users and tokens -------------------------------------------------------------------------------------


def admin_row(wire: Wire, admin: AdminUser) -> Row:
    """An admin user for its table."""
    return (
        wire.id(admin.id),
        admin.username,
        admin.role._value_,
        int(admin.is_active),
        admin.password_hash,
        wire.moment(admin.added_at),
        admin.version,
        admin.event_count + len(admin.facts),
    )


def admin_of(wire: Wire, row: Row) -> AdminUser:
    """An admin user from its row."""
    id, username, role, is_active, password_hash, added_at, version, event_count = row
    return AdminUser(
        id=wire.to_id(id),
        username=username,
        role=_ADMIN_ROLE[role],
        is_active=bool(is_active),
        password_hash=password_hash,
        added_at=wire.to_moment(added_at),
        version=version,
        event_count=event_count,
    )


def token_row(wire: Wire, token: ApiToken) -> Row:
    """A token for its table."""
    return (
        wire.id(token.id),
        token.name,
        token.secret_hash,
        " ".join(sorted(token.permissions)),
        int(token.is_revoked),
        wire.moment(token.created_at),
        token.version,
        token.event_count + len(token.facts),
    )


def token_of(wire: Wire, row: Row) -> ApiToken:
    """A token from its row."""
    id, name, secret_hash, permissions, is_revoked, created_at, version, event_count = row
    return ApiToken(
        id=wire.to_id(id),
        name=name,
        secret_hash=bytes(secret_hash),
        permissions=frozenset(Permission(each) for each in permissions.split()),
        is_revoked=bool(is_revoked),
        created_at=wire.to_moment(created_at),
        version=version,
        event_count=event_count,
    )


# -- products ---------------------------------------------------------------------------------------------------


def product_row(wire: Wire, product: Product) -> Row:
    """A product for its table."""
    return (
        wire.id(product.id),
        product.sku,
        product.name,
        product.description,
        product.price.amount_minor,
        product.price.currency,
        product.category,
        product.weight_grams,
        product.low_stock_threshold,
        int(product.is_low),
        int(product.is_archived),
        wire.moment(product.added_at),
        product.version,
        product.event_count + len(product.facts),
    )


def product_of(wire: Wire, row: Row, levels: tuple[StockLevel, ...]) -> Product:
    """A product from its row and its levels."""
    (
        id,
        sku,
        name,
        description,
        price_minor,
        currency,
        category,
        weight_grams,
        low_stock_threshold,
        is_low,
        is_archived,
        added_at,
        version,
        event_count,
    ) = row
    return Product(
        id=wire.to_id(id),
        sku=sku,
        name=name,
        description=description,
        price=Money(price_minor, currency),
        category=category,
        weight_grams=weight_grams,
        low_stock_threshold=low_stock_threshold,
        is_low=bool(is_low),
        is_archived=bool(is_archived),
        added_at=wire.to_moment(added_at),
        levels=levels,
        version=version,
        event_count=event_count,
    )


def levels_of(wire: Wire, rows: Iterable[Row]) -> dict[Any, tuple[StockLevel, ...]]:
    """Stock levels by the product's id on the wire, from (product_id, location_id, on_hand, reserved)."""
    levels: dict[Any, tuple[StockLevel, ...]] = {}
    for product_id, location_id, on_hand, reserved in rows:
        level = StockLevel(location_id=wire.to_id(location_id), on_hand=on_hand, reserved=reserved)
        levels[product_id] = (*levels.get(product_id, ()), level)
    return levels


def movement_rows(wire: Wire, product: Product) -> Iterable[Row]:
    """The movements of a product's new facts; each has the number of the event that tells of it."""
    numbers = (
        product.event_count + index
        for index, fact in enumerate(product.facts, start=1)
        if isinstance(fact, StockMoved | ProductAdded)
    )
    for number, movement in zip(numbers, product.movements, strict=False):
        yield (
            wire.id(product.id),
            number,
            wire.id(movement.location_id),
            movement.quantity,
            movement.kind._value_,
            wire.moment(movement.at),
            wire.id(movement.actor_id),
            movement.reason,
            None if movement.reference is None else wire.id(movement.reference),
        )


# -- orders -----------------------------------------------------------------------------------------------------


def personal_of(sealer: Sealer, order: Order) -> bytes:
    """The order's own copy of who buys and where it goes."""
    return sealer.seal(orjson.dumps({"contact": order.contact.__dict__, "ship_to": order.ship_to.__dict__}))


def order_row(wire: Wire, sealer: Sealer, order: Order) -> Row:
    """An order for its table."""
    return (
        wire.id(order.id),
        order.number,
        wire.id(order.customer_id),
        wire.id(order.manager_id),
        wire.id(order.placed_by),
        order.external_reference,
        wire.moment(order.ordered_at),
        order.status._value_,
        None if order.cancel_reason is None else order.cancel_reason._value_,
        order.on_decline._value_,
        None if order.expires_at is None else wire.moment(order.expires_at),
        order.total.currency,
        order.total.amount_minor,
        len(order.items),
        len(order.adjustments),
        personal_of(sealer, order),
        order.version,
        order.event_count + len(order.facts),
    )


def item_rows(wire: Wire, order: Order) -> Iterable[Row]:
    """An order's items for their table."""
    order_id = wire.id(order.id)
    for position, item in enumerate(order.items):
        yield (
            order_id,
            position,
            wire.id(item.id),
            wire.id(item.product_id),
            item.sku,
            item.name,
            item.unit_price.amount_minor,
            item.quantity,
            item.line_total.amount_minor,
            item.quantity_claimed,
            item.quantity_cancelled,
            item.quantity_shipped,
            item.quantity_delivered,
            item.quantity_returned,
        )


def allocation_rows(wire: Wire, order: Order, positions: Iterable[int] | None = None) -> Iterable[Row]:
    """An order's allocations for their table, of all its items or of those at these positions."""
    order_id = wire.id(order.id)
    for position in range(len(order.items)) if positions is None else positions:
        item = order.items[position]
        for allocation in item.allocations:
            yield (
                order_id,
                position,
                wire.id(allocation.location_id),
                wire.id(item.product_id),
                allocation.quantity,
            )


def adjustment_rows(wire: Wire, order: Order) -> Iterable[Row]:
    """An order's adjustments for their table."""
    for each in order.adjustments:
        yield (
            wire.id(order.id),
            wire.id(each.id),
            each.kind,
            each.label,
            each.amount.amount_minor,
            None if each.item_id is None else wire.id(each.item_id),
            int(each.is_tax_included),
        )


def payment_row(wire: Wire, order: Order) -> Row:
    """An order's payment for its table."""
    payment = order.payment
    return (
        wire.id(order.id),
        wire.id(payment.id),
        payment.amount.amount_minor,
        payment.method._value_,
        payment.status._value_,
        int(payment.is_external),
        int(payment.is_unknown),
        payment.authorised,
        payment.captured,
        payment.refunded,
        payment.authorise_pending,
        payment.capture_pending,
        payment.refund_pending,
        wire.moment(payment.changed_at),
        wire.moment(order.ordered_at),
    )


def attempt_row(wire: Wire, sealer: Sealer, order: Order, position: int) -> Row:
    """An order's attempt at that position, for its table."""
    attempt = order.payment.attempts[position]
    return (
        wire.id(order.id),
        position,
        wire.id(attempt.id),
        attempt.kind._value_,
        attempt.status._value_,
        attempt.amount.amount_minor,
        None if attempt.token is None else sealer.seal(attempt.token.encode()),
        attempt.reference,
        attempt.decline_code,
        wire.moment(attempt.started_at),
        None if attempt.finished_at is None else wire.moment(attempt.finished_at),
    )


def entry_row(wire: Wire, order: Order, entry: LedgerEntry) -> Row:
    """A ledger entry for its table."""
    return (
        wire.id(order.id),
        wire.id(entry.id),
        entry.kind._value_,
        entry.amount_minor,
        wire.moment(entry.at),
        None if entry.attempt_id is None else wire.id(entry.attempt_id),
    )


ITEM_SELECT = f"""SELECT {columns(tables.order_items, "i.")}, a.location_id, a.quantity
    FROM order_items i LEFT JOIN allocations a ON a.order_id = i.order_id AND a.position = i.position
    WHERE i.order_id {{among}} ORDER BY i.order_id, i.position, a.location_id"""
PAYMENT_SELECT = f"""SELECT {columns(tables.payments, "p.")}, {columns(tables.payment_attempts, "t.")}
    FROM payments p LEFT JOIN payment_attempts t ON t.order_id = p.order_id
    WHERE p.order_id {{among}} ORDER BY p.order_id, t.position"""


def orders_of(
    wire: Wire,
    sealer: Sealer,
    order_rows: Sequence[Row],
    item_rows: Sequence[Row],
    payment_rows: Sequence[Row],
    adjustment_rows: Sequence[Row] = (),
) -> dict[UUID, Order]:
    """Orders from the rows of ITEM_SELECT, PAYMENT_SELECT and their tables, each sorted by order id."""
    items = {key: list(rows) for key, rows in groupby(item_rows, itemgetter(0))}
    payments = {key: list(rows) for key, rows in groupby(payment_rows, itemgetter(0))}
    adjustments = {key: list(rows) for key, rows in groupby(adjustment_rows, itemgetter(0))}
    orders = (
        order_of(wire, sealer, row, items[row[0]], payments[row[0]], adjustments.get(row[0], ())) for row in order_rows
    )
    return {order.id: order for order in orders}


def order_of(
    wire: Wire, sealer: Sealer, row: Row, item_rows: Sequence[Row], payment_rows: Sequence[Row], adjusted: Sequence[Row]
) -> Order:
    """An order from its row and those of its parts."""
    (
        id,
        number,
        customer_id,
        manager_id,
        placed_by,
        external_reference,
        ordered_at,
        status,
        cancel_reason,
        on_decline,
        expires_at,
        currency,
        total_minor,
        _,
        _,
        personal,
        version,
        event_count,
    ) = row
    known = orjson.loads(sealer.open(personal))
    return Order(
        id=wire.to_id(id),
        number=number,
        customer_id=wire.to_id(customer_id),
        contact=restore(Contact, known["contact"]),
        ship_to=restore(Address, known["ship_to"]),
        manager_id=wire.to_id(manager_id),
        placed_by=wire.to_id(placed_by),
        external_reference=external_reference,
        ordered_at=wire.to_moment(ordered_at),
        status=_ORDER_STATUS[status],
        cancel_reason=None if cancel_reason is None else _CANCEL_REASON[cancel_reason],
        on_decline=_ON_DECLINE[on_decline],
        expires_at=None if expires_at is None else wire.to_moment(expires_at),
        items=_items_of(wire, currency, item_rows),
        adjustments=tuple(_adjustment_of(wire, currency, each) for each in adjusted),
        total=Money(total_minor, currency),
        payment=_payment_of(wire, sealer, currency, payment_rows),
        version=version,
        event_count=event_count,
    )


def _items_of(wire: Wire, currency: str, rows: Sequence[Row]) -> tuple[OrderItem, ...]:
    items: list[OrderItem] = []
    latest = -1
    for row in rows:
        (_, position, id, product_id, sku, name, price, quantity, total, *counts, location_id, reserved) = row
        allocations: tuple[Allocation, ...] = ()
        if location_id is not None:
            allocations = (Allocation(location_id=wire.to_id(location_id), quantity=reserved),)
        if position == latest:
            allocations = (*items.pop().allocations, *allocations)
        latest = position
        claimed, cancelled, shipped, delivered, returned = counts
        items.append(
            OrderItem(
                id=wire.to_id(id),
                product_id=wire.to_id(product_id),
                sku=sku,
                name=name,
                unit_price=Money(price, currency),
                quantity=quantity,
                line_total=Money(total, currency),
                quantity_claimed=claimed,
                quantity_cancelled=cancelled,
                quantity_shipped=shipped,
                quantity_delivered=delivered,
                quantity_returned=returned,
                allocations=allocations,
            )
        )
    return tuple(items)


def _adjustment_of(wire: Wire, currency: str, row: Row) -> Adjustment:
    _, id, kind, label, amount_minor, item_id, is_tax_included = row
    return Adjustment(
        id=wire.to_id(id),
        kind=kind,
        label=label,
        amount=Money(amount_minor, currency),
        item_id=None if item_id is None else wire.to_id(item_id),
        is_tax_included=bool(is_tax_included),
    )


_PAYMENT_WIDTH = len(tables.payments.columns)


def _payment_of(wire: Wire, sealer: Sealer, currency: str, rows: Sequence[Row]) -> Payment:
    (
        _,
        id,
        amount_minor,
        method,
        status,
        is_external,
        _,
        authorised,
        captured,
        refunded,
        authorise_pending,
        capture_pending,
        refund_pending,
        changed_at,
        _,
    ) = rows[0][:_PAYMENT_WIDTH]
    return Payment(
        id=wire.to_id(id),
        amount=Money(amount_minor, currency),
        method=_PAYMENT_METHOD[method],
        status=_PAYMENT_STATUS[status],
        is_external=bool(is_external),
        authorised=authorised,
        captured=captured,
        refunded=refunded,
        authorise_pending=authorise_pending,
        capture_pending=capture_pending,
        refund_pending=refund_pending,
        attempts=tuple(
            _attempt_of(wire, sealer, currency, row[_PAYMENT_WIDTH:]) for row in rows if row[_PAYMENT_WIDTH] is not None
        ),
        changed_at=wire.to_moment(changed_at),
    )


def _attempt_of(wire: Wire, sealer: Sealer, currency: str, row: Row) -> Attempt:
    _, _, id, kind, status, amount_minor, token, reference, decline_code, started_at, finished_at = row
    return Attempt(
        id=wire.to_id(id),
        kind=_ATTEMPT_KIND[kind],
        status=_ATTEMPT_STATUS[status],
        amount=Money(amount_minor, currency),
        token=None if token is None else sealer.open(token).decode(),
        reference=reference,
        decline_code=decline_code,
        started_at=wire.to_moment(started_at),
        finished_at=None if finished_at is None else wire.to_moment(finished_at),
    )


# -- shipments --------------------------------------------------------------------------------------------------


def shipment_row(wire: Wire, sealer: Sealer, shipment: Shipment) -> Row:
    """A shipment for its table."""
    label = shipment.label
    return (
        wire.id(shipment.id),
        wire.id(shipment.order_id),
        shipment.status._value_,
        None if label is None else label.carrier,
        None if label is None else label.tracking_number,
        None if label is None else sealer.seal(label.document),
        None if label is None else label.media_type,
        shipment.failure,
        wire.moment(shipment.started_at),
        shipment.version,
        shipment.event_count + len(shipment.facts),
    )


def shipment_of(wire: Wire, sealer: Sealer, row: Row, lines: Iterable[Row]) -> Shipment:
    """A shipment from its row and its lines."""
    (
        id,
        order_id,
        status,
        carrier,
        tracking_number,
        document,
        media_type,
        failure,
        started_at,
        version,
        event_count,
    ) = row
    label = None
    if document is not None:
        label = Label(
            carrier=carrier,
            tracking_number=tracking_number,
            document=sealer.open(bytes(document)),
            media_type=media_type,
        )
    return Shipment(
        id=wire.to_id(id),
        order_id=wire.to_id(order_id),
        lines=tuple(ShipmentLine(order_item_id=wire.to_id(item_id), quantity=count) for _, item_id, count in lines),
        status=_SHIPMENT_STATUS[status],
        label=label,
        failure=failure,
        started_at=wire.to_moment(started_at),
        version=version,
        event_count=event_count,
    )


# -- requests and events ----------------------------------------------------------------------------------------


def stored_request_of(wire: Wire, row: Row) -> StoredRequest:
    """A claim that was made before, from its row."""
    actor_id, key, operation, fingerprint, resource_id, outcome, claimed_at, _ = row
    claim = RequestClaim(
        actor_id=wire.to_id(actor_id),
        key=key,
        operation=operation,
        fingerprint=bytes(fingerprint),
        resource_id=wire.to_id(resource_id),
        outcome=outcome,
    )
    return StoredRequest(claim=claim, claimed_at=wire.to_moment(claimed_at))


def event_rows(wire: Wire, aggregate: Aggregate) -> Iterable[Row]:
    """An aggregate's new facts for the events table, numbered on in its own stream."""
    stream_id = wire.id(aggregate.id)
    for number, fact in enumerate(aggregate.facts, start=aggregate.event_count + 1):
        payload = fact.__dict__.copy()
        del payload["occurred_at"], payload["actor_id"]
        if payload["note"] is None:
            del payload["note"]
        yield (
            aggregate.stream,
            stream_id,
            number,
            fact.type,
            wire.moment(fact.occurred_at),
            wire.id(fact.actor_id),
            orjson.dumps(payload, default=_plain).decode(),
            None,
        )


def _plain(value: Any) -> Mapping[str, Any]:
    """The fields of a value inside an event."""
    known: Mapping[str, Any] = value.__dict__
    return known
