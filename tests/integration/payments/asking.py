"""The words that the tests of StripeGateway are told with."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from ordercore.adapters.payments.stripe_access import StripeAccess
from ordercore.adapters.payments.stripe_gateway import StripeGateway
from ordercore.adapters.system import SystemClock, Uuid7Ids
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.ports.gateway import ProviderCall
from ordercore.testing.stripe.process import KEY, StripeProcess

APPROVED, DECLINED = AnswerKind.APPROVED, AnswerKind.DECLINED
UNKNOWN, ACTION_REQUIRED = AnswerKind.UNKNOWN, AnswerKind.ACTION_REQUIRED
AUTHORISE, CAPTURE, VOID, REFUND = AttemptKind
SECRET = "whsec_of_the_tests"

PATHS = {AUTHORISE: "/payment_intents", CAPTURE: "/capture", VOID: "/cancel", REFUND: "/refunds"}
"""How the path ends to which each kind of attempt goes."""


def access_to(base: str) -> StripeAccess:
    return StripeAccess(key=KEY, webhook_secret=SECRET, base=base)


def gateway_at(access: StripeAccess, *, seconds: float = 10) -> StripeGateway:
    return StripeGateway(access, clock=SystemClock(), deadline=timedelta(seconds=seconds), accepts_cards=True)


def gateway_to(stripe: StripeProcess, *, seconds: float = 10) -> StripeGateway:
    return gateway_at(access_to(stripe.base), seconds=seconds)


def wish(
    kind: AttemptKind = AUTHORISE,
    minor: int = 1000,
    *,
    reference: str | None = None,
    token: str | None = "tok_visa",
    currency: str = "EUR",
    within: timedelta | None = None,
) -> ProviderCall:
    """With a key such as the core makes."""
    return ProviderCall(
        kind=kind,
        key=str(Uuid7Ids().new()),
        amount=Money(minor, currency),
        token=token if kind is AUTHORISE else None,
        reference=reference,
        within=within,
    )


def prepared(gateway: StripeGateway, kind: AttemptKind) -> ProviderCall:
    """A wish of that kind that can be fulfilled, after whatever has to come before it."""
    if kind is AUTHORISE:
        return wish()
    reference = held(gateway)
    if kind is REFUND:
        assert gateway.call(wish(CAPTURE, reference=reference)).kind is APPROVED
    return wish(kind, reference=reference)


def held(gateway: StripeGateway, minor: int = 1000) -> str:
    reference = gateway.call(wish(minor=minor)).reference
    assert reference is not None
    return reference


def is_believed(request: ProviderCall, answer: ProviderAnswer) -> bool:
    """Whether the core takes it for an approval: it compares the amounts itself, see `Attempt.credible`."""
    return answer.kind is APPROVED and answer.amount == request.amount


def other_key() -> str:
    """A key that tells nothing of when it was made."""
    return str(uuid4())
