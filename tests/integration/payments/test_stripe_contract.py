"""StripeGateway with Stripe's SDK over a socket to the fake Stripe: the promises that every gateway keeps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta

import pytest
from attrs import evolve

from ordercore.adapters.payments.stripe_gateway import StripeGateway
from ordercore.domain.payment import AttemptKind
from ordercore.ports.gateway import PaymentGateway, ProviderCall
from ordercore.testing.gateway_suite import PaymentGatewaySuite
from ordercore.testing.stripe.events import body_of, signature
from ordercore.testing.stripe.process import StripeProcess
from tests.integration.payments.asking import SECRET, access_to, gateway_at

MARKS = {AttemptKind.CAPTURE: "ordercore_capture", AttemptKind.VOID: "ordercore_void"}
TYPES = {
    AttemptKind.AUTHORISE: {"payment_intent.amount_capturable_updated", "payment_intent.payment_failed"},
    AttemptKind.CAPTURE: {"payment_intent.succeeded"},
    AttemptKind.VOID: {"payment_intent.canceled"},
    AttemptKind.REFUND: {"refund.created"},
}


class TestWithARedirect(PaymentGatewaySuite):
    action_token = "tok_threeDSecure2Required"
    slow_token = None  # nothing at Stripe is slow on demand; the faults of the fake are tried elsewhere
    return_url: str | None = "https://shop.example/thanks"

    @pytest.fixture(autouse=True)
    def _provider(self, stripe: StripeProcess) -> None:
        self.stripe = stripe

    @pytest.fixture
    def gateway(self, stripe: StripeProcess) -> StripeGateway:
        return gateway_at(evolve(access_to(stripe.base), return_url=self.return_url))

    def act(self, gateway: PaymentGateway, reference: str, *, confirms: bool) -> None:  # noqa: ARG002 - as the suite asks
        self.stripe.act("succeed" if confirms else "fail", reference)

    def notification(
        self,
        gateway: PaymentGateway,  # noqa: ARG002 - as the suite asks
        request: ProviderCall,
        *,
        age: timedelta = timedelta(0),
    ) -> tuple[bytes, Mapping[str, str]]:
        mark = MARKS.get(request.kind, "ordercore_attempt")
        (event,) = [
            event
            for event in self.stripe.events()
            if event["type"] in TYPES[request.kind] and event["data"]["object"]["metadata"].get(mark) == request.key
        ]
        body, at = body_of(event), int(time.time() - age.total_seconds())
        return body, {"stripe-signature": signature(body, SECRET, at)}


class TestWithAClientSecret(TestWithARedirect):
    return_url = None
