"""What is Stripe's own way, beside the promises that every gateway keeps."""

from __future__ import annotations

import json
import logging
import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from ordercore.adapters.payments.stripe_gateway import StripeGateway, began_at
from ordercore.domain.errors import (
    BadSignature,
    CardRefused,
    NotificationIsNonsense,
    NotificationIsOld,
    ProviderUnavailable,
)
from ordercore.domain.money import Money
from ordercore.domain.payment import AttemptKind
from ordercore.ports.gateway import Card, ProviderReport
from ordercore.testing.faults import uuid7_of
from ordercore.testing.stripe.events import body_of, signature
from ordercore.testing.stripe.faults import Fault
from ordercore.testing.stripe.process import KEY, StripeProcess
from tests.integration.payments.asking import (
    ACTION_REQUIRED,
    APPROVED,
    AUTHORISE,
    CAPTURE,
    DECLINED,
    REFUND,
    SECRET,
    VOID,
    access_to,
    gateway_at,
    gateway_to,
    held,
    is_believed,
    wish,
)

NUMBER = "4242424242424242"
CARD = Card(number=NUMBER, expiry_month=12, expiry_year=2099, cvc="123")


@pytest.fixture
def gateway(stripe: StripeProcess) -> StripeGateway:
    return gateway_to(stripe)


# -- asking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("tok_of_nobody", "resource_missing"),
        ("pm_of_nobody", "resource_missing"),
        (None, "parameter_missing"),
    ],
)
def test_a_token_is_declined_with_stripe_s_word(gateway: StripeGateway, token: str | None, code: str) -> None:
    answer = gateway.call(wish(token=token))
    assert (answer.kind, answer.decline_code) == (DECLINED, code)


def test_a_payment_method_that_has_paid_is_refused_a_second_time(gateway: StripeGateway) -> None:
    token = gateway.tokenise(CARD)
    assert gateway.call(wish(token=token)).kind is APPROVED
    assert gateway.call(wish(token=token)).kind is DECLINED


@pytest.mark.parametrize(("minor", "currency"), [(5124, "KWD"), (550, "MGA")])
def test_an_amount_that_stripe_cannot_express_is_declined_unasked(
    gateway: StripeGateway, minor: int, currency: str
) -> None:
    request = wish(minor=minor, currency=currency)
    assert gateway.call(request).decline_code == "amount_not_representable"
    assert gateway.find(request) is None


def test_a_currency_that_stripe_counts_otherwise_moves_what_was_asked(
    stripe: StripeProcess, gateway: StripeGateway
) -> None:
    request = wish(minor=5, currency="ISK")
    assert gateway.call(request).amount == Money(5, "ISK")
    assert stripe.totals()[request.key]["authorised"] == 500


@pytest.mark.parametrize("kind", [CAPTURE, VOID, REFUND])
def test_money_of_no_authorisation_does_not_move(gateway: StripeGateway, kind: AttemptKind) -> None:
    request = evolve(wish(), kind=kind, token=None)
    assert gateway.call(request).decline_code == "unknown_reference"
    assert gateway.find(request) is None
    assert gateway.find(evolve(request, reference="pi_of_nobody")) is None


def test_a_hold_that_has_ended_by_itself_needs_no_void(stripe: StripeProcess, gateway: StripeGateway) -> None:
    reference = held(gateway)
    stripe.act("expire", reference)
    assert gateway.call(wish(CAPTURE, reference=reference)).decline_code == "payment_intent_unexpected_state"
    void = wish(VOID, reference=reference)
    assert is_believed(void, gateway.call(void))


def test_a_capture_at_stripe_s_own_desk_is_not_taken_for_ours(stripe: StripeProcess, gateway: StripeGateway) -> None:
    reference = held(gateway)
    ours = wish(CAPTURE, reference=reference)
    stripe.act("capture", reference)
    assert gateway.call(ours).kind is DECLINED
    assert gateway.find(ours) is None


def test_what_was_held_is_found_as_approved_when_it_has_been_captured(gateway: StripeGateway) -> None:
    request = wish()
    reference = gateway.call(request).reference
    gateway.call(wish(CAPTURE, 600, reference=reference))
    found = gateway.find(request)
    assert found is not None
    assert is_believed(request, found)


def test_each_refund_of_several_is_found_by_its_own_key(gateway: StripeGateway) -> None:
    reference = held(gateway)
    gateway.call(wish(CAPTURE, reference=reference))
    refunds = [wish(REFUND, minor, reference=reference) for minor in (100, 200, 300)]
    answers = [gateway.call(refund) for refund in refunds]
    assert [gateway.find(refund) for refund in refunds] == answers
    assert gateway.find(wish(REFUND, 100, reference=reference)) is None


def test_a_repetition_says_how_an_action_ended(stripe: StripeProcess, gateway: StripeGateway) -> None:
    request = wish(token="pm_card_authenticationRequired")
    waiting = gateway.call(request)
    assert waiting.kind is ACTION_REQUIRED
    assert gateway.call(request) == waiting
    stripe.act("succeed", waiting.reference or "")
    assert is_believed(request, gateway.call(request))


