from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from attrs import field, frozen

from ordercore.adapters.group_commit import GroupCommit
from ordercore.adapters.memory.collections import MemoryOrders
from ordercore.adapters.memory.store import MemoryStore
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.application.admins import AddAdmin, DeactivateAdmin
from ordercore.application.catalogue import AddProduct
from ordercore.application.housekeeping import RoundReport
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.shipping import MarkDelivered, ShipOrder
from ordercore.application.steering import CancelOrder, HandOver
from ordercore.application.work_items import SettleWorkItem
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.errors import OrderCoreError, OutcomeUnknown, PaymentDeclined, UnknownResource
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, WorkItemStatus
from ordercore.domain.money import Money
from ordercore.domain.order import CancelReason, OnDecline
from ordercore.domain.payment import ProviderAnswer
from ordercore.domain.work_item import WorkItemKind
from ordercore.ports.commits import Change
from ordercore.ports.gateway import ProviderCall, ProviderTraits
from ordercore.testing.faults import Cut, Fault, FaultPlan, FixedClock, PlannedFault
from tests.support.cores import DECLINED, TIMEOUT, OpenShop, a_command, a_shop, add, available, placed

C = TypeVar("C")
R = TypeVar("R")

A_MINUTE = timedelta(minutes=1)
PASSWORD = "correct horse"


@frozen
class Refusing:
    """Commits that refuse some kinds of change, as a store in trouble does."""

    inner: GroupCommit
    names: set[str] = field(factory=set)

    def run(self, change: Change[C, R], commands: Sequence[C]) -> Sequence[R | OrderCoreError]:
        if change.name in self.names:
            return [OutcomeUnknown() for _ in commands]
        return self.inner.run(change, commands)


class Meddling(FakeGateway):
    """A provider that lets somebody else work while it is asked."""

    meddle: Callable[[], object] | None = None

    def call(self, request: ProviderCall) -> ProviderAnswer:
        meddle, self.meddle = self.meddle, None
        if meddle is not None:
            meddle()
        return super().call(request)


def a_stocked_shop(*cuts: Cut, settings: Settings | None = None) -> OpenShop:
    shop = a_shop(plan=FaultPlan(*cuts), settings=settings)
    add(shop, quantity=10)
    return shop


def a_refusing_shop() -> tuple[OpenShop, Refusing]:
    store = MemoryStore(now=FixedClock().now)
    commits = Refusing(GroupCommit(store))
    shop = a_shop(store=store, commits=commits)
    add(shop)
    return shop, commits


def a_waiting_order(shop: OpenShop) -> UUID:
    with pytest.raises(PaymentDeclined) as caught:
        placed(shop, token=DECLINED, on_decline=OnDecline.HOLD)
    return caught.value.order_id


def test_a_round_without_work_does_nothing() -> None:
    shop = a_stocked_shop()
    placed(shop)
    assert shop.housekeeping.run_round() == RoundReport()
    assert not RoundReport().did_anything


# -- settling -----------------------------------------------------------------------------------------------------


def test_an_unknown_payment_is_settled_once_its_time_has_come() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    assert not shop.housekeeping.run_round().did_anything
    shop.clock.advance(A_MINUTE)
    assert shop.housekeeping.run_round() == RoundReport(settled=1)
    assert shop.ordering.get(order.id).status is OrderStatus.CONFIRMED
    assert shop.told.news == [("order_confirmed", str(order.number))]


def test_an_unknown_payment_is_asked_about_after_a_second_and_then_ever_more_rarely() -> None:
    shop = a_stocked_shop(*[Cut("gateway.authorise.before", Fault.UNKNOWN, nth) for nth in range(1, 99)])
    placed(shop)
    asked = []
    for seconds in (0.5, 1.5, 1, 6, 20, 20, 90, 60):
        shop.clock.advance(timedelta(seconds=seconds))
        before = shop.plan.passes["gateway.authorise.before"]
        shop.housekeeping.run_round()
        asked.append(shop.plan.passes["gateway.authorise.before"] - before)
    assert asked == [0, 1, 0, 1, 0, 1, 0, 1]


