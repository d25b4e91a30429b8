import pytest

from ordercore.domain.errors import PaymentInFlight, TransitionRefused
from ordercore.domain.lifecycles import PaymentStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.testing.builders import AT, IDS
from tests.support.domain import a_new_order, answered, confirmed_order, delivered_order, refunding_order, voiding_order

NO = ProviderAnswer(kind=AnswerKind.DECLINED, decline_code="not_now")
YES = ProviderAnswer(kind=AnswerKind.APPROVED, reference="given-back")


def given_back(order: Order) -> Order:
    return order.give_back(attempt_id=IDS.new(), entry_id=IDS.new(), at=AT, actor_id=IDS.new())


@pytest.mark.parametrize(
    ("asking", "kind", "end"),
    [
        (voiding_order, AttemptKind.VOID, PaymentStatus.VOIDED),
        (refunding_order, AttemptKind.REFUND, PaymentStatus.REFUNDED),
    ],
)
def test_money_that_was_not_given_back_can_be_asked_back_again(asking, kind, end) -> None:  # type: ignore[no-untyped-def]
    refused = answered(asking(), NO)
    again = given_back(refused)
    assert again.payment.open_attempt is not None
    assert again.payment.open_attempt.kind is kind
    assert answered(again, YES).payment.status is end


def test_what_was_given_back_is_not_given_back_again() -> None:
    ended = answered(voiding_order(), YES)
    assert given_back(ended) is ended


@pytest.mark.parametrize("order", [confirmed_order(), delivered_order()], ids=lambda order: order.status.value)
def test_only_a_cancelled_order_gives_its_money_back(order: Order) -> None:
    with pytest.raises(TransitionRefused):
        given_back(order)


def test_money_on_its_way_back_is_not_asked_for_twice() -> None:
    with pytest.raises(PaymentInFlight):
        given_back(voiding_order())


def test_money_that_was_taken_elsewhere_is_refunded_elsewhere() -> None:
    order = a_new_order(is_paid_elsewhere=True).placed(token=None, attempt_id=IDS.new(), at=AT)
    paid = order.confirm_paid(entry_ids=(IDS.new(), IDS.new()), at=AT, actor_id=IDS.new())
    with pytest.raises(TransitionRefused, match="made elsewhere is captured; it cannot be refunded here"):
        paid.refund(None, attempt_id=IDS.new(), at=AT, actor_id=IDS.new())
