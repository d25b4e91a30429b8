from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from ordercore.adapters.group_commit import GroupCommit
from ordercore.adapters.memory.store import MemoryStore
from ordercore.application.admins import AddAdmin
from ordercore.application.catalogue import ArchiveProduct
from ordercore.application.customers import RegisterCustomer
from ordercore.application.ordering import placement_of
from ordercore.application.placing import RESERVE, CustomerReference
from ordercore.application.pricing import ItemRequest, Quote
from ordercore.domain.actor import EMBEDDING, ActorKind, Permission
from ordercore.domain.errors import (
    AlreadyExists,
    AmountTooLarge,
    CurrencyMismatch,
    InvalidRequest,
    KeyReused,
    OrderCoreError,
    OutOfStock,
    PaymentDeclined,
    PermissionMissing,
    PriceChanged,
    StoreUnavailable,
    UnknownCustomer,
    UnknownProduct,
)
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.limits import MAX_ORDERS_PER_BATCH, MAX_QUANTITY
from ordercore.domain.money import Money
from ordercore.domain.order import OnDecline, Order
from ordercore.ports.commits import Change
from ordercore.testing.builders import IDS
from ordercore.testing.builders import a_customer as a_known_customer
from ordercore.testing.faults import FixedClock
from tests.support.cores import (
    ANN,
    DECLINED,
    HOME,
    OpenShop,
    a_command,
    a_shop,
    add,
    an_actor,
    available,
    placed,
    told_of,
)


def is_refused(outcome: Order | OrderCoreError, with_: type[OrderCoreError]) -> bool:
    return isinstance(outcome, with_)


def numbers_of(orders: Iterable[Order | OrderCoreError]) -> list[int]:
    return [order.number for order in orders if isinstance(order, Order)]


# -- what an order gets -------------------------------------------------------------------------------------------


def test_a_placed_order_is_confirmed_with_stock_reserved_and_money_held() -> None:
    shop = a_shop()
    mug = add(shop, quantity=10)
    order = placed(shop, {"MUG": 3})
    assert (order.status, order.payment.status, order.expires_at) == (
        OrderStatus.CONFIRMED,
        PaymentStatus.AUTHORISED,
        None,
    )
    assert (order.total, order.payment.authorised) == (Money.of("37.50", "EUR"), 3750)
    assert (order.contact, order.ship_to, order.items[0].product_id) == (ANN, HOME, mug.id)
    assert shop.catalogue.get(mug.id).reserved == 3
    assert not order.facts
    assert not order.replayed
    assert told_of(shop, order.id).kinds == ["confirmation"]
    assert [event.type for event in shop.ordering.history(order.id)] == [
        "order.placed.v1",
        "payment.recorded.v1",
        "order.confirmed.v1",
    ]


def test_lines_of_one_product_are_merged() -> None:
    shop = a_shop()
    mug = add(shop, quantity=5)
    items = (
        ItemRequest(sku="MUG", quantity=2),
        ItemRequest(product_id=mug.id, quantity=1),
    )
    order = placed(shop, items=items)
    assert [(item.sku, item.quantity) for item in order.items] == [("MUG", 3)]
    assert available(shop) == 2


def test_an_order_of_nothing_due_is_confirmed_without_asking_a_provider() -> None:
    shop = a_shop()
    add(shop, price="0.00")
    order = shop.ordering.place(a_command(token=None), idempotency_key="free")
    assert (order.status, order.payment.status) == (OrderStatus.CONFIRMED, PaymentStatus.CAPTURED)
    assert not shop.provider.entries()
    again = shop.ordering.place(a_command(token=None), idempotency_key="free")
    assert again.replayed
    assert again.id == order.id


def test_a_token_for_nothing_due_is_left_alone() -> None:
    shop = a_shop()
    add(shop, price="0.00")
    assert placed(shop).status is OrderStatus.CONFIRMED
    assert not shop.provider.entries()


def test_a_known_customer_orders_to_the_stored_address() -> None:
    shop = a_shop()
    add(shop)
    customer = shop.customers.register(RegisterCustomer(contact=ANN, address=HOME))
    order = placed(shop, customer=CustomerReference(id=customer.id), ship_to=None)
    assert (order.customer_id, order.contact, order.ship_to) == (customer.id, ANN, HOME)


