"""A provider that answers after somebody has decided otherwise: nothing is dropped, nothing is overwritten."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import pytest

from ordercore.adapters.group_commit import GroupCommit
from ordercore.adapters.memory.store import MemoryStore
from ordercore.application.payments import ResolveAttempt
from ordercore.application.settling import SETTLE, record
from ordercore.application.steering import CancelOrder, PayOrder
from ordercore.application.work_items import SettleWorkItem
from ordercore.domain.actor import SYSTEM
from ordercore.domain.errors import (
    InvalidRequest,
    KeyReused,
    OrderCoreError,
    PaymentDeclined,
    TransitionRefused,
    UnknownResource,
    VersionIsStale,
)
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, WorkItemStatus
from ordercore.domain.money import Money
from ordercore.domain.order import OnDecline, Order
from ordercore.domain.payment import AnswerKind, LedgerKind, ProviderAnswer
from ordercore.domain.work_item import WorkItem
from ordercore.ports.commits import Change
from ordercore.testing.builders import IDS
from ordercore.testing.faults import Cut, Fault, FaultPlan, FixedClock
from tests.support.cores import DECLINED, TIMEOUT, OpenShop, a_shop, add, available, placed
from tests.support.late_answers import Dawdling

C = TypeVar("C")
R = TypeVar("R")
APPROVED_LATE = ProviderAnswer(kind=AnswerKind.APPROVED, reference="late")
DECLINED_LATE = ProviderAnswer(kind=AnswerKind.DECLINED, decline_code="expired_card")


def a_dawdling_shop(*cuts: Cut) -> tuple[OpenShop, Dawdling]:
    gateway = Dawdling()
    shop = a_shop(plan=FaultPlan(*cuts), gateway=gateway)
    add(shop, quantity=10)
    return shop, gateway


def resolution(order: Order, outcome: AnswerKind) -> ResolveAttempt:
    return ResolveAttempt(order_id=order.id, outcome=outcome, reason="their support said so")


def discrepancies(shop: OpenShop, order: Order) -> list[WorkItem]:
    """The work items that the order's history names."""
    ids = [
        UUID(str(event.payload["work_item_id"]))
        for event in shop.ordering.history(order.id)
        if event.type == "payment.discrepancy_found.v1"
    ]
    with shop.core.store.reading() as lookups:
        found = lookups.work_items(ids)
    return list(found.values())


def booked(shop: OpenShop, order: Order) -> list[tuple[LedgerKind, int]]:
    store = shop.core.store
    assert isinstance(store, MemoryStore)
    return [(entry.kind, entry.amount_minor) for entry in store.books().ledger.get(order.payment.id, ())]


# -- finding ------------------------------------------------------------------------------------------------------


def test_money_taken_after_it_was_given_up_is_on_record_and_waits_for_somebody() -> None:
    shop, gateway = a_dawdling_shop()
    order = placed(shop, token=TIMEOUT)
    gateway.meanwhile = lambda: shop.payments.resolve(resolution(order, AnswerKind.DECLINED))
    settled = shop.payments.settle(order.id)
    assert (settled.status, settled.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.DECLINED)
    assert (settled.payment.authorised, settled.payment.discrepancy) == (0, 1250)
    assert available(shop) == 10
    (item,) = discrepancies(shop, order)
    assert (item.status, item.amount, item.order_id) == (WorkItemStatus.OPEN, Money.of("12.50", "EUR"), order.id)
    assert (item.payment_id, item.attempt_id) == (order.payment.id, order.payment.attempts[0].id)
    assert booked(shop, order) == [(LedgerKind.DISCREPANCY, 1250)]
    assert shop.work_items.get(item.id) == item


