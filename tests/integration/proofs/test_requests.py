"""A request takes effect once, whoever repeats it, wherever, whenever; and answers the same again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier as ProcessBarrier
from pathlib import Path
from threading import Barrier, Thread
from typing import TypeVar
from uuid import UUID

import pytest
from attrs import evolve

from ordercore import (
    Actor,
    ActorKind,
    CancelOrder,
    Contact,
    ItemRequest,
    OnDecline,
    OrderCore,
    OrderStatus,
    PaymentDetails,
    PayOrder,
    ReceiveStock,
    ShipOrder,
)
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.domain.errors import KeyReused, OrderCoreError, OutOfStock, PaymentDeclined, RequestInProgress
from ordercore.domain.order import Order
from ordercore.domain.payment import AttemptKind, ProviderAnswer
from ordercore.ports.gateway import ProviderCall
from ordercore.testing.faults import Cut, Fault
from tests.support.audit import snapshot
from tests.support.buyers import fill, open_shop, processes
from tests.support.crash import HURRY, REQUEST, REQUEST_KEY, LaterClock, Victim, Work, check, recovered, stock_up

E = TypeVar("E", bound=OrderCoreError)

OVER_HTTP = Actor(kind=ActorKind.TOKEN, id=UUID(int=7), origin="http")
ON_THE_COMMAND_LINE = Actor(kind=ActorKind.TOKEN, id=UUID(int=7), origin="cli")
SOMEBODY_ELSE = Actor(kind=ActorKind.TOKEN, id=UUID(int=8), origin="http")


@pytest.fixture
def books(tmp_path: Path) -> Path:
    return tmp_path / "books"


@pytest.fixture
def shop(url: str, books: Path) -> Iterator[OrderCore]:
    """A shop with ten pieces of it."""
    with open_shop(url, books) as opened:
        fill(opened, pieces=10)
        yield opened


@pytest.fixture
def is_synced(url: str) -> bool:
    return url.startswith("sqlite")


@contextmanager
def one_effect(shop: OrderCore, *, orders: int = 1, is_synced: bool) -> Iterator[None]:
    """Afterwards there are so many orders, so many charges, so much less stock, and all is well."""
    yield
    found = snapshot(shop._core.store)
    gateway = shop._core.gateway
    assert isinstance(gateway, FakeGateway)
    assert len(found.orders) == orders
    assert [each.request.kind for each in gateway.entries()].count(AttemptKind.AUTHORISE) == orders
    assert shop.catalogue.by_sku("HOT").available == 10 - 2 * orders
    check(shop, [], is_synced=is_synced)


# -- at once --------------------------------------------------------------------------------------------------------


def test_the_same_key_in_one_batch(shop: OrderCore, is_synced: bool) -> None:
    with one_effect(shop, is_synced=is_synced):
        first, *others = shop.ordering.place_many([REQUEST] * 4, idempotency_keys=[REQUEST_KEY] * 4)
    assert isinstance(first, Order)
    assert not first.replayed
    assert others == [first] * 3
    assert all(other.replayed for other in others)


def test_the_same_key_in_many_threads(shop: OrderCore, is_synced: bool) -> None:
    orders: list[Order] = []
    gate = Barrier(16)

    def ask() -> None:
        gate.wait()
        orders.append(shop.ordering.place(REQUEST, idempotency_key=REQUEST_KEY))

    with one_effect(shop, is_synced=is_synced):
        in_threads(ask, 16)
    assert len({order.id for order in orders}) == 1
    assert {order.status for order in orders} == {OrderStatus.CONFIRMED}
    assert sorted(order.replayed for order in orders) == [False] + [True] * 15


def test_the_same_key_in_processes(shop: OrderCore, url: str, books: Path, is_synced: bool) -> None:
    with one_effect(shop, is_synced=is_synced):
        answers = in_processes(url, books, 4)
    assert len({id for id, _, _ in answers}) == 1
    assert {status for _, status, _ in answers} == {OrderStatus.CONFIRMED}
    assert sorted(replayed for _, _, replayed in answers) == [False, True, True, True]


def test_a_cancelling_and_a_shipping_repeated_at_once_happen_once(shop: OrderCore, is_synced: bool) -> None:
    shipped, cancelled = shop.ordering.place(REQUEST), shop.ordering.place(REQUEST)
    gate = Barrier(8)

    def ask() -> None:
        gate.wait()
        shop.shipping.ship(ShipOrder(order_id=shipped.id), idempotency_key="ship")
        shop.ordering.cancel(CancelOrder(order_id=cancelled.id), idempotency_key="cancel")

    in_threads(ask, 8)
    gateway = shop._core.gateway
    assert isinstance(gateway, FakeGateway)
    kinds = [each.request.kind for each in gateway.entries()]
    assert (kinds.count(AttemptKind.CAPTURE), kinds.count(AttemptKind.VOID)) == (1, 1)
    assert len(shop.shipping.of_order(shipped.id)) == 1
    check(shop, [], is_synced=is_synced)


# -- later ----------------------------------------------------------------------------------------------------------


def test_one_actor_through_two_entries(shop: OrderCore, is_synced: bool) -> None:
    with one_effect(shop, is_synced=is_synced):
        first = shop.acting_as(OVER_HTTP).ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
        again = shop.acting_as(ON_THE_COMMAND_LINE).ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
    assert (again.id, first.replayed, again.replayed) == (first.id, False, True)


def test_two_actors_with_the_same_key(shop: OrderCore, is_synced: bool) -> None:
    with one_effect(shop, orders=2, is_synced=is_synced):
        first = shop.acting_as(OVER_HTTP).ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
        other = shop.acting_as(SOMEBODY_ELSE).ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
    assert first.id != other.id
    assert not other.replayed


def test_a_repeat_answers_the_order_as_it_is_now(shop: OrderCore) -> None:
    order = shop.ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
    shop.shipping.ship(ShipOrder(order_id=order.id))
    again = shop.ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
    assert (again.id, again.status, again.replayed) == (order.id, OrderStatus.SHIPPED, True)


def test_another_request_with_the_key_is_refused(shop: OrderCore, is_synced: bool) -> None:
    with one_effect(shop, is_synced=is_synced):
        order = shop.ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
        more = evolve(REQUEST, items=[ItemRequest(sku="HOT", quantity=3)])
        refused_as(KeyReused, lambda: shop.ordering.place(more, idempotency_key=REQUEST_KEY))
        refused_as(KeyReused, lambda: shop.ordering.cancel(CancelOrder(order_id=order.id), idempotency_key=REQUEST_KEY))
        (outcome,) = shop.ordering.place_many([more], idempotency_keys=[REQUEST_KEY])
        assert isinstance(outcome, KeyReused)


def test_two_spellings_of_one_request_are_one(shop: OrderCore, is_synced: bool) -> None:
    with one_effect(shop, is_synced=is_synced):
        first = shop.ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
        spaced = evolve(REQUEST, customer=Contact(name="  Ann ", email="ann@example.com "))
        assert shop.ordering.place(spaced, idempotency_key=REQUEST_KEY).id == first.id


def test_a_refusal_leaves_the_key_free(shop: OrderCore, is_synced: bool) -> None:
    greedy = evolve(REQUEST, items=[ItemRequest(sku="HOT", quantity=12)])
    refused_as(OutOfStock, lambda: shop.ordering.place(greedy, idempotency_key=REQUEST_KEY))
    found = snapshot(shop._core.store)
    assert (len(found.orders), len(found.others)) == (0, 1)  # nobody but the store's own admin
    wanted = shop.catalogue.by_sku("HOT").id
    shop.catalogue.receive_stock(ReceiveStock(product_id=wanted, quantity=5))
    order = shop.ordering.place(greedy, idempotency_key=REQUEST_KEY)
    assert (order.status, order.replayed) == (OrderStatus.CONFIRMED, False)
    check(shop, [], is_synced=is_synced)


def test_a_repeated_decline_is_declined_again_and_asks_nobody(shop: OrderCore, is_synced: bool) -> None:
    poor = evolve(REQUEST, payment=PaymentDetails(token="tok_chargeDeclined"))
    first = refused_as(PaymentDeclined, lambda: shop.ordering.place(poor, idempotency_key=REQUEST_KEY))
    again = refused_as(PaymentDeclined, lambda: shop.ordering.place(poor, idempotency_key=REQUEST_KEY))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.facts == first.facts
    gateway = shop._core.gateway
    assert isinstance(gateway, FakeGateway)
    assert len(gateway.entries()) == 1
    check(shop, [], is_synced=is_synced)


def test_a_decline_stays_the_answer_when_another_card_was_charged_since(shop: OrderCore, is_synced: bool) -> None:
    poor = evolve(REQUEST, payment=PaymentDetails(token="tok_chargeDeclined"), on_decline=OnDecline.HOLD)
    first = refused_as(PaymentDeclined, lambda: shop.ordering.place(poor, idempotency_key=REQUEST_KEY))
    paid = shop.ordering.pay(PayOrder(order_id=first.order_id, token="tok_visa"), idempotency_key="pay")
    assert paid.status is OrderStatus.CONFIRMED
    assert refused_as(PaymentDeclined, lambda: shop.ordering.place(poor, idempotency_key=REQUEST_KEY)).replayed
    assert shop.ordering.pay(PayOrder(order_id=first.order_id, token="tok_visa"), idempotency_key="pay").replayed
    check(shop, [], is_synced=is_synced)


# -- after a crash ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["place_order.commit.after", "gateway.authorise.before", "gateway.authorise.after"])
def test_a_repeat_resumes_what_a_killed_process_began(url: str, books: Path, point: str, is_synced: bool) -> None:
    """Killed between steps 1 and 3: soon after it is in progress, later it goes on, and is charged once."""
    stock_up(url, books)
    work = Work(name="sends_one_request", url=url, books=books, cuts=(Cut(point, Fault.KILL),))
    assert Victim(work).ends() == []
    with open_shop(url, books, settings=HURRY) as shop:
        refused_as(RequestInProgress, lambda: shop.ordering.place(REQUEST, idempotency_key=REQUEST_KEY))
    with open_shop(url, books, clock=LaterClock(minutes=1)) as shop:
        order = shop.ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
        assert order.replayed
        gateway = shop._core.gateway
        assert isinstance(gateway, FakeGateway)
        assert [each.request.key for each in gateway.entries()] == [order.payment.attempts[0].provider_key]
    with recovered(url, books) as shop:
        assert len(snapshot(shop._core.store).orders) == 1
        check(shop, [], is_synced=is_synced)


# -- a checker is tested too ----------------------------------------------------------------------------------------


def test_a_second_charge_is_noticed(shop: OrderCore, is_synced: bool) -> None:
    class Twice(FakeGateway):
        def call(self, request: ProviderCall) -> ProviderAnswer:
            super().call(evolve(request, key=f"{request.key} again"))
            return super().call(request)

    charging_twice = OrderCore(evolve(shop._core, gateway=Twice()))
    charging_twice.ordering.place(REQUEST)
    with pytest.raises(AssertionError, match="the provider knows a authorise that we do not"):
        check(charging_twice, [], is_synced=is_synced)


# -- helpers --------------------------------------------------------------------------------------------------------


def refused_as(kind: type[E], ask: Callable[[], object]) -> E:
    with pytest.raises(kind) as caught:
        ask()
    return caught.value


def in_threads(ask: Callable[[], None], count: int) -> None:
    threads = [Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_processes(url: str, books: Path, count: int) -> list[tuple[UUID, OrderStatus, bool]]:
    """The same request from so many processes at once: each one's order, its status, and whether it was a repeat."""
    gate = processes.Barrier(count)
    running = []
    for _ in range(count):
        hear, tell = processes.Pipe(duplex=False)
        process = processes.Process(target=place_in_a_process, args=(url, books, gate, tell))
        process.start()
        tell.close()
        running.append((process, hear))
    answers = []
    for process, hear in running:
        with hear:
            answers.append(hear.recv())
        process.join()
        process.close()
    return answers


def place_in_a_process(url: str, books: Path, gate: ProcessBarrier, tell: Connection) -> None:
    with open_shop(url, books) as shop:
        gate.wait(60)
        order = shop.ordering.place(REQUEST, idempotency_key=REQUEST_KEY)
        tell.send((order.id, order.status, order.replayed))
