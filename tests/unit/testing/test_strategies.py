"""Every type of the domain and every command has a strategy, and what is drawn is what the domain would make."""

import importlib
import inspect
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ordercore.application import (
    admins,
    catalogue,
    customers,
    importing,
    ordering,
    payments,
    placing,
    shipping,
    tokens,
    work_items,
)
from ordercore.domain import fields
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.customer import Address, Contact
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.money import total_of
from ordercore.domain.order import Order
from ordercore.domain.payment import AttemptStatus
from ordercore.domain.product import Product, StockLevel
from ordercore.testing import strategies

DRAWN: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
    name: getattr(strategies, name) for name in strategies.__all__ if name not in ("saved", "texts")
}
BY_USE_CASES = {
    "QuotedLine",
    "QuoteAnswer",
    "Placement",
    "PricedLine",
    "LabelRecording",
    "ImportOutcome",
    "Hashed",
}


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_every_strategy_draws_at_once(name: str) -> None:
    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @given(DRAWN[name]())
    def draw(value: object) -> None:
        hash(value)

    draw()


def commands_of(module: ModuleType) -> set[str]:
    return {
        name
        for name, cls in inspect.getmembers(module, inspect.isclass)
        if cls.__module__ == module.__name__ and attrs.has(cls) and not name.startswith("_")
    }


def drawn_types() -> set[str]:
    """Read from the annotations; those of composite strategies are wrapped by Hypothesis."""
    returned = (str(inspect.signature(strategy).return_annotation) for strategy in DRAWN.values())
    return {found[0] for text in returned if (found := re.findall(r"(\w+)\W*$", text))}


@pytest.mark.parametrize(
    "module",
    [admins, catalogue, customers, importing, ordering, payments, placing, shipping, tokens, work_items],
    ids=lambda module: module.__name__.rpartition(".")[2],
)
def test_every_command_has_a_strategy(module: ModuleType) -> None:
    assert commands_of(module) - BY_USE_CASES <= drawn_types()


def test_every_aggregate_has_a_strategy() -> None:
    for module in ("admin", "customer", "order", "product", "product_import", "shipment"):
        importlib.import_module(f"ordercore.domain.{module}")
    assert {cls.__name__ for cls in Aggregate.__subclasses__()} <= drawn_types()


@given(strategies.addresses(), strategies.contacts())
def test_values_stay_as_they_are_when_they_enter_again(address: Address, contact: Contact) -> None:
    assert attrs.evolve(address) == address
    assert attrs.evolve(contact) == contact


@given(st.data())
def test_texts_keep_their_bounds(data: st.DataObject) -> None:
    least, most = sorted(data.draw(st.tuples(st.integers(1, 10), st.integers(1, 50))))
    value = data.draw(strategies.texts(most=most, least=least))
    assert value == value.strip()
    (attribute,) = attrs.fields(attrs.make_class("Form", ["value"]))
    fields.text(most=most, least=least)(None, attribute, value)


@given(strategies.stock_levels())
def test_stock_is_within_its_bounds(level: StockLevel) -> None:
    assert 0 <= level.reserved <= level.on_hand


@given(strategies.products())
def test_products_have_as_much_as_their_movements_say(product: Product) -> None:
    assert product.on_hand == sum(movement.quantity for movement in product.movements)
    assert 0 <= product.reserved <= product.on_hand
    assert product.facts


@given(strategies.orders())
def test_orders_keep_what_always_holds(order: Order) -> None:
    payment = order.payment
    amounts = [item.line_total for item in order.items] + [one.amount for one in order.adjustments]
    assert order.total == payment.amount == total_of(amounts, order.total.currency)
    assert order.total.amount_minor >= 0
    assert payment.captured + payment.capture_pending <= payment.authorised
    assert payment.refunded + payment.refund_pending <= payment.captured
    assert payment.authorised + payment.authorise_pending <= payment.amount.amount_minor
    assert sum(attempt.is_open for attempt in payment.attempts) <= 1
    for item in order.items:
        assert item.quantity_shipped + item.quantity_claimed + item.quantity_cancelled <= item.quantity
        assert item.quantity_reserved in (0, item.quantity)


@given(strategies.orders())
def test_a_saved_order_differs_in_its_count_of_events_only(order: Order) -> None:
    kept = strategies.saved(order)
    assert (kept.facts, kept.event_count) == ((), len(order.facts))
    assert attrs.evolve(kept, event_count=order.event_count) == order


REACHED: dict[str, Callable[[Order], bool]] = {
    **{f"order {status}": lambda order, status=status: order.status is status for status in OrderStatus},  # type: ignore[misc] # bound now
    **{f"payment {status}": lambda order, status=status: order.payment.status is status for status in PaymentStatus},  # type: ignore[misc] # bound now
    "unknown attempt": lambda order: order.payment.is_unknown,
    "declined attempt": lambda order: (
        order.payment.attempts != () and order.payment.attempts[-1].status is AttemptStatus.DECLINED
    ),
    "contradicted attempt": lambda order: order.payment.discrepancy != 0,
    "claimed": lambda order: any(item.quantity_claimed for item in order.items),
    "free": lambda order: order.total.amount_minor == 0,
    "adjusted": lambda order: order.adjustments != (),
}
OUT_OF_REACH = {"order partially_shipped", "payment partially_refunded"}


class EverythingSeen(Exception):
    """There is no corner left to look for."""


def test_orders_reach_every_corner_of_their_lives() -> None:
    seen: set[str] = set()

    @settings(max_examples=5_000, derandomize=True, database=None, phases=(Phase.generate,))
    @given(strategies.orders())
    def draw(order: Order) -> None:
        seen.update(what for what, is_there in REACHED.items() if is_there(order))
        if seen == set(REACHED) - OUT_OF_REACH:
            raise EverythingSeen

    with pytest.raises(EverythingSeen):
        draw()