def test_what_the_provider_never_heard_of_is_declined_once_that_is_certain() -> None:
    shop = a_stocked_shop(Cut("gateway.authorise.before", Fault.UNKNOWN))
    order = placed(shop)
    lifetime, settling = shop.provider.traits.key_lifetime, shop.provider.traits.settling_time
    assert settling is not None
    shop.clock.advance(lifetime + settling - timedelta(seconds=1))
    shop.housekeeping.run_round()
    assert shop.ordering.get(order.id).payment.is_unknown
    shop.clock.advance(timedelta(hours=2))
    assert shop.housekeeping.run_round().settled == 1
    after = shop.ordering.get(order.id)
    assert (after.payment.decline_code, after.cancel_reason) == ("never_made", CancelReason.EXPIRED)
    assert shop.provider.entries() == ()


class NeverSure(FakeGateway):
    """A provider that may always find a call later."""

    @property
    def traits(self) -> ProviderTraits:
        return ProviderTraits(name="never sure", settling_time=None)


def test_where_not_found_is_never_a_proof_a_person_decides() -> None:
    shop = a_shop(gateway=NeverSure(), plan=FaultPlan(Cut("gateway.authorise.before", Fault.UNKNOWN)))
    add(shop)
    order = placed(shop)
    shop.clock.advance(timedelta(days=9))
    shop.housekeeping.run_round()
    assert shop.ordering.get(order.id).payment.is_unknown


# -- alerts -------------------------------------------------------------------------------------------------------


def test_an_attempt_without_an_answer_for_too_long_alerts_once() -> None:
    lost = [Cut("gateway.authorise.before", Fault.UNKNOWN, nth) for nth in range(1, 9)]
    shop = a_stocked_shop(*lost)
    order = placed(shop)
    shop.clock.advance(timedelta(minutes=59))
    assert shop.housekeeping.run_round().alerted == 0
    shop.clock.advance(timedelta(minutes=2))
    assert [shop.housekeeping.run_round().alerted for _ in range(3)] == [1, 0, 0]
    (attempt,) = order.payment.attempts
    item = shop.work_items.get(attempt.id)
    assert (item.kind, item.order_id, item.amount) == (WorkItemKind.PAYMENT_UNANSWERED, order.id, order.total)


def test_an_answer_closes_the_alert() -> None:
    shop = a_stocked_shop(*[Cut("gateway.authorise.before", Fault.UNKNOWN, nth) for nth in (1, 2)])
    order = placed(shop)
    shop.clock.advance(timedelta(hours=2))
    assert shop.housekeeping.run_round().alerted == 1
    shop.clock.advance(timedelta(hours=2))
    assert shop.housekeeping.run_round().settled == 1
    item = shop.work_items.get(order.payment.attempts[0].id)
    assert (item.status, item.resolution) == (WorkItemStatus.SETTLED, "answered: succeeded")


def test_an_alert_that_somebody_has_seen_to_stays_closed() -> None:
    shop = a_stocked_shop(*[Cut("gateway.authorise.before", Fault.UNKNOWN, nth) for nth in (1, 2)])
    order = placed(shop)
    shop.clock.advance(timedelta(hours=2))
    shop.housekeeping.run_round()
    shop.work_items.settle(SettleWorkItem(work_item_id=order.payment.attempts[0].id, reason="I called them"))
    shop.clock.advance(timedelta(hours=2))
    report = shop.housekeeping.run_round()
    assert (report.settled, report.alerted) == (1, 0)
    assert shop.work_items.get(order.payment.attempts[0].id).resolution == "I called them"


@pytest.mark.parametrize("point", ["gateway.authorise.before", "gateway.authorise.after"])
def test_what_a_crash_left_behind_is_finished(point: str) -> None:
    shop = a_stocked_shop(Cut(point, Fault.RAISE))
    with pytest.raises(PlannedFault):
        placed(shop)
    shop.clock.advance(A_MINUTE)
    assert shop.housekeeping.run_round().settled == 1
    assert shop.ordering.by_number(1).status is OrderStatus.CONFIRMED
    assert len(shop.provider.entries()) == 1


def test_a_capture_that_a_crash_cut_off_is_made() -> None:
    shop = a_stocked_shop(
        Cut("gateway.capture.before", Fault.RAISE), settings=Settings(capture=CapturePolicy.CONFIRMED)
    )
    with pytest.raises(PlannedFault):
        placed(shop)
    shop.clock.advance(A_MINUTE)
    assert shop.housekeeping.run_round().settled == 1
    assert shop.ordering.by_number(1).payment.status is PaymentStatus.CAPTURED


