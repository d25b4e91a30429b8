"""What nobody would notice by itself: decisions that were wrong, money that did not go back, numbers of cards."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ordercore.adapters.memory.store import MemoryStore
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.application.catalogue import AddProduct
from ordercore.application.importing import ImportedOrder, ImportVerdict
from ordercore.application.moving import CapturePayment
from ordercore.application.payments import ResolveAttempt
from ordercore.application.steering import CancelOrder
from ordercore.domain.customer import Address, Contact
from ordercore.domain.errors import DiscrepancyOpen, InvalidRequest
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind, ProviderAnswer
from ordercore.domain.work_item import WorkItem, WorkItemKind
from ordercore.ports.gateway import ProviderCall
from ordercore.testing.builders import IDS
from ordercore.testing.faults import Cut, Fault, FaultPlan, FixedClock
from tests.support.cores import TIMEOUT, OpenShop, a_command, a_shop, add, placed

CARD = "4111 1111 1111 1111"


def a_stocked_shop(*cuts: Cut) -> OpenShop:
    shop = a_shop(plan=FaultPlan(*cuts))
    add(shop, quantity=10)
    return shop


def items_of(shop: OpenShop, order: Order) -> list[WorkItem]:
    """Every work item about the order."""
    store = shop.core.store
    assert isinstance(store, MemoryStore)
    return [item for item in store._state.work_items.values() if item.order_id == order.id]


def decided(shop: OpenShop, order: Order, outcome: AnswerKind) -> Order:
    return shop.payments.resolve(ResolveAttempt(order_id=order.id, outcome=outcome, reason="misread"))


def test_asking_again_finds_what_was_decided_wrongly() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    assert decided(shop, order, AnswerKind.DECLINED).status is OrderStatus.CANCELLED
    with pytest.raises(DiscrepancyOpen):
        shop.payments.settle(order.id)
    after = shop.ordering.get(order.id)
    assert after.payment.discrepancy == 1250
    (item,) = items_of(shop, order)
    assert item.kind is WorkItemKind.PAYMENT_DISCREPANCY


def test_asking_again_about_what_was_decided_rightly_changes_nothing() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    resolved = decided(shop, order, AnswerKind.APPROVED)
    assert shop.payments.settle(order.id) == resolved


class Slow(FakeGateway):
    """A provider that takes nearly all of its time to find a call."""

    clock: FixedClock
    asked = 0

    def find(self, request: ProviderCall) -> ProviderAnswer | None:
        self.asked += 1
        self.clock.advance(timedelta(seconds=9.5))
        return super().find(request)


def test_nobody_is_asked_about_finished_attempts_beyond_the_deadline() -> None:
    shop = a_shop(gateway=(slow := Slow()))
    slow.clock = shop.clock
    add(shop)
    cancelled = shop.ordering.cancel(CancelOrder(order_id=placed(shop).id))
    assert len(cancelled.payment.attempts) == 2
    shop.payments.settle(cancelled.id)
    assert slow.asked == 1


def test_money_that_does_not_go_back_gets_a_work_item() -> None:
    shop = a_stocked_shop(Cut("gateway.capture.after", Fault.UNKNOWN))
    captured = shop.payments.capture(CapturePayment(order_id=placed(shop).id))
    decided(shop, captured, AnswerKind.DECLINED)
    cancelled = shop.ordering.cancel(CancelOrder(order_id=captured.id))
    assert (cancelled.status, cancelled.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.AUTHORISED)
    (item,) = [each for each in items_of(shop, captured) if each.kind is WorkItemKind.MONEY_NOT_RETURNED]
    assert (item.amount, item.attempt_id) == (captured.total, cancelled.payment.attempts[-1].id)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Contact(name=CARD, email="ann@example.com"),
        lambda: Contact(name="Ann", email="4111111111111111@example.com"),
        lambda: Address(line1="Main St 1", line2=CARD, city="Springfield", country="US"),
        lambda: AddProduct(sku=CARD, name="Mug", price=Money.of("1", "EUR")),
        lambda: AddProduct(sku="MUG", name="Mug", description=f"paid with {CARD}", price=Money.of("1", "EUR")),
        lambda: CancelOrder(order_id=IDS.new(), reason=CARD),
    ],
)
def test_no_text_that_is_kept_holds_the_number_of_a_card(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        make()
    (problem,) = caught.value.problems
    assert problem.code == "card_number"
    assert "4111" not in str(caught.value)


def test_an_order_of_the_future_is_not_imported() -> None:
    shop = a_stocked_shop()
    ahead = shop.clock.now() + timedelta(days=2)
    lines = [ImportedOrder(key=str(at), order=a_command(token=None), placed_at=at) for at in (ahead, shop.clock.now())]
    outcomes = shop.importing.orders(lines)
    assert [each.verdict for each in outcomes] == [ImportVerdict.REFUSED, ImportVerdict.IMPORTED]
    assert isinstance(outcomes[0].refusal, InvalidRequest)
