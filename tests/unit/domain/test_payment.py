from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ordercore.domain.errors import OrderCoreError, TransitionRefused
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.order import CancelReason, OnDecline, Order, status_of
from ordercore.domain.payment import (
    AnswerKind,
    AttemptKind,
    AttemptStatus,
    LedgerKind,
    Payment,
    ProviderAnswer,
)
from tests.support.domain import (
    ACTOR,
    APPROVED,
    ATTEMPT,
    DECLINED,
    ENTRY,
    LATER,
    NOON,
    SHIPMENT,
    a_new_order,
    a_payment,
    euros,
)

ALLOWED_KINDS = {
    PaymentStatus.PENDING: {AttemptKind.AUTHORISE, AttemptKind.VOID},
    PaymentStatus.DECLINED: {AttemptKind.AUTHORISE, AttemptKind.VOID},
    PaymentStatus.AUTHORISED: {AttemptKind.CAPTURE, AttemptKind.VOID},
    PaymentStatus.CAPTURED: {AttemptKind.CAPTURE, AttemptKind.REFUND},
    PaymentStatus.PARTIALLY_REFUNDED: {AttemptKind.REFUND},
    PaymentStatus.REFUNDED: set(),
    PaymentStatus.VOIDED: set(),
}


def asked(payment: Payment, kind: AttemptKind, amount: str = "11.50") -> Payment:
    number = UUID(int=ATTEMPT.int + 1000 * len(payment.attempts))
    return payment.start(kind, attempt_id=number, amount=euros(amount), token=None, at=NOON)


def finished(payment: Payment, answer: ProviderAnswer) -> Payment:
    attempt = payment.open_attempt
    assert attempt is not None
    return payment.finish(attempt, answer, entry_id=ENTRY, at=LATER)


def booked(payment: Payment, kind: AttemptKind, amount: str = "11.50") -> Payment:
    return finished(asked(payment, kind, amount), APPROVED)


@pytest.mark.parametrize("kind", AttemptKind)
@pytest.mark.parametrize("status", PaymentStatus)
def test_the_provider_is_asked_only_for_what_the_lifecycle_allows(status: PaymentStatus, kind: AttemptKind) -> None:
    payment = evolve(a_payment(), status=status)
    if kind in ALLOWED_KINDS[status]:
        assert asked(payment, kind).open_attempt is not None
    else:
        with pytest.raises(TransitionRefused, match="payment"):
            asked(payment, kind)


@pytest.mark.parametrize(
    ("kind", "pending"),
    [
        (AttemptKind.AUTHORISE, (1150, 0, 0)),
        (AttemptKind.CAPTURE, (0, 1150, 0)),
        (AttemptKind.REFUND, (0, 0, 1150)),
        (AttemptKind.VOID, (0, 0, 0)),
    ],
)
def test_what_is_asked_is_pending_until_the_answer(kind: AttemptKind, pending: tuple[int, int, int]) -> None:
    before = before_asking(kind)
    asking = asked(before, kind)
    assert pending_of(asking) == pending
    assert pending_of(finished(asking, APPROVED)) == (0, 0, 0)
    assert pending_of(finished(asking, DECLINED)) == (0, 0, 0)


@pytest.mark.parametrize("kind", AttemptKind)
def test_an_approval_is_booked_with_the_attempt_that_explains_it(kind: AttemptKind) -> None:
    before = evolve(before_asking(kind), entries=())
    after = booked(before, kind)
    (entry,) = after.entries
    assert (entry.amount_minor, entry.at, entry.attempt_id) == (1150, LATER, after.attempts[-1].id)
    assert after.attempts[-1].status is AttemptStatus.SUCCEEDED


@pytest.mark.parametrize("kind", AttemptKind)
def test_a_decline_is_never_booked(kind: AttemptKind) -> None:
    before = evolve(before_asking(kind), entries=())
    after = finished(asked(before, kind), DECLINED)
    assert (after.entries, sums_of(after)) == ((), sums_of(before))
    assert after.decline_code == "insufficient_funds"
    assert after.status is (PaymentStatus.DECLINED if kind is AttemptKind.AUTHORISE else before.status)


def test_a_lost_answer_stays_pending_and_is_flagged() -> None:
    asking = asked(a_payment(), AttemptKind.AUTHORISE)
    lost = asking.lose_sight(asking.attempts[0], at=LATER)
    assert lost.is_unknown
    assert not asking.is_unknown
    assert (lost.status, lost.authorise_pending) == (PaymentStatus.PENDING, 1150)
    assert lost.attempts[0].finished_at is None
    assert lost.attempts[0].is_open


def test_an_attempt_has_its_own_key_at_the_provider() -> None:
    twice = asked(finished(asked(a_payment(), AttemptKind.AUTHORISE), DECLINED), AttemptKind.AUTHORISE)
    assert len({attempt.provider_key for attempt in twice.attempts}) == 2


def test_a_void_takes_the_authorisation_back() -> None:
    held = booked(a_payment(), AttemptKind.AUTHORISE)
    voided = booked(held, AttemptKind.VOID)
    assert (held.authorised, voided.authorised, voided.status) == (1150, 0, PaymentStatus.VOIDED)


def test_refunds_in_parts_end_as_refunded() -> None:
    first = booked(before_asking(AttemptKind.REFUND), AttemptKind.REFUND, "4.00")
    assert (first.status, first.refunded) == (PaymentStatus.PARTIALLY_REFUNDED, 400)
    assert booked(first, AttemptKind.REFUND, "7.50").status is PaymentStatus.REFUNDED


