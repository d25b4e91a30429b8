from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from ordercore.adapters.payments import notifications
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.application.moving import CapturePayment, RefundPayment
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.shop import OrderCore
from ordercore.application.steering import CancelOrder
from ordercore.domain.actor import SYSTEM
from ordercore.domain.errors import BadSignature, NotificationIsOld, OrderCoreError, OutcomeUnknown, UnknownResource
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.ports.commits import Change
from ordercore.ports.gateway import ProviderReport
from ordercore.testing.faults import Cut, Fault, FaultPlan, FixedClock
from tests.support.cores import TIMEOUT, OpenShop, a_command, a_shop, add, placed, told_of

C = TypeVar("C")
R = TypeVar("R")
SECURE = "tok_threeDSecure"
AT_ONCE = Settings(capture=CapturePolicy.CONFIRMED)


def a_stocked_shop(*cuts: Cut, settings: Settings | None = None) -> OpenShop:
    shop = a_shop(plan=FaultPlan(*cuts), settings=settings)
    add(shop)
    return shop


def told(shop: OpenShop, order: Order, attempt: int = -1) -> tuple[bytes, Any]:
    """What the provider has to tell of an order's attempt now."""
    return shop.provider.notification(order.payment.attempts[attempt].provider_key)


def hear(shop: OpenShop, notification: tuple[bytes, Any]) -> int:
    return shop.hear("fake", *notification)


def a_report(shop: OpenShop, key: str | None, answer: ProviderAnswer, event_id: str = "e") -> tuple[bytes, Any]:
    """Something that this provider might tell."""
    now = shop.clock.now()
    report = ProviderReport(event_id=event_id, occurred_at=now, kind=AttemptKind.AUTHORISE, answer=answer, key=key)
    body = notifications.body_of(report)
    return body, notifications.signed(shop.provider._secret, event_id, now, body)


def test_a_notification_settles_what_no_answer_settled() -> None:
    shop = a_stocked_shop()
    order = shop.ordering.place(a_command(token=TIMEOUT), idempotency_key="k")
    assert hear(shop, told(shop, order)) == 1
    after = shop.ordering.place(a_command(token=TIMEOUT), idempotency_key="k")
    assert (after.status, after.replayed) == (OrderStatus.CONFIRMED, True)
    assert told_of(shop, order.id).kinds == ["confirmation"]


class TellsTwice(FakeGateway):
    """A provider whose notifications tell of an attempt once more, knowing less."""

    def read_notification(self, body: bytes, headers: Mapping[str, str]) -> Sequence[ProviderReport]:
        (report,) = super().read_notification(body, headers)
        vague = evolve(report, event_id=f"{report.event_id}-2", answer=ProviderAnswer(kind=AnswerKind.UNKNOWN))
        return report, vague


def test_of_two_reports_about_one_attempt_none_is_dropped() -> None:
    clock = FixedClock()
    shop = a_shop(clock=clock, gateway=(provider := TellsTwice(now=clock.now)))
    shop.provider = provider
    add(shop)
    order = placed(shop, token=TIMEOUT)
    assert hear(shop, told(shop, order)) == 2
    assert shop.ordering.get(order.id).status is OrderStatus.CONFIRMED


def test_what_follows_is_asked_for_at_once() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = placed(shop, token=TIMEOUT)
    hear(shop, told(shop, order))
    assert shop.ordering.get(order.id).payment.status is PaymentStatus.CAPTURED


def test_an_event_is_heard_once() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    assert [hear(shop, told(shop, order)) for _ in range(3)] == [1, 0, 0]
    assert [event.type for event in shop.ordering.history(order.id)][-2:] == [
        "payment.recorded.v1",
        "order.confirmed.v1",
    ]


def test_what_we_know_already_changes_nothing() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    assert hear(shop, told(shop, order)) == 1
    assert shop.ordering.get(order.id).version == order.version


def test_a_customer_who_acted_is_heard_of() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=SECURE)
    assert hear(shop, told(shop, order)) == 1
    shop.provider.act(order.payment.attempts[0].reference or "")
    assert hear(shop, told(shop, order)) == 1
    assert shop.ordering.get(order.id).status is OrderStatus.CONFIRMED


def test_a_payment_that_is_told_of_after_the_end_goes_back() -> None:
    shop = a_stocked_shop()
    order = shop.ordering.cancel(CancelOrder(order_id=placed(shop, token=TIMEOUT).id))
    hear(shop, told(shop, order))
    after = shop.ordering.get(order.id)
    assert (after.status, after.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.VOIDED)


def test_a_report_of_another_amount_is_not_believed() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    answer = ProviderAnswer(kind=AnswerKind.APPROVED, reference="r", amount=Money.of("1.00", "EUR"))
    hear(shop, a_report(shop, order.payment.attempts[0].provider_key, answer))
    assert shop.ordering.get(order.id).payment.is_unknown