def test_orders_with_one_email_address_share_a_guest_whose_details_stay() -> None:
    shop = a_shop()
    add(shop)
    first = placed(shop)
    other = type(ANN)(name="Anna", email="ANN@example.com")
    second = placed(shop, customer=other)
    assert first.customer_id == second.customer_id
    assert second.contact == other
    assert shop.customers.get(first.customer_id).contact == ANN


def test_expected_total_holds() -> None:
    shop = a_shop()
    add(shop)
    assert placed(shop, expected_total=Money.of("12.50", "EUR")).status is OrderStatus.CONFIRMED


# -- refusals -----------------------------------------------------------------------------------------------------

REFUSALS: list[tuple[dict[str, Any], type[OrderCoreError], str]] = [
    ({"items": (ItemRequest(sku="NONE", quantity=1),)}, UnknownProduct, "/items/0/sku"),
    ({"items": (ItemRequest(product_id=IDS.new(), quantity=1),)}, UnknownProduct, "/items/0/product_id"),
    ({"items": (ItemRequest(sku="OLD", quantity=1),)}, UnknownProduct, "/items/0/sku"),
    ({"items": (ItemRequest(sku="MUG", quantity=11),)}, OutOfStock, "/items/0/quantity"),
    (
        {"items": (ItemRequest(sku="MUG", quantity=1), ItemRequest(sku="YEN", quantity=1))},
        CurrencyMismatch,
        "/items/1/quantity",
    ),
    ({"expected_total": Money.of("12.49", "EUR")}, PriceChanged, "/expected_total"),
    ({"expected_total": Money.of("12.50", "USD")}, CurrencyMismatch, "/expected_total/currency"),
    ({"customer": CustomerReference(id=IDS.new())}, UnknownCustomer, "/customer/id"),
]


@pytest.mark.parametrize(("details", "refusal", "pointer"), REFUSALS)
def test_a_refusal_names_the_field_and_leaves_nothing_behind(
    details: dict[str, Any], refusal: type[OrderCoreError], pointer: str
) -> None:
    shop = a_refusing_shop()
    with pytest.raises(refusal) as caught:
        shop.ordering.place(a_command(**{"external_reference": "A-1", **details}), idempotency_key="key")
    assert caught.value.facts["pointer"] == pointer
    assert_nothing_is_left(shop)


@pytest.mark.parametrize(
    ("details", "pointer"),
    [
        ({"payment": None}, "/payment"),
        ({"ship_to": None}, "/ship_to"),
        (
            {"items": (ItemRequest(sku="MUG", quantity=MAX_QUANTITY), ItemRequest(sku="MUG", quantity=1))},
            "/items/0/quantity",
        ),
    ],
)
def test_what_an_order_lacks_is_pointed_at(details: dict[str, Any], pointer: str) -> None:
    shop = a_refusing_shop()
    with pytest.raises(InvalidRequest) as caught:
        shop.ordering.place(a_command(**{"external_reference": "A-1", **details}), idempotency_key="key")
    assert [problem.pointer for problem in caught.value.problems] == [pointer]
    assert_nothing_is_left(shop)


def test_a_total_beyond_the_maximum_is_refused() -> None:
    shop = a_refusing_shop()
    add(shop, "GOLD", quantity=1_000_000, price="9999999999.99")
    with pytest.raises(AmountTooLarge):
        shop.ordering.place(a_command({"GOLD": 1_000_000}), idempotency_key="key")
    assert_nothing_is_left(shop)


def test_a_known_customer_without_an_address_needs_one() -> None:
    shop = a_refusing_shop()
    customer = shop.customers.register(RegisterCustomer(contact=ANN))
    with pytest.raises(InvalidRequest, match="/ship_to"):
        placed(shop, customer=CustomerReference(id=customer.id), ship_to=None)


@pytest.mark.parametrize("details", [{}, {"sku": "MUG", "product_id": IDS.new()}])
def test_an_item_names_its_product_in_exactly_one_way(details: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="either sku or product_id"):
        ItemRequest(quantity=1, **details)


