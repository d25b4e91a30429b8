from __future__ import annotations

import orjson
from hypothesis import given

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.events import event_rows
from ordercore.domain.order import Order
from ordercore.testing import strategies
from ordercore.testing.store_samples import HOME, ORDER_LIVES, a_customer, a_product, an_order
from tests.unit.adapters.sql.mapping.stored import WIRES, as_stored


@given(order=strategies.orders())
def test_events_are_numbered_on_and_say_everything_but_empty_fields(order: Order) -> None:
    for wire in WIRES:
        rows = [as_stored(tables.events, row) for row in event_rows(wire, order)]
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
    payloads = [row[6] for row in event_rows(WIRES[0], order)]
    assert len(payloads) == 4
    for personal in (order.contact.name, order.contact.email, "5550100", order.ship_to.line1, HOME.line1, HOME.city):
        assert not [payload for payload in payloads if personal in payload]
