from datetime import UTC, datetime
from typing import Any

import orjson
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.sql import mapping, tables
from ordercore.adapters.sql.wire import PostgresWire, Row, SqliteWire, Wire
from ordercore.domain.admin import AdminUser, ApiToken
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.customer import Customer
from ordercore.domain.order import Order
from ordercore.domain.product import MovementKind, Product
from ordercore.domain.shipment import Shipment
from ordercore.ports.store import RequestClaim, StoredRequest
from ordercore.testing import strategies
from ordercore.testing.store_samples import HOME, ORDER_LIVES, a_customer, a_product, an_order


class NoCursor:
    """Mapping sends nothing."""

    def execute(self, *_: Any) -> Any:
        raise AssertionError("mapping is pure")

    executemany = fetchall = execute


WIRES: tuple[Wire, ...] = (SqliteWire(NoCursor()), PostgresWire(NoCursor()))
SEALER = PlainSealer(bytes(16))


@given(customer=strategies.customers())
def test_a_customer_comes_back(customer: Customer) -> None:
    for wire in WIRES:
        row = as_stored(tables.customers, mapping.customer_row(wire, SEALER, customer))
        assert mapping.customer_of(wire, SEALER, row) == saved(customer)


@given(admin=strategies.admins())
def test_an_admin_user_comes_back(admin: AdminUser) -> None:
    for wire in WIRES:
        row = as_stored(tables.admin_users, mapping.admin_row(wire, admin))
        assert mapping.admin_of(wire, row) == saved(admin)


@given(token=strategies.api_tokens())
def test_a_token_comes_back(token: ApiToken) -> None:
    for wire in WIRES:
        row = as_stored(tables.api_tokens, mapping.token_row(wire, token))
        assert mapping.token_of(wire, row) == saved(token)


@given(product=strategies.products())
def test_a_product_comes_back_with_its_levels(product: Product) -> None:
    for wire in WIRES:
        row = as_stored(tables.products, mapping.product_row(wire, product))
        levels = mapping.levels_of(
            wire,
            [
                (wire.id(product.id), wire.id(level.location_id), level.on_hand, level.reserved)
                for level in product.levels
            ],
        )
        assert mapping.product_of(wire, row, levels[row[0]]) == evolve(saved(product), movements=())


@given(product=strategies.products())
def test_movements_sum_up_to_what_is_on_hand_and_are_numbered_by_their_events(product: Product) -> None:
    for wire in WIRES:
        rows = [
            dict(zip(tables.stock_movements.columns.keys(), row, strict=True))
            for row in mapping.movement_rows(wire, product)
        ]
        assert sum(row["quantity"] for row in rows) == sum(level.on_hand for level in product.levels)
        numbers = [row["number"] for row in rows]
        assert numbers == sorted(set(numbers))
        assert set(numbers) <= set(range(1, len(product.facts) + 1))
        assert [MovementKind(row["kind"]) for row in rows] == [each.kind for each in product.movements]


@given(order=strategies.orders())
def test_an_order_comes_back_with_its_parts(order: Order) -> None:
    for wire in WIRES:
        row = as_stored(tables.orders, mapping.order_row(wire, SEALER, order))
        payment = as_stored(tables.payments, mapping.payment_row(wire, order))
        attempts = [
            as_stored(tables.payment_attempts, mapping.attempt_row(wire, SEALER, order, position))
            for position in range(len(order.payment.attempts))
        ]
        nothing = (None,) * len(tables.payment_attempts.columns)
        found = mapping.orders_of(
            wire,
            SEALER,
            [row],
            joined_items(wire, order),
            [(*payment, *attempt) for attempt in attempts or [nothing]],
            [as_stored(tables.adjustments, each) for each in mapping.adjustment_rows(wire, order)],
        )
        assert found == {order.id: evolve(saved(order), payment=evolve(order.payment, entries=()))}


@given(order=strategies.orders())
def test_a_ledger_entry_keeps_its_amount_and_attempt(order: Order) -> None:
    for wire in WIRES:
        for entry in order.payment.entries:
            row = dict(zip(tables.ledger_entries.columns.keys(), mapping.entry_row(wire, order, entry), strict=True))
            assert (wire.to_id(row["order_id"]), wire.to_id(row["id"])) == (order.id, entry.id)
            assert (row["kind"], row["amount_minor"], wire.to_moment(row["at"])) == (
                entry.kind,
                entry.amount_minor,
                entry.at,
            )
            assert (row["attempt_id"] and wire.to_id(row["attempt_id"])) == entry.attempt_id