def test_what_stays_without_an_answer_is_not_counted_as_settled() -> None:
    shop = a_stocked_shop(
        Cut("gateway.authorise.before", Fault.UNKNOWN), Cut("gateway.authorise.before", Fault.UNKNOWN, nth=2)
    )
    placed(shop)
    shop.clock.advance(A_MINUTE)
    assert shop.housekeeping.run_round() == RoundReport()


def test_what_somebody_else_settled_meanwhile_is_left_alone() -> None:
    gateway = Meddling()
    shop = a_shop(gateway=gateway)
    add(shop)
    first, second = placed(shop, token=TIMEOUT), placed(shop, token=TIMEOUT)
    shop.clock.advance(A_MINUTE)
    gateway.meddle = lambda: shop.payments.settle(second.id)
    assert shop.housekeeping.run_round() == RoundReport(settled=1)
    assert {shop.ordering.get(each.id).status for each in (first, second)} == {OrderStatus.CONFIRMED}


def test_one_that_cannot_be_finished_is_named_and_holds_back_no_other() -> None:
    shop, commits = a_refusing_shop()
    order = placed(shop, token=TIMEOUT)
    shop.clock.advance(A_MINUTE)
    later = shop.clock.now()
    store = shop.core.store
    assert isinstance(store, MemoryStore)
    store._now = lambda: later
    commits.names.add("settle_payment")
    report = shop.housekeeping.run_round()
    assert [order_id for order_id, _ in report.failures] == [order.id]
    assert report.did_anything


# -- expiring -----------------------------------------------------------------------------------------------------


def test_a_waiting_order_expires_with_its_reservation() -> None:
    shop = a_stocked_shop()
    order_id = a_waiting_order(shop)
    assert available(shop) == 9
    shop.clock.advance(timedelta(hours=2))
    assert shop.housekeeping.run_round() == RoundReport(expired=1)
    order = shop.ordering.get(order_id)
    assert (order.status, order.cancel_reason, order.payment.status) == (
        OrderStatus.CANCELLED,
        CancelReason.EXPIRED,
        PaymentStatus.VOIDED,
    )
    assert available(shop) == 10
    assert shop.told.news[-1] == ("order_cancelled", str(order.number))


def test_a_candidate_that_changed_meanwhile_does_not_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    monkeypatch.setattr(MemoryOrders, "expired", lambda _, limit, **__: [order.id][:limit])
    assert shop.housekeeping.run_round() == RoundReport()
    assert shop.ordering.get(order.id).status is OrderStatus.CONFIRMED


# -- handing over -------------------------------------------------------------------------------------------------


def test_open_orders_of_an_inactive_admin_are_handed_over_and_closed_ones_stay() -> None:
    shop = a_stocked_shop()
    ann, bob = (shop.admins.add(AddAdmin(username=name, password=PASSWORD)) for name in ("ann", "bob"))
    orders = [placed(shop) for _ in range(6)]
    mine = [order for order in orders if order.manager_id == ann.id]
    shop.shipping.ship(ShipOrder(order_id=mine[0].id))
    shop.shipping.deliver(MarkDelivered(order_id=mine[0].id))
    shop.ordering.cancel(CancelOrder(order_id=mine[1].id))
    shop.admins.deactivate(DeactivateAdmin(admin_id=ann.id))
    assert shop.housekeeping.run_round() == RoundReport(handed_over=1)
    assert [shop.ordering.get(order.id).manager_id for order in mine] == [ann.id, ann.id, bob.id]
    assert shop.housekeeping.run_round() == RoundReport()


def test_without_anybody_else_the_store_takes_over() -> None:
    shop = a_stocked_shop()
    ann = shop.admins.add(AddAdmin(username="ann", password=PASSWORD))
    order = placed(shop)
    shop.admins.deactivate(DeactivateAdmin(admin_id=ann.id))
    shop.housekeeping.run_round()
    assert shop.ordering.get(order.id).manager_id == STORE_ADMIN


@pytest.mark.parametrize("to_the_store", [False, True])
def test_an_order_that_somebody_handed_over_since_it_became_a_candidate_stays(
    monkeypatch: pytest.MonkeyPatch, *, to_the_store: bool
) -> None:
    shop = a_stocked_shop()
    first, *others = (shop.admins.add(AddAdmin(username=name, password=PASSWORD)) for name in ("ann", "bob", "cy"))
    order = placed(shop)
    theirs = [STORE_ADMIN] if to_the_store else [admin.id for admin in (first, *others)]
    monkeypatch.setattr(MemoryOrders, "managed_by_inactive", lambda _, limit: [order.id][:limit])
    for admin_id in theirs:
        shop.ordering.hand_over(HandOver(order_id=order.id, manager_id=admin_id))
        assert shop.housekeeping.run_round().handed_over == 0
        assert shop.ordering.get(order.id).manager_id == admin_id


