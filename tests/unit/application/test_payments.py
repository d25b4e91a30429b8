from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve, frozen

from ordercore.adapters.payments.fake import FakeGateway
from ordercore.application.payments import ResolveAttempt
from ordercore.application.shop import OrderCore
from ordercore.application.steering import CancelOrder
from ordercore.domain.errors import CardRefused, InvalidRequest, KeyReused, TransitionRefused, UnknownResource
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.ports.commits import Change, Commits
from ordercore.ports.gateway import Card, ProviderCall, ProviderTraits
from ordercore.testing.builders import IDS
from ordercore.testing.faults import Cut, Fault, FaultPlan, FaultyGateway, PlannedFault
from tests.support.cores import TIMEOUT, a_shop, add, available, placed

CARD = Card(number="4242 4242 4242 4242", expiry_month=12, expiry_year=2030, cvc="123")


class ClosedVault(FakeGateway):
    """A provider whose tokens come from its own fields in the browser."""

    @property
    def traits(self) -> ProviderTraits:
        return ProviderTraits(name="closed")


def test_a_card_becomes_a_token() -> None:
    shop = a_shop()
    assert shop.payments.tokenise(CARD) == "tok_visa"
    with pytest.raises(CardRefused):
        shop.payments.tokenise(Card(number="1", expiry_month=1, expiry_year=2030, cvc="1"))


def test_a_closed_vault_takes_no_card() -> None:
    with pytest.raises(TransitionRefused, match="closed"):
        a_shop(gateway=ClosedVault()).payments.tokenise(CARD)


def test_settling_a_settled_payment_changes_nothing() -> None:
    shop = a_shop()
    add(shop)
    order = placed(shop)
    assert shop.payments.settle(order.id).version == order.version
    assert len(shop.provider.entries()) == 1
    with pytest.raises(UnknownResource):
        shop.payments.settle(IDS.new())


@pytest.mark.parametrize(
    ("outcome", "status", "left"),
    [(AnswerKind.APPROVED, OrderStatus.CONFIRMED, 9), (AnswerKind.DECLINED, OrderStatus.CANCELLED, 10)],
)
def test_an_admin_decides_what_no_provider_can_tell(outcome: AnswerKind, status: OrderStatus, left: int) -> None:
    shop = a_shop()
    add(shop)
    order = placed(shop, token=TIMEOUT)
    command = ResolveAttempt(order_id=order.id, outcome=outcome, reason="seen in the provider's dashboard")
    resolved = shop.payments.resolve(command)
    assert (resolved.status, resolved.payment.is_unknown, available(shop)) == (status, False, left)
    with pytest.raises(TransitionRefused):
        shop.payments.resolve(command)


def test_a_decision_has_a_reason_and_decides() -> None:
    shop = a_shop()
    for outcome, reason in ((AnswerKind.APPROVED, None), (AnswerKind.UNKNOWN, "no idea")):
        with pytest.raises(InvalidRequest):
            shop.payments.resolve(ResolveAttempt(order_id=IDS.new(), outcome=outcome, reason=reason))
    with pytest.raises(UnknownResource):
        shop.payments.resolve(ResolveAttempt(order_id=IDS.new(), outcome=AnswerKind.DECLINED, reason="gone"))


def test_an_admin_names_the_providers_reference_and_later_calls_know_it() -> None:
    shop = a_shop()
    add(shop)
    order = placed(shop, token=TIMEOUT)
    reference = shop.provider.entries()[0].reference
    shop.payments.resolve(
        ResolveAttempt(order_id=order.id, outcome=AnswerKind.APPROVED, reason="seen there", reference=reference)
    )
    cancelled = shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert cancelled.payment.status is PaymentStatus.VOIDED
    notes = [event.payload.get("note") for event in shop.ordering.history(order.id)]
    assert "seen there" in notes


