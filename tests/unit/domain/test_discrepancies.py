"""What a provider says about an attempt that is closed: nothing new, or the other word than is recorded."""

from collections.abc import Callable
from uuid import UUID

import pytest

from ordercore.domain.order import Order
from ordercore.domain.order_events import PaymentDiscrepancyFound, PaymentDiscrepancySettled
from ordercore.domain.payment import AnswerKind, Attempt, AttemptStatus, LedgerEntry, LedgerKind, ProviderAnswer
from tests.support.domain import (
    ACTOR,
    APPROVED,
    DECLINED,
    LATER,
    UNKNOWN,
    answered,
    asking_order,
    capturing_order,
    euros,
    facts_of_step,
    held_order,
    refunding_order,
    voiding_order,
)

FOUND, SETTLED = UUID(int=900), UUID(int=901)
WORDS = {AnswerKind.APPROVED: APPROVED, AnswerKind.DECLINED: DECLINED}

ASKED: dict[str, tuple[Callable[[], Order], int]] = {
    "authorise": (asking_order, 1),
    "capture": (capturing_order, 1),
    "void": (voiding_order, -1),
    "refund": (refunding_order, -1),
}
"""Orders with an open attempt of each kind, and what approving it does to the money at the provider."""


def told(order: Order, answer: ProviderAnswer) -> Order:
    """The order after a word on its latest attempt."""
    return order.record(order.payment.attempts[-1].id, answer, entry_id=FOUND, at=LATER, actor_id=ACTOR)


def closed(kind: str, word: AnswerKind) -> Order:
    asking, _ = ASKED[kind]
    return answered(asking(), WORDS[word])


def latest(order: Order) -> Attempt:
    return order.payment.attempts[-1]


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("word", WORDS)
def test_the_recorded_word_told_again_changes_nothing(kind: str, word: AnswerKind) -> None:
    order = closed(kind, word)
    assert told(order, WORDS[word]) is order
    assert told(order, UNKNOWN) is order


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("word", WORDS)
def test_the_other_word_is_booked_beside_the_sums(kind: str, word: AnswerKind) -> None:
    order = closed(kind, word)
    (other,) = WORDS.keys() - {word}
    after = told(order, WORDS[other])
    minor = ASKED[kind][1] * (1 if other is AnswerKind.APPROVED else -1) * 1150
    payment = after.payment
    assert payment.discrepancy == minor
    assert payment.entries == (
        LedgerEntry(id=FOUND, kind=LedgerKind.DISCREPANCY, amount_minor=minor, at=LATER, attempt_id=latest(order).id),
    )
    sums = [(each.authorised, each.captured, each.refunded, each.status) for each in (order.payment, payment)]
    assert sums[0] == sums[1]
    assert (latest(after).reported, latest(after).status) == (other, latest(order).status)
    assert (after.status, after.items) == (order.status, order.items)


def test_a_contradiction_is_told_once_and_names_its_work_item() -> None:
    order = closed("authorise", AnswerKind.DECLINED)
    assert facts_of_step(order, lambda: told(order, APPROVED)) == (PaymentDiscrepancyFound,)
    after = told(order, APPROVED)
    (fact,) = after.facts
    assert isinstance(fact, PaymentDiscrepancyFound)
    assert (fact.reported, fact.amount_minor, fact.work_item_id) == (AnswerKind.APPROVED, 1150, FOUND)
    assert (fact.kind, fact.attempt_id) == (latest(order).kind, latest(order).id)
    for again in (APPROVED, DECLINED, UNKNOWN):
        assert told(after, again) is after


def test_an_order_is_not_revived_by_money_that_came_after_its_end() -> None:
    after = told(closed("authorise", AnswerKind.DECLINED), APPROVED)
    assert after.status == "cancelled"
    assert told(held_order(), APPROVED).status == "pending"


def test_where_money_turns_out_taken_the_attempt_says_what_the_provider_calls_it() -> None:
    order = closed("authorise", AnswerKind.DECLINED)
    assert latest(told(order, APPROVED)).reference == "auth_1"
    nameless = ProviderAnswer(kind=AnswerKind.APPROVED)
    assert latest(told(order, nameless)).reference is None


def test_a_contradicted_approval_keeps_the_name_that_later_calls_use() -> None:
    order = closed("authorise", AnswerKind.APPROVED)
    other = ProviderAnswer(kind=AnswerKind.DECLINED, reference="other", decline_code="expired_card")
    after = told(order, other)
    assert after.payment.reference == order.payment.reference == "auth_1"
    assert after.payment.decline_code is None


def test_a_word_on_an_open_attempt_contradicts_nothing() -> None:
    asking = asking_order()
    assert not latest(asking).is_contradicted_by(APPROVED)
    unknown = answered(asking, UNKNOWN)
    assert latest(unknown).status is AttemptStatus.UNKNOWN
    assert not latest(unknown).is_contradicted_by(DECLINED)


def test_settling_a_discrepancy_books_the_opposite() -> None:
    found = told(closed("capture", AnswerKind.APPROVED), DECLINED)
    attempt_id = latest(found).id

    def settle() -> Order:
        return found.settle_discrepancy(FOUND, attempt_id, euros("-11.50"), entry_id=SETTLED, at=LATER, actor_id=ACTOR)

    assert facts_of_step(found, settle) == (PaymentDiscrepancySettled,)
    after = settle()
    assert after.payment.discrepancy == 0
    assert [(entry.id, entry.amount_minor) for entry in after.payment.entries] == [(FOUND, -1150), (SETTLED, 1150)]
    fact = after.facts[-1]
    assert isinstance(fact, PaymentDiscrepancySettled)
    assert (fact.amount_minor, fact.work_item_id, fact.attempt_id) == (-1150, FOUND, attempt_id)
