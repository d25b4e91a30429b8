from typing import Any

import pytest

from ordercore.adapters.payments.stripe_answers import ATTEMPT, Nonsense, read
from ordercore.domain.payment import AnswerKind, AttemptKind, NextAction, NextActionKind

AUTHORISE, CAPTURE, VOID, REFUND = AttemptKind


def an_intent(**changes: Any) -> dict[str, Any]:
    intent = {
        "id": "pi_1",
        "amount": 1000,
        "amount_capturable": 1000,
        "amount_received": 0,
        "currency": "eur",
        "status": "requires_capture",
        "metadata": {ATTEMPT: "ours"},
    }
    return {**intent, **changes}


def a_refund(**changes: Any) -> dict[str, Any]:
    return {"id": "re_1", "amount": 100, "currency": "eur", "metadata": {ATTEMPT: "ours"}, **changes}


@pytest.mark.parametrize("status", ["processing", "requires_confirmation", "half_done"])
def test_an_authorisation_that_is_not_decided_is_unknown(status: str) -> None:
    answer = read(AUTHORISE, "ours", an_intent(status=status))
    assert answer is not None
    assert answer.kind is AnswerKind.UNKNOWN


def test_a_hold_that_is_gone_is_a_no() -> None:
    answer = read(AUTHORISE, "ours", an_intent(status="canceled"))
    assert answer is not None
    assert (answer.kind, answer.decline_code) == (AnswerKind.DECLINED, "canceled")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "card_declined", "decline_code": "lost_card"}, "lost_card"),
        ({"code": "expired_card"}, "expired_card"),
        ({}, "invalid_request"),
    ],
)
def test_a_decline_has_the_most_exact_of_stripe_s_words(error: dict[str, str], code: str) -> None:
    answer = read(AUTHORISE, "ours", an_intent(status="requires_payment_method", last_payment_error=error))
    assert answer is not None
    assert answer.decline_code == code


def test_what_stripe_s_own_script_asks_for_is_the_client_secret() -> None:
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    intent = an_intent(status="requires_action", next_action=action, client_secret="pi_1_secret")
    answer = read(AUTHORISE, "ours", intent)
    assert answer is not None
    assert answer.next_action == NextAction(kind=NextActionKind.CLIENT_SECRET, value="pi_1_secret")


@pytest.mark.parametrize("kind", [AUTHORISE, CAPTURE])
def test_an_intent_of_another_attempt_tells_nothing_of_ours(kind: AttemptKind) -> None:
    assert read(kind, "theirs", an_intent(status="succeeded")) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("succeeded", AnswerKind.APPROVED),
        ("pending", AnswerKind.APPROVED),
        ("failed", AnswerKind.DECLINED),
        ("canceled", AnswerKind.DECLINED),
        ("requires_action", AnswerKind.UNKNOWN),
    ],
)
def test_every_status_of_a_refund_has_its_answer(status: str, kind: AnswerKind) -> None:
    answer = read(REFUND, "ours", a_refund(status=status))
    assert answer is not None
    assert answer.kind is kind


@pytest.mark.parametrize(
    "spoilt",
    [
        {"metadata": None},
        {"status": 7},
        {"currency": "zzz"},
        {"amount_capturable": True},
        {"amount_capturable": -1},
        {"amount_capturable": 10.0},
        {"id": ""},
        {"status": "requires_payment_method"},
        {"status": "requires_action"},
    ],
)
def test_a_field_that_is_missing_or_odd_is_nonsense(spoilt: dict[str, Any]) -> None:
    with pytest.raises(Nonsense):
        read(AUTHORISE, "ours", an_intent(**spoilt))
