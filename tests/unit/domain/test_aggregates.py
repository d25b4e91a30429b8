import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from attrs.exceptions import FrozenInstanceError

import ordercore.domain
from ordercore.domain.aggregates import Aggregate, Event, streams
from ordercore.domain.order_events import PaymentEvent
from tests.support.domain import ACTOR, NOON, SHIPMENT, a_product, claimed_order, confirmed_order


def classes() -> list[type[Any]]:
    """Every class of the domain with attributes of its own."""
    modules = [
        importlib.import_module(f"ordercore.domain.{each.name}")
        for each in pkgutil.iter_modules(ordercore.domain.__path__)
    ]
    found = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return sorted((each for each in found if attrs.has(each)), key=lambda each: each.__name__)


def below(cls: type[Any]) -> Iterator[type[Any]]:
    for child in cls.__subclasses__():
        yield child
        yield from below(child)


@pytest.mark.parametrize("cls", classes())
def test_every_class_of_the_domain_is_frozen(cls: type[Any]) -> None:
    blank = cls.__new__(cls)  # type: ignore[call-overload] # mypy takes it for the metaclass
    names = [each.name for each in attrs.fields(cls)] or ["anything"]
    with pytest.raises(FrozenInstanceError):
        setattr(blank, names[0], None)


def test_every_event_has_a_stable_public_name_of_its_own() -> None:
    names = [event.type for event in below(Event) if event is not PaymentEvent]
    assert len(names) == len(set(names))
    for name in names:
        subject, _, rest = name.partition(".")
        assert subject in {
            "order",
            "payment",
            "shipment",
            "product",
            "import",
            "customer",
            "admin",
            "token",
            "work_item",
            "subscription",
        }
        assert rest.endswith(".v1")


def test_every_aggregate_has_a_stream_of_its_own() -> None:
    by_class = {aggregate.__name__: aggregate.stream for aggregate in below(Aggregate)}
    assert by_class == {
        "AdminUser": "admin",
        "ApiToken": "token",
        "Customer": "customer",
        "Order": "order",
        "Product": "product",
        "ProductImport": "import",
        "Shipment": "shipment",
        "Subscription": "subscription",
        "WorkItem": "work_item",
    }
    assert streams() == tuple(sorted(by_class.values()))


def test_what_was_not_yet_saved_is_no_part_of_equality() -> None:
    order = confirmed_order()
    assert attrs.evolve(order, facts=(a_fact(),), replayed=True) == order
    product = a_product(reserved=1)
    assert attrs.evolve(product, facts=(a_fact(),)) == product


def a_fact() -> Event:
    (fact,) = claimed_order().ship(SHIPMENT, tracking_number="T1", at=NOON, actor_id=ACTOR).facts
    return fact