@pytest.mark.parametrize("key", ["", "k" * 201, "schlüssel", "a\nb"])
def test_a_key_is_printable_ascii(key: str) -> None:
    shop = a_refusing_shop()
    with pytest.raises(InvalidRequest, match="idempotency_key"):
        shop.ordering.place(a_command(), idempotency_key=key)


def a_refusing_shop() -> OpenShop:
    shop = a_shop()
    add(shop, quantity=10)
    add(shop, "YEN", price="3", currency="JPY")
    old = add(shop, "OLD")
    shop.catalogue.archive_product(ArchiveProduct(product_id=old.id))
    return shop


def assert_nothing_is_left(shop: OpenShop) -> None:
    """No reservation, key, reference or guest."""
    assert available(shop) == 10
    order = shop.ordering.place(a_command(external_reference="A-1"), idempotency_key="key")
    assert not order.replayed
    assert shop.customers.get(order.customer_id).contact == ANN
    assert not shop.provider.entries()[1:]


# -- batches ------------------------------------------------------------------------------------------------------


def test_in_a_batch_each_order_has_its_own_outcome_and_sees_its_predecessors() -> None:
    shop = a_shop()
    add(shop, quantity=5)
    outcomes = shop.ordering.place_many([a_command({"MUG": 3}), a_command({"MUG": 3}), a_command({"MUG": 2})])
    assert is_refused(outcomes[1], OutOfStock)
    assert len(numbers_of(outcomes)) == 2
    assert available(shop) == 0


def test_a_refused_order_of_several_lines_reserves_none_of_them() -> None:
    shop = a_shop()
    add(shop, quantity=5)
    add(shop, "BOWL", quantity=1)
    outcomes = shop.ordering.place_many([a_command({"MUG": 5, "BOWL": 2}), a_command({"MUG": 5, "BOWL": 1})])
    assert is_refused(outcomes[0], OutOfStock)
    assert isinstance(outcomes[1], Order)


def test_an_empty_batch_answers_nothing() -> None:
    assert list(a_shop().ordering.place_many([])) == []


def test_keys_are_one_a_command_or_none() -> None:
    with pytest.raises(InvalidRequest, match="one a command"):
        a_shop().ordering.place_many([a_command()], idempotency_keys=[])


def test_equal_keys_in_one_batch_take_effect_once() -> None:
    shop = a_shop()
    add(shop, quantity=10)
    first, second = shop.ordering.place_many([a_command(), a_command()], idempotency_keys=["key", "key"])
    assert isinstance(first, Order)
    assert isinstance(second, Order)
    assert (first.id, first.replayed, second.replayed) == (second.id, False, True)
    assert available(shop) == 9


def test_equal_keys_in_one_batch_share_a_refusal_and_stay_free() -> None:
    shop = a_shop()
    add(shop, quantity=0)
    first, second = shop.ordering.place_many([a_command(), a_command()], idempotency_keys=["key", "key"])
    assert is_refused(first, OutOfStock)
    assert is_refused(second, OutOfStock)
    add(shop, "BOWL")
    assert shop.ordering.place(a_command({"BOWL": 1}), idempotency_key="key").status is OrderStatus.CONFIRMED


def test_some_of_a_batch_may_go_without_a_key() -> None:
    shop = a_shop()
    add(shop)
    keys = ["key", None, "key"]
    outcomes = shop.ordering.place_many([a_command(), a_command(), a_command()], idempotency_keys=keys)
    assert [isinstance(outcome, Order) and outcome.replayed for outcome in outcomes] == [False, False, True]
    assert available(shop) == 8


def test_equal_keys_of_different_content_in_one_batch_are_told_apart() -> None:
    shop = a_shop()
    add(shop)
    outcomes = shop.ordering.place_many([a_command(), a_command({"MUG": 2})], idempotency_keys=["key", "key"])
    assert isinstance(outcomes[0], Order)
    assert is_refused(outcomes[1], KeyReused)
    assert shop.ordering.place(a_command(), idempotency_key="key").replayed


