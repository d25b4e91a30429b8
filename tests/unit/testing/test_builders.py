import pytest

from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptStatus
from ordercore.testing.builders import a_contact, a_customer, a_product, an_address, an_item, an_order, answered


def test_an_order_waits_for_its_money_unless_said_otherwise() -> None:
    order = an_order()
    assert (order.status, order.payment.status) == (OrderStatus.PENDING, PaymentStatus.PENDING)
    assert order.payment.open_attempt is not None


@pytest.mark.parametrize(
    ("said", "status", "payment"),
    [
        ({"paid": True}, OrderStatus.CONFIRMED, PaymentStatus.AUTHORISED),
        ({"captured": True}, OrderStatus.CONFIRMED, PaymentStatus.CAPTURED),
        ({"shipped": True}, OrderStatus.SHIPPED, PaymentStatus.CAPTURED),
        ({"delivered": True}, OrderStatus.DELIVERED, PaymentStatus.CAPTURED),
    ],
)
def test_an_order_is_as_far_as_said(said: dict[str, bool], status: OrderStatus, payment: PaymentStatus) -> None:
    order = an_order(**said)  # type: ignore[arg-type] # flags
    assert (order.status, order.payment.status) == (status, payment)


def test_an_order_has_the_items_and_details_that_were_said() -> None:
    mug = a_product("MUG", price="2.50")
    order = an_order(items=[an_item(mug, 3), an_item(a_product("TEA", price="1.00"))], number=7)
    assert order.number == 7
    assert order.total == Money.of("8.50", "EUR")
    assert order.reserved[mug.id] == 3


def test_a_provider_may_decline_or_say_nothing() -> None:
    assert answered(an_order(), AnswerKind.DECLINED).status is OrderStatus.CANCELLED
    lost = answered(an_order(), AnswerKind.UNKNOWN)
    assert lost.payment.attempts[-1].status is AttemptStatus.UNKNOWN
    with pytest.raises(ValueError, match="no attempt"):
        answered(an_order(paid=True))


def test_what_is_said_replaces_what_is_usual() -> None:
    assert an_address(country="FR").country == "FR"
    assert a_contact(phone=None).phone is None
    assert a_customer(is_guest=True).is_guest
    assert a_product(quantity=5).available == 5


def test_no_two_things_share_an_id() -> None:
    assert len({a_product().id, a_product().id, an_order().id, a_customer().id}) == 4
