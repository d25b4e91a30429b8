from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from ordercore.application.catalogue import AddProduct
from ordercore.application.customers import RegisterCustomer
from ordercore.application.importing import ImportedOrder, ImportVerdict, PaymentMode
from ordercore.application.placing import CustomerReference, PlaceOrder
from ordercore.application.pricing import ItemRequest
from ordercore.application.steering import CancelOrder
from ordercore.domain.actor import Permission
from ordercore.domain.errors import InvalidRequest, OutOfStock, PaymentDeclined, PermissionMissing
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.limits import MAX_ORDERS_PER_BATCH
from ordercore.domain.money import Money
from ordercore.testing.faults import CountingIds
from tests.support.cores import ANN, DECLINED, HOME, OpenShop, a_command, a_shop, add, an_actor, available

LAST_YEAR = datetime(2024, 1, 5, 11, 53, 26, tzinfo=UTC)
IMPORTED, KNOWN, REFUSED = ImportVerdict.IMPORTED, ImportVerdict.KNOWN, ImportVerdict.REFUSED


def a_line(key: str, order: PlaceOrder | None = None) -> ImportedOrder:
    return ImportedOrder(key=key, order=order or a_command(token=None), placed_at=LAST_YEAR)


def a_stocked_shop() -> OpenShop:
    shop = a_shop()
    add(shop, quantity=10)
    return shop


def verdicts(shop: OpenShop, *lines: ImportedOrder, payments: PaymentMode = PaymentMode.RECORD) -> list[ImportVerdict]:
    return [outcome.verdict for outcome in shop.importing.orders(lines, payments=payments)]


def test_products_are_imported_once_and_keep_their_stock() -> None:
    shop = a_stocked_shop()
    commands = [
        AddProduct(sku=sku, name=sku, price=Money.of("1", "EUR"), quantity_in_stock=99) for sku in ("MUG", "BOWL")
    ]
    assert [outcome.verdict for outcome in shop.importing.products(commands)] == [KNOWN, IMPORTED]
    assert (available(shop, "MUG"), available(shop, "BOWL")) == (10, 99)


def a_product(sku: str, *, quantity: int = 99, threshold: int | None = 5) -> AddProduct:
    price = Money.of("1", "EUR")
    return AddProduct(sku=sku, name=sku, price=price, quantity_in_stock=quantity, low_stock_threshold=threshold)


def summaries(shop: OpenShop, runs: range = range(1, 100)) -> list[Mapping[str, object]]:
    """What the imports of the shop said of themselves; its ids count from one."""
    counted = CountingIds()
    ids = [counted.new() for _ in runs]
    with shop.core.store.reading() as lookups:
        return [event.payload for id in ids for event in lookups.events("import", id)]


def test_an_import_of_many_batches_has_one_summary() -> None:
    shop = a_stocked_shop()
    with shop.importing.product_import() as run:
        run.add([a_product("LOW-1", quantity=1), a_product("PLENTY")])
        assert [outcome.verdict for outcome in run.add([a_product("MUG"), a_product("LOW-2", quantity=5)])] == [
            KNOWN,
            IMPORTED,
        ]
        assert not summaries(shop)
    assert summaries(shop) == [{"imported": 3, "known": 1, "low": 2, "low_skus": ["LOW-1", "LOW-2"]}]
    assert shop.catalogue.by_sku("LOW-1").is_low


def test_one_call_is_one_import() -> None:
    shop = a_shop()
    for sku in ("A", "B"):
        shop.importing.products([a_product(sku)])
    assert [summary["imported"] for summary in summaries(shop)] == [1, 1]


def test_an_import_that_finds_nothing_new_says_nothing() -> None:
    shop = a_shop()
    for _ in range(3):
        shop.importing.products([a_product("LOW", quantity=1)])
    with shop.importing.product_import():
        pass
    assert len(summaries(shop)) == 1