@given(shipment=strategies.shipments())
def test_a_shipment_comes_back_with_its_lines(shipment: Shipment) -> None:
    for wire in WIRES:
        row = as_stored(tables.shipments, mapping.shipment_row(wire, SEALER, shipment))
        lines = [(wire.id(shipment.id), wire.id(line.order_item_id), line.quantity) for line in shipment.lines]
        assert mapping.shipment_of(wire, SEALER, row, lines) == saved(shipment)


@given(
    claim=st.builds(
        RequestClaim,
        actor_id=strategies.uuid7s(),
        key=strategies.texts(most=200),
        operation=st.sampled_from(("place_order", "cancel_order")),
        fingerprint=st.binary(max_size=17),
        resource_id=strategies.uuid7s(),
        outcome=st.none() | st.sampled_from(("done", "payment_declined")),
    ),
    at=strategies.times(),
)
def test_a_request_comes_back(claim: RequestClaim, at: datetime) -> None:
    for wire in WIRES:
        row = (
            wire.id(claim.actor_id),
            claim.key,
            claim.operation,
            claim.fingerprint,
            wire.id(claim.resource_id),
            claim.outcome,
            wire.moment(at),
            None,
        )
        assert mapping.stored_request_of(wire, row) == StoredRequest(claim=claim, claimed_at=at)


@given(order=strategies.orders())
def test_events_are_numbered_on_and_say_everything_but_empty_fields(order: Order) -> None:
    for wire in WIRES:
        rows = [as_stored(tables.events, row) for row in mapping.event_rows(wire, order)]
        assert [row[2] for row in rows] == list(range(1, len(order.facts) + 1))
        for fact, (stream, stream_id, _, type_, occurred_at, actor_id, payload, _) in zip(
            order.facts, rows, strict=True
        ):
            assert (stream, wire.to_id(stream_id), type_) == ("order", order.id, fact.type)
            assert (wire.to_moment(occurred_at), wire.to_id(actor_id)) == (fact.occurred_at, fact.actor_id)
            said = {name for name, value in fact.__dict__.items() if value is not None}
            assert orjson.loads(payload).keys() == said - {"occurred_at", "actor_id"}


def test_no_event_holds_personal_data() -> None:
    order = an_order(number=1, customer=a_customer(phone="+49 221 5550100"), products=[a_product()])
    for step in ORDER_LIVES["address corrected"]:
        order = step(order)
    payloads = [row[6] for row in mapping.event_rows(WIRES[0], order)]
    assert len(payloads) == 4
    for personal in (order.contact.name, order.contact.email, "5550100", order.ship_to.line1, HOME.line1, HOME.city):
        assert not [payload for payload in payloads if personal in payload]


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_times_keep_their_microseconds(at: datetime) -> None:
    for wire in WIRES:
        assert wire.to_moment(wire.moment(at)) == at


def saved(aggregate: Any) -> Any:
    """As a store gives it back: its facts are counted."""
    assert isinstance(aggregate, Aggregate)
    return evolve(aggregate, facts=(), event_count=aggregate.event_count + len(aggregate.facts))


def as_stored(table: Any, row: Row) -> Row:
    """The row, after a look that each value fits its column as the drivers know it."""
    for column, value in zip(table.columns, row, strict=True):
        assert value is not None or column.nullable, column
        if column.type.python_type is bool:
            assert value in (0, 1), column
        if column.type.python_type is int and not isinstance(value, datetime):
            assert value is None or -(2**63) <= value < 2**63, column
    return row


def joined_items(wire: Wire, order: Order) -> list[Row]:
    """What ITEM_SELECT answers."""
    allocations: dict[int, list[Row]] = {}
    for allocation in mapping.allocation_rows(wire, order):
        allocations.setdefault(allocation[1], []).append((allocation[2], allocation[4]))
    return [
        (*as_stored(tables.order_items, row), *allocation)
        for row in mapping.item_rows(wire, order)
        for allocation in allocations.get(row[1], [(None, None)])
    ]