def test_money_that_could_not_be_given_back_gets_another_try() -> None:
    plan = FaultPlan(Cut("gateway.void.before", Fault.UNKNOWN))
    shop = a_shop(gateway=FaultyGateway(FakeGateway(), plan))
    add(shop)
    order = shop.ordering.cancel(CancelOrder(order_id=placed(shop).id))
    resolved = shop.payments.resolve(
        ResolveAttempt(order_id=order.id, outcome=AnswerKind.DECLINED, reason="they know nothing of it")
    )
    assert (resolved.payment.status, resolved.payment.authorised) == (PaymentStatus.AUTHORISED, 1250)
    settled = shop.payments.settle(order.id)
    assert (settled.payment.status, settled.payment.authorised) == (PaymentStatus.VOIDED, 0)
    assert shop.payments.settle(order.id) == settled


def test_a_repeated_settling_gives_money_back_once_a_key() -> None:
    shop = a_shop(gateway=(gateway := Reluctant()))
    add(shop)
    order = shop.ordering.cancel(CancelOrder(order_id=placed(shop).id))
    assert shop.payments.settle(order.id, idempotency_key="a").payment.status is PaymentStatus.AUTHORISED
    assert shop.payments.settle(order.id, idempotency_key="a").replayed
    assert gateway.voids == 2  # cancelling asked first
    assert not shop.payments.settle(order.id, idempotency_key="b").replayed
    assert gateway.voids == 3
    with pytest.raises(KeyReused):
        shop.payments.settle(placed(shop).id, idempotency_key="a")


def test_a_repeated_decision_is_answered_again() -> None:
    shop = a_shop()
    add(shop)
    order = placed(shop, token=TIMEOUT)
    command = ResolveAttempt(order_id=order.id, outcome=AnswerKind.APPROVED, reason="seen there")
    resolved = shop.payments.resolve(command, idempotency_key="key")
    again = shop.payments.resolve(command, idempotency_key="key")
    assert (again, again.replayed) == (resolved, True)
    with pytest.raises(KeyReused):
        shop.payments.resolve(evolve(command, outcome=AnswerKind.DECLINED), idempotency_key="key")


def test_a_refused_decision_leaves_its_key_free() -> None:
    shop = a_shop()
    add(shop)
    settled, waiting = placed(shop), placed(shop, token=TIMEOUT)
    command = ResolveAttempt(order_id=settled.id, outcome=AnswerKind.APPROVED, reason="seen there")
    with pytest.raises(TransitionRefused):
        shop.payments.resolve(command, idempotency_key="key")
    decided = shop.payments.resolve(evolve(command, order_id=waiting.id), idempotency_key="key")
    assert not decided.payment.is_unknown


def test_a_decision_that_a_crash_cut_off_is_made_by_its_repeat() -> None:
    shop = a_shop()
    add(shop)
    order = placed(shop, token=TIMEOUT)
    command = ResolveAttempt(order_id=order.id, outcome=AnswerKind.APPROVED, reason="seen there")
    commits = shop.core.commits
    dying = OrderCore(evolve(shop.core, commits=DyingBefore("settle_payment", commits)))
    with pytest.raises(PlannedFault):
        dying.payments.resolve(command, idempotency_key="key")
    decided = shop.payments.resolve(command, idempotency_key="key")
    assert (decided.status, decided.replayed) == (OrderStatus.CONFIRMED, False)


class Reluctant(FakeGateway):
    """A provider that declines to void, and counts how often it was asked."""

    voids = 0

    def call(self, request: ProviderCall) -> ProviderAnswer:
        if request.kind is not AttemptKind.VOID:
            return super().call(request)
        self.voids += 1
        return ProviderAnswer(kind=AnswerKind.DECLINED, decline_code="try_later")


@frozen
class DyingBefore:
    """Commits of a process that dies before one kind of change."""

    name: str
    inner: Commits

    def run(self, change: Change[Any, Any], commands: Sequence[Any]) -> Sequence[Any]:
        if change.name == self.name:
            raise PlannedFault(self.name)
        return self.inner.run(change, commands)


def test_settling_asks_for_an_open_attempt_at_once() -> None:
    shop = a_shop()
    add(shop)
    order = placed(shop, token=TIMEOUT)
    assert shop.payments.settle(order.id).status is OrderStatus.CONFIRMED
