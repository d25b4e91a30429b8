"""The wire format tried against a Stripe that somebody else wrote: localstripe, in a process of its own (it is GPL-3).

It knows no idempotency keys and few bounds, so it proves nothing about money; it leaves out fields that Stripe has,
lists no intents by their time, and takes no metadata with a capture.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordercore.adapters.payments.stripe_answers import ATTEMPT
from ordercore.adapters.payments.stripe_client import StripeConnection
from ordercore.adapters.payments.stripe_gateway import StripeGateway
from ordercore.ports.gateway import Card
from tests.integration.payments.asking import (
    ACTION_REQUIRED,
    DECLINED,
    UNKNOWN,
    VOID,
    access_to,
    gateway_at,
    is_believed,
    wish,
)

PATIENCE_SECONDS = 20


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """Where localstripe listens."""
    program = Path(sys.executable).with_name("localstripe")
    if not program.exists():
        pytest.skip("localstripe is not installed")
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--from-scratch"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        if not listens(process, port):
            pytest.skip("localstripe does not start here")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def connection(base: str) -> StripeConnection:
    return StripeConnection("sk_test_1", base=base, timeout_seconds=10, at_once=2)


@pytest.fixture
def gateway(base: str) -> StripeGateway:
    return gateway_at(access_to(base))


def held(connection: StripeConnection, key: str) -> str:
    intent, _ = connection.create_intent(
        {
            "amount": 1000,
            "currency": "eur",
            "capture_method": "manual",
            "confirm": True,
            "payment_method_types": ["card"],
            "payment_method": "pm_card_visa",
            "metadata": {ATTEMPT: key},
        },
        key,
    )
    assert (intent["status"], intent["amount"], intent["currency"]) == ("requires_capture", 1000, "eur")
    assert intent["metadata"] == {ATTEMPT: key}
    return str(intent["id"])


def test_an_intent_is_made_read_captured_and_refunded(connection: StripeConnection) -> None:
    id = held(connection, "key-1")
    assert (connection.intent(id) or {})["id"] == id
    captured = connection.capture_intent(id, {"amount_to_capture": 600}, "key-2")
    assert captured["status"] == "succeeded"
    refund = connection.create_refund({"payment_intent": id, "amount": 100, "metadata": {ATTEMPT: "key-3"}}, "key-3")
    assert (refund["status"], refund["amount"], refund["metadata"]) == ("succeeded", 100, {ATTEMPT: "key-3"})
    assert refund["id"] in [each["id"] for each in connection.refunds(id)]


def test_a_hold_is_given_up(connection: StripeConnection, gateway: StripeGateway) -> None:
    void = wish(VOID, reference=held(connection, "key-4"))
    assert is_believed(void, gateway.call(void))
    assert is_believed(void, gateway.find(void) or pytest.fail("not found"))


def test_a_card_that_needs_its_customer_and_one_that_is_declined_are_told_apart(gateway: StripeGateway) -> None:
    cards = [Card(number=number, expiry_month=12, expiry_year=2099, cvc="123") for number in NUMBERS]
    answers = [gateway.call(wish(token=gateway.tokenise(card))) for card in cards]
    assert [answer.kind for answer in answers] == [ACTION_REQUIRED, DECLINED]
    assert answers[1].decline_code == "card_declined"


NUMBERS = ("4000002500003155", "4000000000000341")


def test_an_amount_that_it_leaves_out_is_not_guessed(gateway: StripeGateway) -> None:
    assert gateway.call(wish(token="pm_card_visa")).kind is UNKNOWN


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it can be reached before patience is at its end, or it is."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False
