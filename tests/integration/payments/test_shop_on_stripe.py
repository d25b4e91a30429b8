"""A shop that was switched to Stripe by the environment alone: its books and Stripe's agree to the cent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ordercore
from ordercore import AddProduct, Address, Contact, ItemRequest, Money, OrderStatus, PaymentDetails, PlaceOrder, Verdict
from ordercore.application.shipping import ShipOrder
from ordercore.application.steering import CancelOrder
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.lifecycles import PaymentStatus
from ordercore.domain.order import Order
from ordercore.testing.stripe.faults import Fault
from ordercore.testing.stripe.process import KEY, StripeProcess


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shop.db"
    url: str = request.getfixturevalue("postgres_url")
    ordercore.bootstrap.migrate(url)
    return url


@pytest.fixture
def switched(own_stripe: StripeProcess, monkeypatch: pytest.MonkeyPatch) -> StripeProcess:
    monkeypatch.setenv("ORDERCORE_STRIPE_KEY", KEY)
    monkeypatch.setenv("ORDERCORE_STRIPE_BASE", own_stripe.base)
    return own_stripe


@pytest.fixture
def shop(switched: StripeProcess, database: str) -> Iterator[ordercore.OrderCore]:  # noqa: ARG001 - comes first
    with ordercore.open(database) as opened:
        opened.catalogue.add_product(
            AddProduct(sku="MUG", name="Mug", price=Money.of("12.50", "EUR"), quantity_in_stock=40)
        )
        yield opened


def place(shop: ordercore.OrderCore, token: str = "tok_visa", quantity: int = 2) -> Order:
    return shop.ordering.place(
        PlaceOrder(
            customer=Contact(name="Ada Example", email="ada@example.com"),
            ship_to=Address(line1="1 Main Street", city="Springfield", country="US"),
            items=[ItemRequest(sku="MUG", quantity=quantity)],
            payment=PaymentDetails(token=token),
        )
    )


def books(shop: ordercore.OrderCore, order: Order) -> tuple[int, int, int]:
    payment = shop.ordering.get(order.id).payment
    return payment.authorised, payment.captured, payment.refunded


def test_orders_are_held_taken_given_up_and_given_back_at_stripe(
    switched: StripeProcess, shop: ordercore.OrderCore
) -> None:
    sold, ended = place(shop), place(shop)
    assert sold.status is OrderStatus.CONFIRMED
    shop.shipping.ship(ShipOrder(order_id=sold.id))
    shop.ordering.cancel(CancelOrder(order_id=ended.id, reason="the customer changed their mind"))
    assert books(shop, sold) == (2500, 2500, 0)
    assert shop.ordering.get(ended.id).payment.status is PaymentStatus.VOIDED
    held = switched.totals()
    for order in (sold, ended):
        of_stripe = held[str(order.payment.attempts[0].id)]
        assert (of_stripe["authorised"], of_stripe["captured"], of_stripe["refunded"]) == books(shop, order)
    broken = [each.check for each in shop.examine() if each.verdict is Verdict.BROKEN]
    assert [check for check in broken if check != "durability"] == []  # the tests' PostgreSQL syncs nothing
    assert "provider stripe" in next(each.detail for each in shop.examine() if each.check == "payment_provider")


def test_what_was_taken_for_a_cancelled_order_is_given_back(
    switched: StripeProcess, shop: ordercore.OrderCore, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERCORE_CAPTURE", "confirmed")
    with ordercore.open(database) as prompt:
        order = place(prompt)
        assert books(shop, order) == (2500, 2500, 0)
        prompt.ordering.cancel(CancelOrder(order_id=order.id, reason="the customer changed their mind"))
    assert books(shop, order) == (2500, 2500, 2500)
    (of_stripe,) = switched.totals().values()
    assert (of_stripe["captured"], of_stripe["refunded"]) == (2500, 2500)


def test_an_answer_that_was_lost_is_asked_for_and_charged_once(
    switched: StripeProcess, shop: ordercore.OrderCore
) -> None:
    switched.plan(Fault.DROP_AFTER, "/payment_intents")
    order = place(shop)
    assert order.payment.is_unknown
    settled = shop.payments.settle(order.id)
    assert settled.status is OrderStatus.CONFIRMED
    (held,) = switched.totals().values()
    assert (held["intents"], held["authorised"]) == (1, 2500)


@pytest.mark.parametrize("fault", [Fault.OTHER_AMOUNT, Fault.OTHER_CURRENCY])
def test_another_amount_than_was_asked_for_is_no_answer(
    switched: StripeProcess, shop: ordercore.OrderCore, fault: Fault
) -> None:
    switched.plan(fault, "/payment_intents")
    order = place(shop)
    assert order.payment.is_unknown
    assert shop.payments.settle(order.id).status is OrderStatus.CONFIRMED


def test_a_setting_that_is_wrong_opens_no_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCORE_STRIPE_KEY", "pk_test_1")
    with pytest.raises(InvalidRequest, match="ORDERCORE_STRIPE_KEY"):
        ordercore.in_memory()


def test_without_the_sdk_the_shop_says_what_to_install(own_stripe: StripeProcess) -> None:
    program = (
        "import sys\nsys.modules['stripe'] = None\nimport ordercore\n"
        "try: ordercore.in_memory()\nexcept ordercore.OrderCoreError as refusal: print(refusal)"
    )
    environment = {**os.environ, "ORDERCORE_STRIPE_KEY": KEY, "ORDERCORE_STRIPE_BASE": own_stripe.base}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert "ordercore[stripe]" in done.stdout


def test_the_demo_charges_nobody_for_real(tmp_path: Path) -> None:
    environment = {**os.environ, "ORDERCORE_STRIPE_KEY": "sk_live_1"}
    program = [sys.executable, "-m", "ordercore", "demo", "--database", f"sqlite:///{tmp_path}/demo.db"]
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert "test key" in done.stderr
    assert not list(tmp_path.iterdir())