def test_an_external_reference_is_taken_once_by_an_actor() -> None:
    shop = a_shop()
    add(shop)
    command = a_command(external_reference="A-1")
    outcomes = shop.ordering.place_many([command, command, a_command(external_reference="A-2"), a_command()])
    assert [type(outcome) for outcome in outcomes] == [Order, AlreadyExists, Order, Order]
    assert is_refused(shop.ordering.place_many([command])[0], AlreadyExists)
    other = shop.acting_as(an_actor(Permission.ORDERS_PLACE))
    assert isinstance(other.ordering.place(command), Order)


def test_a_refused_order_leaves_its_external_reference_to_the_next_of_its_batch() -> None:
    shop = a_shop()
    add(shop, quantity=5)
    commands = [a_command({"MUG": wanted}, external_reference="A-1") for wanted in (6, 2, 1)]
    refused, order, second = shop.ordering.place_many(commands)
    assert is_refused(refused, OutOfStock)
    assert isinstance(order, Order)
    assert is_refused(second, AlreadyExists)
    assert is_refused(shop.ordering.place_many(commands[1:2])[0], AlreadyExists)
    with shop.core.store.begin() as work:
        assert work.orders.claim_references({(order.placed_by, "A-1"): IDS.new()}) == {
            (order.placed_by, "A-1"): order.id
        }


def test_an_order_waits_and_an_attempt_ages_by_the_stores_clock() -> None:
    store_clock = FixedClock(datetime(2031, 5, 1, tzinfo=UTC))
    shop = a_shop(store=MemoryStore(now=store_clock.now))
    add(shop)
    order = placed(shop)
    assert order.ordered_at == shop.clock.now()
    (attempt,) = order.payment.attempts
    assert attempt.started_at == store_clock.now()
    with pytest.raises(PaymentDeclined) as declined:
        placed(shop, token=DECLINED, on_decline=OnDecline.HOLD)
    waiting = shop.ordering.get(declined.value.order_id)
    assert waiting.expires_at == store_clock.now() + shop.core.settings.reservation


def test_a_long_batch_is_cut_and_says_everything() -> None:
    shop = a_shop()
    add(shop, quantity=1_000)
    outcomes = shop.ordering.place_many([a_command()] * (MAX_ORDERS_PER_BATCH + 1))
    assert len(numbers_of(outcomes)) == MAX_ORDERS_PER_BATCH + 1
    assert available(shop) == 1_000 - len(outcomes)


def test_a_batch_of_many_lines_is_cut_too() -> None:
    shop = a_shop()
    add(shop, quantity=30_000)
    lines = (ItemRequest(sku="MUG", quantity=1),) * 500
    outcomes = shop.ordering.place_many([a_command(items=lines)] * 41)
    assert len(numbers_of(outcomes)) == 41


def test_guests_of_refused_orders_are_not_made_and_those_of_others_are() -> None:
    shop = a_shop()
    add(shop, quantity=1)
    bob = type(ANN)(name="Bob", email="bob@example.com")
    outcomes = shop.ordering.place_many([a_command(), a_command(customer=bob)])
    assert [type(outcome) for outcome in outcomes] == [Order, OutOfStock]
    guest = a_known_customer(contact=bob, is_guest=True)
    with shop.core.store.begin() as work:
        assert work.customers.claim_guests((guest,)) == {"bob@example.com": guest.id}


# -- keys ---------------------------------------------------------------------------------------------------------


def test_a_repeat_answers_the_order_as_it_is_now() -> None:
    shop = a_shop()
    add(shop)
    first = shop.ordering.place(a_command(), idempotency_key="key")
    again = shop.ordering.place(a_command(), idempotency_key="key")
    assert (again.id, again.replayed, available(shop)) == (first.id, True, 9)


def test_other_content_under_a_used_key_is_refused() -> None:
    shop = a_shop()
    add(shop)
    shop.ordering.place(a_command(), idempotency_key="key")
    with pytest.raises(KeyReused):
        shop.ordering.place(a_command({"MUG": 2}), idempotency_key="key")
    assert available(shop) == 9


def test_a_key_counts_for_its_actor_only() -> None:
    shop = a_shop()
    add(shop)
    first = shop.ordering.place(a_command(), idempotency_key="key")
    other = shop.acting_as(an_actor(Permission.ORDERS_PLACE))
    assert other.ordering.place(a_command(), idempotency_key="key").id != first.id