def test_the_reference_is_that_of_the_live_authorisation() -> None:
    declined = finished(asked(a_payment(), AttemptKind.AUTHORISE), evolve(DECLINED, reference="refused_1"))
    assert declined.reference is None
    held = booked(declined, AttemptKind.AUTHORISE)
    assert held.reference == "auth_1"
    captured = finished(asked(held, AttemptKind.CAPTURE), evolve(APPROVED, reference="capture_1"))
    assert captured.reference == "auth_1"


def test_a_payment_without_attempts_has_no_decline_and_no_reference() -> None:
    assert (a_payment().decline_code, a_payment().reference, a_payment().open_attempt) == (None, None, None)


def test_a_card_token_is_never_printed() -> None:
    payment = a_payment().start(
        AttemptKind.AUTHORISE, attempt_id=ATTEMPT, amount=euros("1.00"), token="tok_secret", at=NOON
    )
    assert "tok_secret" not in repr(payment)


def before_asking(kind: AttemptKind) -> Payment:
    """A payment of which that may be asked."""
    if kind is AttemptKind.AUTHORISE:
        return a_payment()
    held = booked(a_payment(), AttemptKind.AUTHORISE)
    return booked(held, AttemptKind.CAPTURE) if kind is AttemptKind.REFUND else held


def pending_of(payment: Payment) -> tuple[int, int, int]:
    return payment.authorise_pending, payment.capture_pending, payment.refund_pending


def sums_of(payment: Payment) -> tuple[int, int, int]:
    return payment.authorised, payment.captured, payment.refunded


# -- any sequence of steps ------------------------------------------------------------------------------------------


class Shop:
    """One order to which anything may be tried; what is refused must leave no trace."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.count = 1000

    def id(self) -> UUID:
        self.count += 1
        return UUID(int=self.count)

    def attempt(self, name: str, answer: AnswerKind) -> None:
        order = self.order
        common: dict[str, Any] = {"at": LATER, "actor_id": ACTOR}
        steps: dict[str, Any] = {
            "pay": lambda: order.pay(token="tok", attempt_id=self.id(), **common),
            "confirm_paid": lambda: order.confirm_paid(entry_ids=(self.id(), self.id()), **common),
            "ask_capture": lambda: order.ask_capture(attempt_id=self.id(), **common),
            "answer": lambda: self.answered(answer),
            "cancel": lambda: order.cancel(attempt_id=self.id(), entry_id=self.id(), **common),
            "expire": lambda: order.cancel(
                attempt_id=self.id(), entry_id=self.id(), because=CancelReason.EXPIRED, **common
            ),
            "claim": lambda: order.claim(SHIPMENT, **common),
            "unclaim": lambda: order.unclaim(SHIPMENT, reason="none", **common),
            "ship": lambda: order.ship(SHIPMENT, tracking_number="T", **common),
            "deliver": lambda: order.deliver(SHIPMENT, **common),
        }
        try:
            self.order = steps[name]()
        except OrderCoreError:
            assert self.order is order

    def answered(self, kind: AnswerKind) -> Order:
        attempt = self.order.payment.attempts[-1] if self.order.payment.attempts else None
        if attempt is None:
            return self.order
        answer = ProviderAnswer(kind=kind)
        return self.order.record(attempt.id, answer, entry_id=self.id(), at=LATER, actor_id=ACTOR)


STEPS = [
    "pay",
    "confirm_paid",
    "ask_capture",
    "answer",
    "cancel",
    "expire",
    "claim",
    "unclaim",
    "ship",
    "deliver",
]


@given(
    on_decline=st.sampled_from(OnDecline),
    token=st.sampled_from(["tok", None]),
    is_paid_elsewhere=st.booleans(),
    total=st.sampled_from(["11.50", "0.00"]),
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(AnswerKind)), max_size=25),
)
def test_after_any_sequence_the_sums_keep_their_bounds_and_the_ledger_explains_them(
    on_decline: OnDecline,
    token: str | None,
    is_paid_elsewhere: bool,
    total: str,
    steps: list[tuple[str, AnswerKind]],
) -> None:
    order = a_new_order(total=total, on_decline=on_decline, is_paid_elsewhere=is_paid_elsewhere)
    shop = Shop(order.placed(token=token, attempt_id=ATTEMPT, at=NOON))
    for name, answer in steps:
        before = shop.order
        shop.attempt(name, answer)
        assert shop.order is before or shop.order.version == before.version + 1
        assert shop.order is before or len(shop.order.facts) > len(before.facts)
        refuse_broken_books(shop.order.payment)
        refuse_broken_items(shop.order)


def refuse_broken_books(payment: Payment) -> None:
    assert min(*sums_of(payment), *pending_of(payment)) >= 0
    assert payment.authorised + payment.authorise_pending <= payment.amount.amount_minor
    assert payment.captured + payment.capture_pending <= payment.authorised
    assert payment.refunded + payment.refund_pending <= payment.captured
    told: Counter[LedgerKind] = Counter()
    for entry in payment.entries:
        told[entry.kind] += entry.amount_minor
    assert payment.authorised == told[LedgerKind.AUTHORISED] - told[LedgerKind.VOIDED]
    assert (payment.captured, payment.refunded) == (told[LedgerKind.CAPTURED], told[LedgerKind.REFUNDED])
    assert sum(attempt.is_open for attempt in payment.attempts) <= 1
    assert payment.is_unknown == any(attempt.status is AttemptStatus.UNKNOWN for attempt in payment.attempts)


def refuse_broken_items(order: Order) -> None:
    for item in order.items:
        assert item.quantity_open >= 0
        assert 0 <= item.quantity_delivered <= item.quantity_shipped
        assert item.quantity_reserved == item.quantity - item.quantity_shipped - item.quantity_cancelled
    if order.status is not OrderStatus.PENDING:
        assert order.status is status_of(order.items)
