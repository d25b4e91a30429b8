"""Whatever goes wrong on the way, the answer is unknown, the truth is found, and nothing happens twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from attrs import evolve

from ordercore.adapters.payments.stripe_gateway import StripeGateway
from ordercore.domain.payment import AttemptKind
from ordercore.testing.stripe.faults import Fault
from ordercore.testing.stripe.process import StripeProcess
from tests.integration.payments.asking import (
    AUTHORISE,
    CAPTURE,
    DECLINED,
    PATHS,
    REFUND,
    UNKNOWN,
    VOID,
    access_to,
    gateway_at,
    gateway_to,
    is_believed,
    other_key,
    prepared,
    wish,
)

NONSENSE = [
    Fault.EMPTY,
    Fault.NOT_JSON,
    Fault.HALF,
    Fault.NO_OBJECT,
    Fault.NO_STATUS,
    Fault.NO_AMOUNT,
    Fault.NO_ID,
    Fault.OTHER_AMOUNT,
    Fault.OTHER_CURRENCY,
    Fault.UNKNOWN_CURRENCY,
    Fault.UNKNOWN_STATUS,
    Fault.ODD_ERROR,
]
LOST = [Fault.DROP_AFTER, Fault.ERROR_AFTER, Fault.ERROR_KEPT]
NOTHING_HAPPENED = [Fault.DROP_BEFORE, Fault.ERROR_BEFORE, Fault.RATE_LIMIT]


@pytest.fixture
def gateway(stripe: StripeProcess) -> StripeGateway:
    return gateway_to(stripe)


@pytest.mark.parametrize("kind", AttemptKind)
@pytest.mark.parametrize("fault", [*NONSENSE, *LOST])
def test_what_is_lost_or_makes_no_sense_is_unknown_found_and_done_once(
    stripe: StripeProcess, gateway: StripeGateway, kind: AttemptKind, fault: Fault
) -> None:
    request = prepared(gateway, kind)
    stripe.plan(fault, PATHS[kind])
    assert not is_believed(request, gateway.call(request))
    found = gateway.find(request)
    assert found is not None
    assert is_believed(request, found)
    assert gateway.call(request) == found
    moved = stripe.totals()[request.key] if kind is AUTHORISE else by_reference(stripe, request.reference)
    assert moved["intents"] == 1
    assert (moved["authorised"], moved["captured"], moved["refunded"]) == SUMS[kind]


SUMS = {AUTHORISE: (1000, 0, 0), CAPTURE: (1000, 1000, 0), VOID: (0, 0, 0), REFUND: (1000, 1000, 1000)}


@pytest.mark.parametrize("kind", AttemptKind)
@pytest.mark.parametrize("fault", NOTHING_HAPPENED)
def test_what_was_not_heard_is_unknown_not_found_and_can_be_repeated(
    stripe: StripeProcess, gateway: StripeGateway, kind: AttemptKind, fault: Fault
) -> None:
    request = prepared(gateway, kind)
    stripe.plan(fault, PATHS[kind])
    assert gateway.call(request).kind is UNKNOWN
    assert gateway.find(request) is None
    assert is_believed(request, gateway.call(request))


@pytest.mark.parametrize("fault", [Fault.LATE, Fault.DRIP])
def test_an_answer_after_the_deadline_is_unknown_at_the_deadline(stripe: StripeProcess, fault: Fault) -> None:
    gateway, request = gateway_to(stripe, seconds=0.5), wish()
    stripe.plan(fault, PATHS[AUTHORISE], seconds=5)
    began = time.monotonic()
    assert gateway.call(request).kind is UNKNOWN
    assert time.monotonic() - began < 3
    patient = gateway_to(stripe)
    found = patient.find(request)
    assert found is not None
    assert is_believed(request, found)
    assert patient.call(request) == found
    assert stripe.totals()[request.key]["intents"] == 1


def test_who_asks_for_less_time_waits_no_longer(stripe: StripeProcess, gateway: StripeGateway) -> None:
    request = wish(within=timedelta(seconds=0.4))
    stripe.plan(Fault.LATE, PATHS[AUTHORISE], seconds=5)
    began = time.monotonic()
    assert gateway.call(request).kind is UNKNOWN
    assert time.monotonic() - began < 3
    assert is_believed(request, gateway.call(evolve(request, within=None)))


def test_who_has_no_time_left_is_not_kept_waiting(gateway: StripeGateway) -> None:
    request = wish(within=timedelta(seconds=-1))
    assert gateway.call(request).kind is UNKNOWN
    assert is_believed(request, gateway.call(evolve(request, within=None)))


def test_a_repetition_while_the_first_is_heard_waits_for_the_same_answer(
    stripe: StripeProcess, gateway: StripeGateway
) -> None:
    request = wish()
    stripe.plan(Fault.DAWDLE, PATHS[AUTHORISE], seconds=1)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(gateway.call, [request] * 4))
    assert answers == [answers[0]] * 4
    assert is_believed(request, answers[0])
    assert stripe.totals()[request.key]["intents"] == 1


def test_a_repetition_that_cannot_wait_so_long_is_unknown(stripe: StripeProcess, gateway: StripeGateway) -> None:
    request = wish()
    stripe.plan(Fault.DAWDLE, PATHS[AUTHORISE], seconds=2)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(gateway.call, request)
        hasty = pool.submit(gateway.call, evolve(request, within=timedelta(seconds=0.5)))
        assert hasty.result().kind is UNKNOWN
        assert is_believed(request, first.result())


@pytest.mark.parametrize(
    "fault",
    [
        Fault.NOT_JSON,
        Fault.NO_OBJECT,
        Fault.NO_LIST,
        Fault.ODD_LIST,
        Fault.NO_ID,
        Fault.ODD_ERROR,
        Fault.REFUSED,
        Fault.DROP_BEFORE,
        Fault.ERROR_BEFORE,
        Fault.RATE_LIMIT,
    ],
)
@pytest.mark.parametrize("kind", [AUTHORISE, REFUND])
def test_a_list_that_cannot_be_read_proves_nothing(
    stripe: StripeProcess, gateway: StripeGateway, kind: AttemptKind, fault: Fault
) -> None:
    request = prepared(gateway, kind)
    gateway.call(request)
    stripe.plan(fault, PATHS[kind], "GET")
    answer = gateway.find(request)
    assert answer is not None
    assert answer.kind is UNKNOWN


@pytest.mark.parametrize("fault", [Fault.NOT_JSON, Fault.NO_STATUS, Fault.ODD_ERROR, Fault.REFUSED, Fault.DROP_BEFORE])
@pytest.mark.parametrize("kind", [CAPTURE, VOID])
def test_an_intent_that_cannot_be_read_proves_nothing(
    stripe: StripeProcess, gateway: StripeGateway, kind: AttemptKind, fault: Fault
) -> None:
    request = prepared(gateway, kind)
    gateway.call(request)
    stripe.plan(fault, f"/payment_intents/{request.reference}", "GET")
    answer = gateway.find(request)
    assert answer is not None
    assert answer.kind is UNKNOWN


def test_what_stripe_has_no_key_for_any_more_is_still_found(stripe: StripeProcess, gateway: StripeGateway) -> None:
    for kind in AttemptKind:
        request = prepared(gateway, kind)
        answer = gateway.call(request)
        stripe.control("forget-keys")
        assert gateway.find(request) == answer


def test_an_authorisation_behind_more_than_a_page_of_others_is_found(own_stripe: StripeProcess) -> None:
    gateway = gateway_to(own_stripe)
    request = evolve(wish(), key=other_key())
    answer = gateway.call(request)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(gateway.call, [wish() for _ in range(101)]))
    assert gateway.find(request) == answer
    assert gateway.find(evolve(request, key=other_key())) is None


def test_a_provider_that_was_killed_agrees_with_what_it_said(own_stripe: StripeProcess) -> None:
    gateway, request = gateway_to(own_stripe), wish()
    answer = gateway.call(request)
    own_stripe.kill()
    assert gateway.call(request).kind is UNKNOWN
    found = gateway.find(request)
    assert found is not None
    assert found.kind is UNKNOWN
    own_stripe.start()
    assert gateway.find(request) == answer
    assert gateway.call(request) == answer
    assert {key: each["authorised"] for key, each in own_stripe.totals().items()} == {request.key: 1000}


def test_a_secret_key_that_stripe_refuses_decides_nothing(stripe: StripeProcess) -> None:
    for request in (wish(), wish(CAPTURE, reference="pi_any")):
        assert gateway_at(evolve(access_to(stripe.base), key="sk_wrong")).call(request).kind is UNKNOWN


def test_an_address_where_no_stripe_is_decides_nothing(stripe: StripeProcess) -> None:
    gateway = gateway_at(access_to(f"{stripe.base}/elsewhere"))
    for request in (wish(), wish(CAPTURE, reference="pi_any"), wish(REFUND, reference="pi_any")):
        assert gateway.call(request).kind is UNKNOWN


@pytest.mark.parametrize("token", ["tok_visa", "tok_threeDSecure2Required", "tok_chargeDeclined"])
def test_the_same_wish_under_another_return_address_is_recognised(stripe: StripeProcess, token: str) -> None:
    """Stripe compares all parameters; a setting that changed between two askings must not look like other content."""
    request = wish(token=token)
    access = evolve(access_to(stripe.base), return_url="https://shop.example/old")
    changed = gateway_at(evolve(access, return_url="https://shop.example/new"))
    assert gateway_at(access).call(request) == changed.call(request)


def test_other_content_under_a_key_that_was_used_is_refused(stripe: StripeProcess) -> None:
    request, changed = wish(), gateway_to(stripe)
    changed.call(request)
    other = changed.call(evolve(wish(minor=2000), key=request.key))
    assert (other.kind, other.decline_code) == (DECLINED, "key_reused")


def by_reference(stripe: StripeProcess, reference: str | None) -> dict[str, object]:
    (found,) = [dict(each) for each in stripe.totals().values() if each["id"] == reference]
    return found
