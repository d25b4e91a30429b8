from collections.abc import Callable
from uuid import UUID

import pytest
from attrs import evolve

from ordercore.domain.errors import TransitionRefused
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.domain.shipment import (
    Label,
    Shipment,
    ShipmentDelivered,
    ShipmentFailed,
    ShipmentLabelled,
    ShipmentLine,
    ShipmentStarted,
)
from tests.support.domain import ACTOR, LATER, NOON, SHIPMENT, facts_of_step

LABEL = Label(carrier="fake", tracking_number="T1", document=b"Anna Meyer, 1 Elm Street", media_type="text/plain")
ORDER = UUID(int=140)


def a_shipment(status: ShipmentStatus = ShipmentStatus.PENDING) -> Shipment:
    started = Shipment.start(
        id=SHIPMENT,
        order_id=ORDER,
        lines=(ShipmentLine(order_item_id=UUID(int=1), quantity=3),),
        at=NOON,
        actor_id=ACTOR,
    )
    return evolve(started, status=status, facts=())


def label(shipment: Shipment) -> Shipment:
    return shipment.labelled(LABEL, at=LATER, actor_id=ACTOR)


def fail(shipment: Shipment) -> Shipment:
    return shipment.failed("no money", at=LATER, actor_id=ACTOR)


def deliver(shipment: Shipment) -> Shipment:
    return shipment.delivered(at=LATER, actor_id=ACTOR)


STEPS: list[tuple[Callable[[Shipment], Shipment], set[str], str, type]] = [
    (label, {"pending"}, "labelled", ShipmentLabelled),
    (fail, {"pending"}, "failed", ShipmentFailed),
    (deliver, {"labelled", "in_transit", "exception"}, "delivered", ShipmentDelivered),
]


@pytest.mark.parametrize("status", ShipmentStatus)
@pytest.mark.parametrize(("step", "allowed", "leads_to", "fact"), STEPS)
def test_every_shipment_in_every_status_takes_or_refuses_every_step(
    step: Callable[[Shipment], Shipment], allowed: set[str], leads_to: str, fact: type, status: ShipmentStatus
) -> None:
    shipment = a_shipment(status)
    if status.value not in allowed:
        with pytest.raises(TransitionRefused, match=f"This shipment is {status}"):
            step(shipment)
        return
    assert facts_of_step(shipment, lambda: step(shipment)) == (fact,)
    assert step(shipment).status == leads_to


def test_a_started_shipment_tells_its_order() -> None:
    shipment = Shipment.start(id=SHIPMENT, order_id=ORDER, lines=(), at=NOON, actor_id=ACTOR)
    (fact,) = shipment.facts
    assert isinstance(fact, ShipmentStarted)
    assert (fact.order_id, shipment.status, shipment.version) == (ORDER, ShipmentStatus.PENDING, 1)


def test_a_labelled_shipment_keeps_its_label_and_tells_its_tracking_number() -> None:
    labelled = label(a_shipment())
    (fact,) = labelled.facts
    assert labelled.label == LABEL
    assert isinstance(fact, ShipmentLabelled)
    assert (fact.carrier, fact.tracking_number, fact.order_id) == ("fake", "T1", ORDER)


def test_a_failed_shipment_keeps_its_reason() -> None:
    assert fail(a_shipment()).failure == "no money"


def test_a_shipment_has_its_own_key_at_the_carrier() -> None:
    assert a_shipment().carrier_key == str(SHIPMENT)


def test_the_address_on_a_label_is_never_printed() -> None:
    assert "Elm Street" not in repr(label(a_shipment()))