# -- forgetting ---------------------------------------------------------------------------------------------------


def test_keys_are_forgotten_after_their_time_but_never_while_an_attempt_is_unknown() -> None:
    plan = FaultPlan(Cut("gateway.authorise.before", Fault.UNKNOWN, nth=2))
    shop = a_shop(gateway=NeverSure(), plan=plan)
    add(shop)
    first = shop.ordering.place(a_command(), idempotency_key="done")
    unknown = shop.ordering.place(a_command(), idempotency_key="unknown")
    shop.clock.advance(timedelta(days=31))
    assert shop.housekeeping.run_round().forgotten == 1
    assert shop.ordering.place(a_command(), idempotency_key="done").id != first.id
    assert shop.ordering.place(a_command(), idempotency_key="unknown").id == unknown.id


# -- a store in trouble -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["expire_orders", "hand_over_orders", "forget_requests"])
def test_a_round_that_cannot_be_written_says_so(name: str) -> None:
    shop, commits = a_refusing_shop()
    commits.names.add(name)
    with pytest.raises(OutcomeUnknown):
        shop.housekeeping.run_round()


def test_an_answer_that_cannot_be_recorded_is_no_answer() -> None:
    shop, commits = a_refusing_shop()
    commits.names.add("settle_payment")
    with pytest.raises(OutcomeUnknown):
        placed(shop)
    commits.names.clear()
    commits.names.add("record_label")
    order = placed(shop)
    with pytest.raises(OutcomeUnknown):
        shop.shipping.ship(ShipOrder(order_id=order.id))
    commits.names.add("add_products")
    with pytest.raises(OutcomeUnknown):
        shop.catalogue.add_products([AddProduct(sku="A", name="A", price=Money.of("1", "EUR"))])
    with pytest.raises(UnknownResource):
        shop.catalogue.by_sku("A")


def test_work_that_cannot_be_finished_keeps_nothing_newer_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordercore.application.housekeeping.LARGEST_BATCH", 2)
    plan = FaultPlan(*(Cut("gateway.authorise.before", Fault.UNKNOWN, nth) for nth in (1, 2, 3)))
    shop = a_shop(gateway=NeverSure(), plan=plan)
    add(shop)
    lost = [placed(shop) for _ in range(3)]
    shop.clock.pause(timedelta(days=2).total_seconds())  # their keys are dead and the provider knows none of them
    found = placed(shop, token=TIMEOUT)
    shop.clock.pause(60)
    assert shop.housekeeping.run_round().settled == 1
    assert shop.ordering.get(found.id).status is OrderStatus.CONFIRMED
    assert all(shop.ordering.get(order.id).payment.is_unknown for order in lost)


def test_a_provider_that_raises_is_reported_and_holds_back_no_other() -> None:
    plan = FaultPlan(Cut("gateway.authorise.before", Fault.RAISE, 3))
    shop = a_shop(plan=plan)
    add(shop)
    orders = [placed(shop, token=TIMEOUT) for _ in range(2)]
    shop.clock.pause(60)
    report = shop.housekeeping.run_round()
    assert report.settled == 1
    ((failed, why),) = report.failures
    assert failed in {order.id for order in orders}
    assert why.startswith("PlannedFault")
    shop.clock.pause(200)
    assert shop.housekeeping.run_round().settled == 1


def test_handing_over_asks_no_provider_for_what_somebody_else_began() -> None:
    plan = FaultPlan(Cut("gateway.capture.after", Fault.RAISE))
    shop = a_shop(plan=plan)
    add(shop)
    admin = shop.admins.add(AddAdmin(username="uma", password=PASSWORD))
    order = placed(shop)
    assert order.manager_id == admin.id
    with pytest.raises(PlannedFault):
        shop.shipping.ship(ShipOrder(order_id=order.id))
    shop.admins.deactivate(DeactivateAdmin(admin_id=admin.id))
    asked = plan.passes["gateway.capture.before"]
    assert shop.housekeeping.run_round().handed_over == 1
    assert plan.passes["gateway.capture.before"] == asked