def test_money_that_was_taken_for_sure_and_is_not_there_is_on_record() -> None:
    shop, gateway = a_dawdling_shop(Cut("gateway.authorise.after", Fault.UNKNOWN))
    order = placed(shop, token=DECLINED)
    gateway.meanwhile = lambda: shop.payments.resolve(resolution(order, AnswerKind.APPROVED))
    settled = shop.payments.settle(order.id)
    assert (settled.status, settled.payment.authorised) == (OrderStatus.CONFIRMED, 1250)
    assert settled.payment.discrepancy == -1250
    assert [item.amount.amount_minor for item in discrepancies(shop, order)] == [-1250]
    assert booked(shop, order) == [(LedgerKind.AUTHORISED, 1250), (LedgerKind.DISCREPANCY, -1250)]


def test_the_same_report_again_opens_no_second_work_item() -> None:
    shop, _ = a_dawdling_shop()
    order = placed(shop, token=TIMEOUT)
    shop.payments.resolve(resolution(order, AnswerKind.DECLINED))
    for _ in range(3):
        (after,) = record(shop.core, [(order, APPROVED_LATE)], SYSTEM.id)
    record(shop.core, [(order, APPROVED_LATE), (order, APPROVED_LATE)], SYSTEM.id)
    assert len(discrepancies(shop, order)) == 1
    assert shop.ordering.get(order.id) == after
    assert after.payment.discrepancy == 1250


def test_the_same_word_late_changes_nothing() -> None:
    shop, gateway = a_dawdling_shop()
    order = placed(shop, token=TIMEOUT)
    gateway.meanwhile = lambda: shop.payments.resolve(resolution(order, AnswerKind.APPROVED))
    settled = shop.payments.settle(order.id)
    assert (settled.payment.authorised, settled.payment.discrepancy) == (1250, 0)
    assert discrepancies(shop, order) == []


def test_a_refund_that_was_given_up_and_happened_leaves_less_with_the_provider() -> None:
    shop, gateway = a_dawdling_shop(Cut("gateway.void.after", Fault.UNKNOWN))
    order = shop.ordering.cancel(CancelOrder(order_id=placed(shop).id))
    assert order.payment.is_unknown
    gateway.meanwhile = lambda: shop.payments.resolve(resolution(order, AnswerKind.DECLINED))
    settled = shop.payments.settle(order.id)
    assert (settled.payment.authorised, settled.payment.discrepancy) == (1250, -1250)


def test_a_late_answer_leaves_the_request_that_came_after_it_alone() -> None:
    shop, _ = a_dawdling_shop(
        Cut("gateway.authorise.after", Fault.UNKNOWN, nth=2), Cut("gateway.authorise.after", Fault.UNKNOWN, nth=3)
    )
    with pytest.raises(PaymentDeclined) as caught:
        placed(shop, token=DECLINED, on_decline=OnDecline.HOLD)
    order_id = caught.value.order_id
    unknown = shop.ordering.pay(PayOrder(order_id=order_id, token="tok_visa"), idempotency_key="second")
    shop.payments.resolve(resolution(unknown, AnswerKind.DECLINED))
    shop.ordering.pay(PayOrder(order_id=order_id, token="tok_visa"), idempotency_key="third")
    record(shop.core, [(unknown, APPROVED_LATE)], SYSTEM.id)
    with shop.core.store.reading() as lookups:
        outcomes = [lookups.request_outcome(shop.actor.id, key) for key in ("second", "third")]
    assert outcomes == [(order_id, "payment_declined"), (order_id, None)]


# -- what an admin says is no report --------------------------------------------------------------------------------


class Overtaken(GroupCommit):
    """Something else comes before the next answer that is recorded."""

    before: Callable[[], object] | None = None

    def run(self, change: Change[C, R], commands: Sequence[C]) -> Sequence[R | OrderCoreError]:
        before = self.before
        if before is not None and change is SETTLE:
            self.before = None
            before()
        return super().run(change, commands)