def test_a_customer_who_is_known_may_still_be_declined(stripe: StripeProcess, gateway: StripeGateway) -> None:
    request = wish(token="pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    stripe.act("succeed", gateway.call(request).reference or "")
    found = gateway.find(request)
    assert found is not None
    assert (found.kind, found.decline_code) == (DECLINED, "insufficient_funds")


@pytest.mark.parametrize("seconds_ago", [-240, 0, 60, 3_600, 80_000])
def test_what_was_asked_again_later_or_by_a_clock_that_differs_is_found(
    gateway: StripeGateway, seconds_ago: int
) -> None:
    began = int((time.time() - seconds_ago) * 1000)
    request = evolve(wish(), key=str(uuid7_of(milliseconds=began, random=random.getrandbits(74))))
    assert gateway.find(request) is None
    answer = gateway.call(request)
    assert gateway.find(request) == answer


def test_the_time_of_an_attempt_is_read_from_its_id() -> None:
    assert began_at("01941f29-7c00-7000-8000-000000000000") == datetime(2025, 1, 1, tzinfo=UTC)
    assert began_at("9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d") is None
    assert began_at("a key of somebody's own") is None


# -- secrets --------------------------------------------------------------------------------------------------------


def test_neither_the_secret_key_nor_a_card_number_is_ever_shown(
    gateway: StripeGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = gateway.tokenise(CARD)
    assert gateway.call(wish(token=token)).kind is APPROVED
    shown = f"{gateway!r} {gateway.traits!r} {caplog.text}"
    assert caplog.records
    for secret in (KEY, SECRET, NUMBER):
        assert secret not in shown


@pytest.mark.parametrize(
    ("card", "pointer"),
    [
        (evolve(CARD, number="4242424242424241"), "/card/number"),
        (evolve(CARD, expiry_month=13), "/card/expiry_month"),
        (evolve(CARD, expiry_year=2001), "/card/expiry_year"),
        (evolve(CARD, cvc="12"), "/card/cvc"),
    ],
)
def test_a_card_is_refused_where_it_is_wrong(gateway: StripeGateway, card: Card, pointer: str) -> None:
    with pytest.raises(CardRefused) as refusal:
        gateway.tokenise(card)
    assert refusal.value.pointer == pointer


@pytest.mark.parametrize("fault", [Fault.NOT_JSON, Fault.NO_OBJECT, Fault.DROP_AFTER, Fault.ERROR_AFTER, Fault.NO_ID])
def test_a_vault_without_an_answer_is_a_refusal(stripe: StripeProcess, gateway: StripeGateway, fault: Fault) -> None:
    stripe.plan(fault, "/payment_methods")
    with pytest.raises(CardRefused, match="no answer"):
        gateway.tokenise(CARD)


# -- notifications --------------------------------------------------------------------------------------------------


def told(gateway: StripeGateway, stripe: StripeProcess, type_: str, id: str) -> list[ProviderReport]:
    """What the gateway reads from the events of that type about that intent, newest first."""
    chosen = [event for event in stripe.events() if event["type"] == type_ and id in json.dumps(event)]
    return [report for event in chosen for report in gateway.read_notification(*signed(body_of(event)))]


def signed(body: bytes, at: float | None = None, *, also: str = "") -> tuple[bytes, dict[str, str]]:
    header = signature(body, SECRET, int(time.time() if at is None else at))
    return body, {"Stripe-Signature": header.replace(",v1=", f",v1={also},v1=") if also else header}


def test_an_end_that_we_asked_for_carries_our_key_and_another_does_not(
    stripe: StripeProcess, gateway: StripeGateway
) -> None:
    ours, expired = held(gateway), held(gateway)
    void = wish(VOID, reference=ours)
    gateway.call(void)
    stripe.act("expire", expired)
    (of_ours,) = told(gateway, stripe, "payment_intent.canceled", ours)
    (of_expired,) = told(gateway, stripe, "payment_intent.canceled", expired)
    assert (of_ours.kind, of_ours.key, of_ours.authorisation) == (VOID, void.key, ours)
    assert (of_expired.kind, of_expired.key, of_expired.authorisation) == (VOID, None, expired)


def test_a_capture_at_stripe_s_own_desk_is_reported_without_a_key(
    stripe: StripeProcess, gateway: StripeGateway
) -> None:
    reference = held(gateway, 700)
    stripe.act("capture", reference)
    (report,) = told(gateway, stripe, "payment_intent.succeeded", reference)
    assert (report.kind, report.key, report.answer.kind) == (CAPTURE, None, APPROVED)
    assert report.answer.amount == Money(700, "EUR")


def test_a_refund_that_fails_later_is_reported_as_declined(stripe: StripeProcess, gateway: StripeGateway) -> None:
    reference = held(gateway)
    gateway.call(wish(CAPTURE, reference=reference))
    refund = wish(REFUND, 400, reference=reference)
    stripe.act("refund-fail", gateway.call(refund).reference or "")
    (report,) = told(gateway, stripe, "refund.failed", reference)
    assert (report.kind, report.key, report.authorisation) == (REFUND, refund.key, reference)
    assert (report.answer.kind, report.answer.decline_code) == (DECLINED, "lost_or_stolen_card")


def test_a_refund_at_stripe_s_own_desk_is_reported_without_a_key(stripe: StripeProcess, gateway: StripeGateway) -> None:
    reference = held(gateway)
    gateway.call(wish(CAPTURE, reference=reference))
    stripe.act("refund", reference)
    (report,) = told(gateway, stripe, "refund.created", reference)
    assert (report.key, report.answer.amount) == (None, Money(1000, "EUR"))


def test_an_authorisation_is_reported_when_the_customer_has_acted(
    stripe: StripeProcess, gateway: StripeGateway
) -> None:
    request = wish(token="tok_threeDSecure2Required")
    reference = gateway.call(request).reference or ""
    stripe.act("succeed", reference)
    (report,) = told(gateway, stripe, "payment_intent.amount_capturable_updated", reference)
    assert (report.kind, report.key, report.answer.kind) == (AUTHORISE, request.key, APPROVED)


def test_what_is_about_something_else_is_believed_and_tells_nothing(gateway: StripeGateway) -> None:
    theirs = {"id": "pi_1", "object": "payment_intent", "metadata": {}, "status": "succeeded"}
    at_odds = {**theirs, "metadata": {"ordercore_attempt": "ours"}, "status": "requires_capture"}
    about = (
        ("customer.created", {"id": "cus_1"}),
        ("payment_intent.succeeded", theirs),
        ("payment_intent.canceled", at_odds),
    )
    for type_, thing in about:
        event = {"id": "evt_1", "type": type_, "created": 1, "data": {"object": thing}}
        assert gateway.read_notification(*signed(body_of(event))) == ()


def test_while_a_secret_is_replaced_either_signature_will_do(gateway: StripeGateway) -> None:
    body = body_of({"id": "evt_1", "type": "ping", "created": 1, "data": {"object": {}}})
    assert gateway.read_notification(*signed(body, also="0" * 64)) == ()


@pytest.mark.parametrize(
    "header",
    ["", "t=,v1=", "v1=abc", "t=soon,v1=abc", f"t={'9' * 5000},v1=abc", "t=1", "nothing", "t=1,v1=\N{SNOWMAN}"],
)
def test_a_header_of_another_shape_is_a_bad_signature(gateway: StripeGateway, header: str) -> None:
    with pytest.raises(BadSignature):
        gateway.read_notification(b"{}", {"Stripe-Signature": header})


def test_without_a_secret_nothing_is_believed(stripe: StripeProcess) -> None:
    unset = gateway_at(evolve(access_to(stripe.base), webhook_secret=None))
    with pytest.raises(BadSignature):
        unset.read_notification(*signed(b"{}"))


def test_a_notification_from_the_future_is_refused(gateway: StripeGateway) -> None:
    with pytest.raises(NotificationIsOld):
        gateway.read_notification(*signed(b"{}", time.time() + 3600))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'{"type": 1}',
        b'{"type": "refund.created"}',
        b'{"type": "refund.created", "data": {"object": {"metadata": {}}}}',
        b"\xff\xfe",
    ],
)
def test_a_signed_notification_that_makes_no_sense_is_refused(gateway: StripeGateway, body: bytes) -> None:
    with pytest.raises(NotificationIsNonsense):
        gateway.read_notification(*signed(body))


# -- records --------------------------------------------------------------------------------------------------------


def test_records_come_oldest_first_and_only_of_what_was_approved(own_stripe: StripeProcess) -> None:
    gateway = gateway_to(own_stripe)
    requests = [wish(minor=minor) for minor in (100, 200)]
    for request in (*requests, wish(token="tok_chargeDeclined"), wish(token="tok_threeDSecure2Required")):
        gateway.call(request)
    now = datetime.now(UTC)
    found = list(gateway.records(now - timedelta(days=3), now + timedelta(minutes=1)))
    assert [(record.key, record.authorised.amount_minor) for record in found] == [
        (request.key, request.amount.amount_minor) for request in requests
    ]


@pytest.mark.parametrize("fault", [Fault.NOT_JSON, Fault.NO_AMOUNT, Fault.DROP_BEFORE, Fault.ODD_ERROR])
def test_books_that_cannot_be_read_are_no_empty_books(
    stripe: StripeProcess, gateway: StripeGateway, fault: Fault
) -> None:
    held(gateway)
    stripe.plan(fault, "/payment_intents", "GET")
    now = datetime.now(UTC)
    with pytest.raises(ProviderUnavailable):
        list(gateway.records(now - timedelta(hours=1), now + timedelta(minutes=1)))