def test_a_report_against_our_books_becomes_a_discrepancy() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    answer = ProviderAnswer(kind=AnswerKind.DECLINED, decline_code="lost")
    hear(shop, a_report(shop, order.payment.attempts[0].provider_key, answer))
    after = shop.ordering.get(order.id)
    assert (after.status, after.payment.discrepancy) == (OrderStatus.CONFIRMED, -1250)


@pytest.mark.parametrize("key", [None, "not ours", "019421bc-aa03-7000-8000-0000000fffff"])
def test_what_is_no_attempt_of_ours_is_left_alone(key: str | None) -> None:
    shop = a_stocked_shop()
    placed(shop, token=TIMEOUT)
    assert hear(shop, a_report(shop, key, ProviderAnswer(kind=AnswerKind.APPROVED))) == 0


@pytest.mark.parametrize("event_id", ["e" * 300, "é"])
def test_an_event_id_of_any_spelling_counts_once(event_id: str) -> None:
    shop = a_stocked_shop()
    key = placed(shop).payment.attempts[0].provider_key
    report = a_report(shop, key, ProviderAnswer(kind=AnswerKind.APPROVED), event_id)
    assert [hear(shop, report) for _ in range(2)] == [1, 0]


def test_only_the_provider_is_believed() -> None:
    shop = a_stocked_shop()
    body, headers = told(shop, placed(shop, token=TIMEOUT))
    with pytest.raises(UnknownResource, match="payment provider nobody"):
        shop.hear("nobody", body, headers)
    with pytest.raises(BadSignature):
        shop.hear("fake", body + b" ", headers)
    shop.clock.advance(timedelta(minutes=6))
    with pytest.raises(NotificationIsOld):
        shop.hear("fake", body, headers)


@frozen
class Away:
    """Commits of a database that is away."""

    def run(self, change: Change[C, R], commands: Sequence[C]) -> Sequence[R | OrderCoreError]:  # noqa: ARG002 - as the port has it
        return [OutcomeUnknown() for _ in commands]


def test_what_cannot_be_written_is_not_heard_and_may_be_told_again() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    with pytest.raises(OutcomeUnknown):
        OrderCore(evolve(shop.core, commits=Away())).hear("fake", *told(shop, order))
    assert hear(shop, told(shop, order)) == 1


def test_who_hears_is_the_system() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    hear(shop, told(shop, order))
    assert shop.ordering.history(order.id)[-1].actor_id == SYSTEM.id


# -- in any order, any number of times --------------------------------------------------------------------------------


def ending(shop: OpenShop, order_id: Any) -> tuple[object, ...]:
    """What must be the same, however one came there."""
    order = shop.ordering.get(order_id)
    payment = order.payment
    return (
        order.status,
        order.cancel_reason,
        payment.status,
        (payment.authorised, payment.captured, payment.refunded, payment.discrepancy),
        [(each.kind, each.status, each.amount) for each in payment.attempts],
        [(entry.kind, entry.amount_minor) for entry in shop.core.store.books().ledger.get(order.payment.id, ())],  # type: ignore[attr-defined] # memory
        shop.catalogue.by_sku("MUG").available,
    )


LIVES = ("confirmed", "declined", "captured", "refunded", "cancelled")


def lived(life: str) -> tuple[OpenShop, Order, list[tuple[bytes, Any]]]:
    """An order whose answers to one kind of asking never came, and what the provider has to tell of it all."""
    lost = {"captured": "capture", "refunded": "refund"}.get(life)
    cuts = [Cut(f"gateway.{lost}.after", Fault.UNKNOWN)] if lost else []
    shop = a_stocked_shop(*cuts)
    order = placed(shop, token="tok_visa" if lost else SECURE)
    news = [told(shop, order)]
    if not lost:
        shop.provider.act(order.payment.attempts[0].reference or "", confirms=life != "declined")
    if lost:
        order = shop.payments.capture(CapturePayment(order_id=order.id))
        news.append(told(shop, order))
    if life == "refunded":
        order = shop.payments.refund(RefundPayment(order_id=order.id, amount=Money.of("5.00", "EUR")))
    if life == "cancelled":
        order = shop.ordering.cancel(CancelOrder(order_id=order.id))
    return shop, order, [*news, told(shop, order)]


@given(life=st.sampled_from(LIVES), data=st.data())
def test_whatever_the_order_and_the_repeats_the_end_is_the_same(life: str, data: st.DataObject) -> None:
    """Notifications and our own asking, each at least once, in any order."""
    expected_shop, expected, _ = lived(life)
    expected_shop.payments.settle(expected.id)
    shop, order, news = lived(life)
    steps = [*range(len(news)), None]
    repeats = data.draw(st.lists(st.sampled_from(steps), max_size=6))
    for step in data.draw(st.permutations([*steps, *repeats])):
        if step is None:
            shop.payments.settle(order.id)
        else:
            hear(shop, news[step])
    assert ending(shop, order.id) == ending(expected_shop, expected.id)