@pytest.mark.parametrize(
    ("token", "outcome"),
    [(TIMEOUT, AnswerKind.DECLINED), (DECLINED, AnswerKind.APPROVED)],
    ids=["the provider approved", "the provider declined"],
)
def test_a_decision_that_the_provider_overtook_is_refused_and_no_report(token: str, outcome: AnswerKind) -> None:
    store = MemoryStore(now=FixedClock().now)
    commits = Overtaken(store)
    shop = a_shop(store=store, commits=commits, plan=FaultPlan(Cut("gateway.authorise.after", Fault.UNKNOWN)))
    add(shop)
    order = placed(shop, token=token)
    commits.before = lambda: shop.payments.settle(order.id)
    with pytest.raises(TransitionRefused, match="cannot be resolved by hand"):
        shop.payments.resolve(resolution(order, outcome))
    assert shop.ordering.get(order.id).payment.discrepancy == 0
    assert discrepancies(shop, order) == []


def test_a_decision_that_the_provider_confirmed_first_stands() -> None:
    store = MemoryStore(now=FixedClock().now)
    commits = Overtaken(store)
    shop = a_shop(store=store, commits=commits)
    add(shop)
    order = placed(shop, token=TIMEOUT)
    commits.before = lambda: shop.payments.settle(order.id)
    resolved = shop.payments.resolve(resolution(order, AnswerKind.APPROVED))
    assert (resolved.status, resolved.payment.discrepancy) == (OrderStatus.CONFIRMED, 0)


# -- settling -----------------------------------------------------------------------------------------------------


def with_a_discrepancy() -> tuple[OpenShop, Order, WorkItem]:
    shop, _ = a_dawdling_shop()
    order = placed(shop, token=TIMEOUT)
    shop.payments.resolve(resolution(order, AnswerKind.DECLINED))
    record(shop.core, [(order, APPROVED_LATE)], SYSTEM.id)
    (item,) = discrepancies(shop, order)
    return shop, order, item


def settling(item: WorkItem, **details: Any) -> SettleWorkItem:
    return SettleWorkItem(work_item_id=item.id, reason="refunded in their dashboard", **details)


def test_settling_books_the_discrepancy_out_and_keeps_the_reason() -> None:
    shop, order, item = with_a_discrepancy()
    settled = shop.work_items.settle(settling(item, expected_version=1))
    assert (settled.status, settled.settled_by, settled.resolution) == (
        WorkItemStatus.SETTLED,
        shop.actor.id,
        "refunded in their dashboard",
    )
    assert shop.work_items.get(item.id) == settled
    assert shop.ordering.get(order.id).payment.discrepancy == 0
    assert booked(shop, order) == [(LedgerKind.DISCREPANCY, 1250), (LedgerKind.DISCREPANCY, -1250)]
    last = shop.ordering.history(order.id)[-1]
    assert (last.type, last.payload["note"]) == ("payment.discrepancy_settled.v1", "refunded in their dashboard")


def test_a_work_item_is_settled_once() -> None:
    shop, _, item = with_a_discrepancy()
    with pytest.raises(VersionIsStale):
        shop.work_items.settle(settling(item, expected_version=2))
    first = shop.work_items.settle(settling(item), idempotency_key="key")
    again = shop.work_items.settle(settling(item), idempotency_key="key")
    assert (again, again.replayed, first.replayed) == (first, True, False)
    with pytest.raises(TransitionRefused, match="work item is settled"):
        shop.work_items.settle(settling(item))
    with pytest.raises(KeyReused):
        shop.work_items.settle(SettleWorkItem(work_item_id=item.id, reason="otherwise"), idempotency_key="key")


def test_a_report_after_the_settling_is_no_news() -> None:
    shop, order, item = with_a_discrepancy()
    shop.work_items.settle(settling(item))
    record(shop.core, [(order, APPROVED_LATE), (order, DECLINED_LATE)], SYSTEM.id)
    assert shop.ordering.get(order.id).payment.discrepancy == 0
    assert len(discrepancies(shop, order)) == 1


def test_settling_says_why_and_names_a_work_item() -> None:
    shop = a_shop()
    with pytest.raises(InvalidRequest):
        SettleWorkItem(work_item_id=IDS.new(), reason="")
    with pytest.raises(UnknownResource, match="no work item"):
        shop.work_items.get(IDS.new())
    with pytest.raises(UnknownResource, match="no work item"):
        shop.work_items.settle(SettleWorkItem(work_item_id=IDS.new(), reason="seen"))
