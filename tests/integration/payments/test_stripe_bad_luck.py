"""Many orders, faults in a shuffled order and a provider that is killed: at the end both books agree to the cent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from uuid import UUID

import pytest

import ordercore
from ordercore import AddProduct, Address, Contact, ItemRequest, Money, OrderStatus, PaymentDetails, PlaceOrder
from ordercore.application.shipping import ShipOrder
from ordercore.application.steering import CancelOrder
from ordercore.domain.errors import OrderCoreError
from ordercore.domain.payment import AttemptKind
from ordercore.testing.stripe.faults import Fault
from ordercore.testing.stripe.process import KEY, StripeProcess
from tests.integration.payments.asking import AUTHORISE, CAPTURE, PATHS, VOID

ORDERS, AT_ONCE, ROUNDS = 40, 4, 20
KILLED_BEFORE = (11, 27)
QUICK = [
    Fault.DROP_BEFORE,
    Fault.ERROR_BEFORE,
    Fault.RATE_LIMIT,
    Fault.DROP_AFTER,
    Fault.ERROR_AFTER,
    Fault.ERROR_KEPT,
    Fault.NOT_JSON,
    Fault.HALF,
    Fault.NO_STATUS,
    Fault.OTHER_AMOUNT,
    Fault.UNKNOWN_STATUS,
]


@pytest.mark.parametrize("seed", [1, 2])
def test_both_books_agree_to_the_cent(
    own_stripe: StripeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("ORDERCORE_STRIPE_KEY", KEY)
    monkeypatch.setenv("ORDERCORE_STRIPE_BASE", own_stripe.base)
    with ordercore.open(f"sqlite:///{tmp_path}/shop.db") as shop:
        shop.catalogue.add_product(
            AddProduct(sku="MUG", name="Mug", price=Money.of("0.01", "EUR"), quantity_in_stock=10_000)
        )
        plan(own_stripe, AUTHORISE, seed)
        ids = placed(shop, own_stripe)
        settled(shop, ids)
        assert {shop.ordering.get(id).status for id in ids} == {OrderStatus.CONFIRMED}
        for kind in (CAPTURE, VOID):
            plan(own_stripe, kind, seed)
        moved_on(shop, ids)
        settled(shop, ids)
        ours = {
            str(order.payment.attempts[0].id): (
                1,
                order.payment.authorised,
                order.payment.captured,
                order.payment.refunded,
            )
            for order in map(shop.ordering.get, ids)
        }
    theirs = {
        key: (each["intents"], each["authorised"], each["captured"], each["refunded"])
        for key, each in own_stripe.totals().items()
    }
    assert theirs == ours
    assert sum(captured for _, _, captured, _ in ours.values()) == sum(range(1, ORDERS + 1, 2))


def plan(stripe: StripeProcess, kind: AttemptKind, seed: int) -> None:
    for fault in random.Random(seed).sample(QUICK, len(QUICK)):
        stripe.plan(fault, PATHS[kind])


def placed(shop: ordercore.OrderCore, stripe: StripeProcess) -> Sequence[UUID]:
    """All orders, the nth of n mugs; before some the provider is killed and comes back, in the middle of others."""
    one_at_a_time = Lock()

    def place(number: int) -> UUID:
        if number in KILLED_BEFORE:
            with one_at_a_time:
                stripe.kill()
                stripe.start()
        command = PlaceOrder(
            customer=Contact(name="Ada Example", email=f"ada{number}@example.com"),
            ship_to=Address(line1="1 Main Street", city="Springfield", country="US"),
            items=[ItemRequest(sku="MUG", quantity=number)],
            payment=PaymentDetails(token="tok_visa"),
        )
        return shop.ordering.place(command, idempotency_key=f"order-{number}").id

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(place, range(1, ORDERS + 1)))


def moved_on(shop: ordercore.OrderCore, ids: Sequence[UUID]) -> None:
    """Every other order is shipped, the rest is cancelled; what the provider leaves open is settled and tried again."""

    def move(index: int) -> None:
        order = shop.ordering.get(ids[index])
        try:
            if index % 2 == 0 and order.status is OrderStatus.CONFIRMED:
                shop.shipping.ship(ShipOrder(order_id=order.id))
            elif index % 2 and order.status is not OrderStatus.CANCELLED:
                shop.ordering.cancel(CancelOrder(order_id=order.id, reason="the customer changed their mind"))
        except OrderCoreError:
            shop.payments.settle(order.id)

    for _ in range(3):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(move, range(len(ids))))
        settled(shop, ids)


def settled(shop: ordercore.OrderCore, ids: Sequence[UUID]) -> None:
    """Nothing waits for an answer any more; each asking gets a little further."""
    for _ in range(ROUNDS):
        waiting = [id for id in ids if shop.ordering.get(id).payment.open_attempt is not None]
        if not waiting:
            return
        for id in waiting:
            shop.payments.settle(id)
    pytest.fail(f"{len(waiting)} payments still wait")