def test_an_import_that_is_cut_off_sums_up_what_it_did() -> None:
    shop = a_shop()

    def stopped() -> None:
        with shop.importing.product_import() as run:
            run.add([a_product("LOW", quantity=1)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert summaries(shop) == [{"imported": 1, "known": 0, "low": 1, "low_skus": ["LOW"]}]


def test_a_batch_that_is_refused_does_not_count() -> None:
    shop = a_shop()
    with shop.importing.product_import() as run:
        run.add([a_product("A")])
        with pytest.raises(InvalidRequest, match="at most 500"):
            run.add([a_product("B"), a_product("B")])
    assert [summary["imported"] for summary in summaries(shop)] == [1]


def test_an_imported_order_is_booked_as_paid_elsewhere_and_nobody_is_told() -> None:
    shop = a_stocked_shop()
    assert verdicts(shop, a_line("A-1")) == [IMPORTED]
    order = shop.ordering.by_number(1)
    assert (order.status, order.payment.status, order.payment.is_external) == (
        OrderStatus.CONFIRMED,
        PaymentStatus.CAPTURED,
        True,
    )
    assert (order.ordered_at, order.external_reference) == (LAST_YEAR, "A-1")
    assert not shop.provider.entries()
    assert not shop.told.news


def test_a_second_import_changes_nothing() -> None:
    shop = a_stocked_shop()
    lines = [a_line("A-1"), a_line("A-2")]
    assert verdicts(shop, *lines) == [IMPORTED, IMPORTED]
    assert verdicts(shop, *lines, a_line("A-3")) == [KNOWN, KNOWN, IMPORTED]
    assert available(shop) == 7


def test_what_is_known_can_be_asked_without_importing_it() -> None:
    shop = a_stocked_shop()
    lines = [a_line("A-1"), a_line("A-2")]
    shop.importing.orders(lines[:1])
    assert [outcome.verdict for outcome in shop.importing.known_orders(lines)] == [KNOWN, IMPORTED]
    other = shop.acting_as(an_actor(Permission.ORDERS_MANAGE))
    assert [outcome.verdict for outcome in other.importing.known_orders(lines)] == [IMPORTED, IMPORTED]
    products = [a_product("MUG"), a_product("BOWL")]
    assert [outcome.verdict for outcome in shop.importing.known_products(products)] == [KNOWN, IMPORTED]
    assert verdicts(shop, lines[1]) == [IMPORTED]


def test_one_key_twice_in_a_batch_is_one_order() -> None:
    shop = a_stocked_shop()
    assert verdicts(shop, a_line("A-1"), a_line("A-1")) == [IMPORTED, KNOWN]
    assert verdicts(shop, a_line("A-1")) == [KNOWN]
    assert available(shop) == 9


def test_a_refused_line_says_why_and_can_be_imported_later() -> None:
    shop = a_stocked_shop()
    line = a_line("A-1", a_command({"MUG": 11}, token=None))
    (outcome,) = shop.importing.orders([line])
    assert (outcome.verdict, type(outcome.refusal)) == (REFUSED, OutOfStock)
    add(shop, "BOWL", quantity=11)
    assert verdicts(shop, a_line("A-1", a_command({"BOWL": 11}, token=None))) == [IMPORTED]


def test_an_import_can_charge_and_tell() -> None:
    shop = a_stocked_shop()
    lines = [a_line("A-1", a_command()), a_line("A-2", a_command(token=DECLINED))]
    outcomes = shop.importing.orders(lines, payments=PaymentMode.CHARGE, notify=True)
    assert [outcome.verdict for outcome in outcomes] == [IMPORTED, IMPORTED]
    assert isinstance(outcomes[1].refusal, PaymentDeclined)
    assert {kind for kind, _ in shop.told.news} == {"order_confirmed", "order_cancelled"}
    assert len(shop.provider.entries()) == 2


def test_an_order_paid_elsewhere_is_refunded_elsewhere() -> None:
    shop = a_stocked_shop()
    shop.importing.orders([a_line("A-1")])
    cancelled = shop.ordering.cancel(CancelOrder(order_id=shop.ordering.by_number(1).id))
    assert cancelled.payment.status is PaymentStatus.REFUNDED
    assert not shop.provider.entries()


@pytest.mark.parametrize(
    "lines",
    [
        [a_line("A")] * (MAX_ORDERS_PER_BATCH + 1),
        [a_line("A", a_command((ItemRequest(sku="MUG", quantity=1),) * 500))] * 41,
    ],
    ids=["orders", "lines"],
)
def test_too_much_at_once_is_refused(lines: list[ImportedOrder]) -> None:
    with pytest.raises(InvalidRequest):
        a_stocked_shop().importing.orders(lines)


def test_an_order_date_has_a_zone() -> None:
    with pytest.raises(InvalidRequest, match="zone"):
        ImportedOrder(key="A-1", order=a_command(), placed_at=LAST_YEAR.replace(tzinfo=None))


def test_a_line_after_a_refused_one_with_its_key_has_its_own_verdict() -> None:
    shop = a_stocked_shop()
    too_many = a_line("A-1", a_command({"MUG": 99}, token=None))
    assert verdicts(shop, too_many, too_many, a_line("A-1"), a_line("A-1")) == [REFUSED, REFUSED, IMPORTED, KNOWN]
    assert verdicts(shop, a_line("A-1")) == [KNOWN]


def test_an_import_takes_a_customers_id_only_from_who_may_read_customers() -> None:
    shop = a_stocked_shop()
    customer = shop.customers.register(RegisterCustomer(contact=ANN, address=HOME))
    line = a_line("A-1", a_command(token=None, customer=CustomerReference(id=customer.id)))
    with pytest.raises(PermissionMissing, match="customers:read"):
        shop.acting_as(an_actor(Permission.ORDERS_MANAGE)).importing.orders([line])
    reader = shop.acting_as(an_actor(Permission.ORDERS_MANAGE, Permission.CUSTOMERS_READ))
    assert [outcome.verdict for outcome in reader.importing.orders([line])] == [IMPORTED]
