from collections.abc import Callable
from datetime import timedelta
from threading import Event

import pytest

from ordercore.adapters.group_commit import GroupCommit
from ordercore.adapters.memory.store import MemoryStore
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.application.placing import PlaceOrder
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.settling import SETTLE, Recording, answered, patience, provider_call, resume
from ordercore.application.steering import CancelOrder
from ordercore.domain.actor import SYSTEM
from ordercore.domain.errors import PaymentDeclined
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.ports.gateway import ProviderCall
from ordercore.testing.builders import IDS
from ordercore.testing.faults import Cut, Fault, FaultPlan, FixedClock, PlannedFault
from tests.support.cores import (
    CAPTURE_FAILS,
    CAPTURE_TIMEOUT,
    DECLINED,
    TIMEOUT,
    OpenShop,
    a_command,
    a_shop,
    add,
    available,
    placed,
)

AT_ONCE = Settings(capture=CapturePolicy.CONFIRMED)
LONG_AGO = timedelta(days=2)


def a_stocked_shop(*cuts: Cut, settings: Settings | None = None) -> OpenShop:
    shop = a_shop(plan=FaultPlan(*cuts), settings=settings)
    add(shop, quantity=10)
    return shop


class Dawdling(FakeGateway):
    """A provider that takes six seconds for everything, of the ten that it may take."""

    def __init__(self, clock: FixedClock) -> None:
        super().__init__(pause=clock.pause, now=clock.now)
        self._clock = clock

    def call(self, request: ProviderCall) -> ProviderAnswer:
        answer = super().call(request)
        granted = request.within or self.traits.deadline
        self._clock.pause(min(6.0, granted.total_seconds()))
        return answer if granted >= timedelta(seconds=6) else ProviderAnswer(kind=AnswerKind.UNKNOWN)


def a_shop_that_waits(gateway: Callable[[FixedClock], FakeGateway]) -> OpenShop:
    """Its store, its provider and itself go by one clock."""
    clock = FixedClock()
    shop = a_shop(store=MemoryStore(now=clock.now), gateway=gateway(clock), settings=AT_ONCE, clock=clock)
    add(shop, quantity=10)
    return shop


# -- the deadline -------------------------------------------------------------------------------------------------


def test_an_answer_never_takes_longer_than_one_deadline_though_two_things_are_asked() -> None:
    shop = a_shop_that_waits(Dawdling)
    began = shop.clock.now()
    order = placed(shop)
    assert shop.clock.now() - began == timedelta(seconds=10)
    assert (order.status, order.payment.status, order.payment.is_unknown) == (
        OrderStatus.CONFIRMED,
        PaymentStatus.AUTHORISED,
        True,
    )
    shop.clock.advance(patience(shop.core) + timedelta(seconds=1))
    assert shop.housekeeping.run_round().settled == 1
    assert shop.ordering.get(order.id).payment.status is PaymentStatus.CAPTURED


def test_what_too_little_time_is_left_for_is_left_to_the_worker() -> None:
    shop = a_shop_that_waits(lambda clock: FakeGateway(slow_seconds=9.5, pause=clock.pause, now=clock.now))
    order = placed(shop, token="tok_slow")
    assert (order.status, order.payment.status) == (OrderStatus.CONFIRMED, PaymentStatus.AUTHORISED)
    assert (order.payment.capture_pending, order.payment.is_unknown) == (order.total.amount_minor, False)
    shop.clock.advance(patience(shop.core) + timedelta(seconds=1))
    assert shop.housekeeping.run_round().settled == 1
    assert shop.ordering.get(order.id).payment.status is PaymentStatus.CAPTURED


def test_nobody_is_asked_again_where_no_time_is_left() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    (attempt,) = order.payment.attempts
    now = shop.clock.now()
    assert resume(shop.core, order, attempt, SYSTEM.id, now + timedelta(milliseconds=900)) is order