# -- quotes -------------------------------------------------------------------------------------------------------


def test_a_quote_prices_and_reserves_nothing() -> None:
    shop = a_shop()
    mug = add(shop, quantity=3)
    items = [ItemRequest(sku="MUG", quantity=1), ItemRequest(product_id=mug.id, quantity=2)]
    answer = shop.ordering.quote(Quote(items=items))
    assert (answer.total, [line.quantity for line in answer.items]) == (Money.of("37.50", "EUR"), [3])
    assert available(shop) == 3


def test_a_quote_is_refused_as_placing_would_be() -> None:
    shop = a_shop()
    add(shop, quantity=3)
    for items, expected, refusal in [
        ({"MUG": 4}, None, OutOfStock),
        ({"NONE": 1}, None, UnknownProduct),
        ({"MUG": 1}, Money.of("1", "EUR"), PriceChanged),
    ]:
        quote = Quote(
            items=tuple(ItemRequest(sku=sku, quantity=quantity) for sku, quantity in items.items()),
            expected_total=expected,
        )
        with pytest.raises(refusal):
            shop.ordering.quote(quote)


# -- customers' ids -----------------------------------------------------------------------------------------------


def test_a_customers_id_is_taken_from_that_customer_and_from_readers_of_customers() -> None:
    shop = a_shop()
    add(shop)
    customer = shop.customers.register(RegisterCustomer(contact=ANN, address=HOME))
    command = a_command(customer=CustomerReference(id=customer.id))
    with pytest.raises(PermissionMissing, match="customers:read"):
        shop.acting_as(an_actor(Permission.ORDERS_PLACE)).ordering.place(command)
    reader = an_actor(Permission.ORDERS_PLACE, Permission.CUSTOMERS_READ)
    assert shop.acting_as(reader).ordering.place(command).customer_id == customer.id
    own = an_actor(Permission.ORDERS_PLACE, kind=ActorKind.CUSTOMER, id=customer.id)
    assert shop.acting_as(own).ordering.place(command).customer_id == customer.id


def test_managers_take_turns_by_order_number() -> None:
    shop = a_shop()
    add(shop)
    admins = {shop.admins.add(AddAdmin(username=name, password="long enough 12")).id for name in ("ann", "bob")}
    managers = [placed(shop).manager_id for _ in range(4)]
    assert set(managers) == admins
    assert managers[:2] == managers[2:]


def test_a_declined_order_is_not_left_waiting_by_default() -> None:
    shop = a_shop()
    add(shop)
    (outcome,) = shop.ordering.place_many([a_command(token=DECLINED)])
    assert isinstance(outcome, OrderCoreError)
    assert outcome.facts["order_status"] == "cancelled"
    assert available(shop) == 10


C = TypeVar("C")
R = TypeVar("R")


class BreaksLater:
    """Commits whose store goes away after the first batch of orders."""

    def __init__(self, inner: GroupCommit) -> None:
        self._inner = inner
        self._placed = 0

    def run(self, change: Change[C, R], commands: Sequence[C]) -> Sequence[R | OrderCoreError]:
        self._placed += change.name == "place_order"
        if self._placed > 1:
            raise StoreUnavailable(reason="gone")
        return self._inner.run(change, commands)


def test_what_was_placed_before_the_store_failed_is_answered() -> None:
    store = MemoryStore(now=FixedClock().now)
    shop = a_shop(store=store, commits=BreaksLater(GroupCommit(store)))
    add(shop, quantity=1_000)
    outcomes = shop.ordering.place_many([a_command() for _ in range(MAX_ORDERS_PER_BATCH + 2)])
    assert all(isinstance(outcome, Order) for outcome in outcomes[:MAX_ORDERS_PER_BATCH])
    assert [type(outcome) for outcome in outcomes[MAX_ORDERS_PER_BATCH:]] == [StoreUnavailable, StoreUnavailable]


def test_orders_of_several_callers_share_a_transaction_by_their_lines() -> None:
    many = placement_of(a_shop()._core, EMBEDDING, a_command({"MUG": 1, "BOWL": 2}))
    assert RESERVE.weigh(many) == 2