def test_a_batch_is_waited_for_to_its_end() -> None:
    shop = a_shop_that_waits(Dawdling)
    orders = shop.ordering.place_many([a_command(), a_command()])
    assert [each.payment.status for each in orders if isinstance(each, Order)] == [PaymentStatus.CAPTURED] * 2


# -- answers that never came --------------------------------------------------------------------------------------


def test_an_answer_that_never_came_is_shown_and_found_out_by_asking_again() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    assert (order.status, order.payment.status, order.payment.is_unknown) == (
        OrderStatus.PENDING,
        PaymentStatus.PENDING,
        True,
    )
    settled = shop.payments.settle(order.id)
    assert (settled.status, settled.payment.status) == (OrderStatus.CONFIRMED, PaymentStatus.AUTHORISED)
    assert len(shop.provider.entries()) == 1


def test_within_the_keys_lifetime_a_call_that_was_never_heard_is_made() -> None:
    shop = a_stocked_shop(Cut("gateway.authorise.before", Fault.UNKNOWN))
    order = placed(shop)
    assert not shop.provider.entries()
    assert shop.payments.settle(order.id).status is OrderStatus.CONFIRMED


def test_after_the_keys_lifetime_it_is_only_looked_for() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    shop.clock.advance(LONG_AGO)
    assert shop.payments.settle(order.id).status is OrderStatus.CONFIRMED
    assert len(shop.provider.entries()) == 1


def test_a_key_that_could_die_on_its_way_is_not_sent() -> None:
    shop = a_stocked_shop(Cut("gateway.authorise.before", Fault.UNKNOWN))
    order = placed(shop)
    traits = shop.core.gateway.traits
    shop.clock.advance(traits.key_lifetime - traits.deadline)
    assert shop.payments.settle(order.id).payment.is_unknown
    assert not shop.provider.entries()


def test_not_found_is_no_proof_before_the_provider_is_sure() -> None:
    shop = a_stocked_shop(Cut("gateway.authorise.before", Fault.UNKNOWN))
    order = placed(shop)
    shop.clock.advance(shop.core.gateway.traits.key_lifetime)
    for _ in range(2):
        settled = shop.payments.settle(order.id)
        assert (settled.status, settled.payment.is_unknown) == (OrderStatus.PENDING, True)
    assert not shop.provider.entries()
    assert len(shop.ordering.history(order.id)) == 2  # placed, unknown: being told again changes nothing
    assert available(shop) == 9


def test_an_unknown_answer_can_turn_out_declined() -> None:
    shop = a_stocked_shop(Cut("gateway.authorise.after", Fault.UNKNOWN))
    order = shop.ordering.place(a_command(token=DECLINED), idempotency_key="key")
    assert order.status is OrderStatus.PENDING
    assert shop.payments.settle(order.id).status is OrderStatus.CANCELLED
    assert available(shop) == 10
    with pytest.raises(PaymentDeclined) as caught:
        shop.ordering.place(a_command(token=DECLINED), idempotency_key="key")
    assert caught.value.replayed


# -- when money is captured ---------------------------------------------------------------------------------------


def test_money_is_captured_at_once_where_the_policy_says_so() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = placed(shop)
    assert (order.status, order.payment.status, order.payment.captured) == (
        OrderStatus.CONFIRMED,
        PaymentStatus.CAPTURED,
        1250,
    )


def test_a_failed_capture_leaves_the_order_confirmed_and_authorised() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = placed(shop, token=CAPTURE_FAILS)
    assert (order.status, order.payment.status, order.payment.captured) == (
        OrderStatus.CONFIRMED,
        PaymentStatus.AUTHORISED,
        0,
    )


def test_an_unanswered_capture_is_settled_by_asking_again() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = placed(shop, token=CAPTURE_TIMEOUT)
    assert (order.status, order.payment.is_unknown) == (OrderStatus.CONFIRMED, True)
    assert shop.payments.settle(order.id).payment.status is PaymentStatus.CAPTURED
    assert [account.captured for account in shop.provider.accounts().values()] == [1250]


def test_a_capture_follows_an_authorisation_that_was_found_out_later() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = placed(shop, token=TIMEOUT)
    assert shop.payments.settle(order.id).payment.status is PaymentStatus.CAPTURED


def test_a_void_is_followed_by_no_capture() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = placed(shop, token=CAPTURE_FAILS)
    cancelled = shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert (cancelled.payment.status, cancelled.payment.captured) == (PaymentStatus.VOIDED, 0)


# -- recording ----------------------------------------------------------------------------------------------------


def test_recording_an_answer_twice_changes_nothing() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = placed(shop, token=TIMEOUT)
    answer = ProviderAnswer(kind=AnswerKind.APPROVED, reference="ref")
    recordings = [
        Recording(
            order=order,
            attempt_id=order.payment.attempts[0].id,
            answer=answer,
            entry_id=IDS.new(),
            next_id=IDS.new(),
            captures=True,
            at=shop.clock.now(),
            actor_id=SYSTEM.id,
        )
        for _ in range(2)
    ]
    for _ in range(2):
        outcomes = GroupCommit(shop.core.store).run(SETTLE, recordings)
        first, second = (outcome for outcome in outcomes if isinstance(outcome, Order))
        assert first.written() == second
        assert second.facts == ()
    recorded = shop.ordering.get(order.id)
    assert (recorded.payment.authorised, len(recorded.payment.attempts)) == (1250, 2)
    (asked,) = [attempt for attempt in recorded.payment.attempts if attempt.is_open]
    assert asked.kind is AttemptKind.CAPTURE
    assert provider_call(recorded, asked).reference == "ref"


def test_a_batch_has_its_payments_made_side_by_side() -> None:
    shop = a_stocked_shop()
    commands: list[PlaceOrder] = [a_command(token=token) for token in ("tok_visa", DECLINED, TIMEOUT, "tok_visa")]
    outcomes = shop.ordering.place_many(commands)
    assert isinstance(outcomes[1], PaymentDeclined)
    assert [outcome.status for outcome in outcomes if isinstance(outcome, Order)] == [
        OrderStatus.CONFIRMED,
        OrderStatus.PENDING,
        OrderStatus.CONFIRMED,
    ]
    assert available(shop) == 7


def test_a_gateway_that_breaks_its_promise_for_one_order_harms_no_other() -> None:
    shop = a_stocked_shop(Cut("gateway.authorise.before", Fault.RAISE, nth=2))
    commands = [a_command(external_reference=f"A-{number}") for number in range(3)]
    with pytest.raises(PlannedFault):
        shop.ordering.place_many(commands)
    shop.clock.advance(timedelta(minutes=1))
    assert shop.housekeeping.run_round().settled == 1
    assert len(shop.provider.accounts()) == 3


# -- asking many at once ------------------------------------------------------------------------------------------


def test_a_slow_answer_holds_back_no_neighbour() -> None:
    may_go = Event()

    def ask(question: str) -> str:
        if question == "slow":
            may_go.wait(30)
        return question.upper()

    groups = answered(["slow", "quick"], ask, at_once=2)
    assert next(groups) == [("quick", "QUICK")]
    may_go.set()
    assert next(groups) == [("slow", "SLOW")]
    assert list(groups) == []


def test_no_more_than_so_many_are_asked_at_once() -> None:
    asked: list[int] = []
    groups = answered(range(300), lambda number: asked.append(number) or number, at_once=1)  # type: ignore[func-returns-value]
    sizes = [len(group) for group in groups]
    assert asked == list(range(300))
    assert max(sizes) <= 128
    assert sum(sizes) == 300


def test_when_nobody_answers_the_failure_is_raised() -> None:
    def fail(question: int) -> int:
        raise PlannedFault(str(question))

    with pytest.raises(PlannedFault):
        list(answered([1, 2], fail, at_once=2))
