"""Payments over HTTP: hand a card to the vault, list payments, settle what is unknown."""

from __future__ import annotations

from attrs import evolve, field, frozen
from flask import Response

from ordercore import Card, PaymentFilter
from ordercore.application.moving import CapturePayment, RefundPayment
from ordercore.application.payments import ResolveAttempt
from ordercore.domain.errors import (
    AmountUnavailable,
    BadSignature,
    CardRefused,
    CurrencyMismatch,
    DiscrepancyOpen,
    KeyReused,
    MoneyNotMoved,
    NotificationIsNonsense,
    NotificationIsOld,
    PaymentInFlight,
    RequestInProgress,
    TransitionRefused,
    UnknownResource,
    VersionIsStale,
)
from ordercore.domain.fields import instance_of, text, whole_number
from ordercore.entrypoints.http import rendering, shapes
from ordercore.entrypoints.http.answers import answer, listed, order_id, ordered
from ordercore.entrypoints.http.operations import Asked, Capability, Key

payments = Capability("payments")
MOVED = (
    UnknownResource,
    VersionIsStale,
    TransitionRefused,
    KeyReused,
    RequestInProgress,
    PaymentInFlight,
    DiscrepancyOpen,
    CurrencyMismatch,
    AmountUnavailable,
    MoneyNotMoved,
)


@frozen(kw_only=True, slots=False)
class CardDetails:
    """A card on its way to the vault: never stored, never logged, never shown."""

    number: str = field(repr=False, validator=text(most=32, least=12, is_card=True))
    expiry_month: int = field(repr=False, validator=whole_number(least=1, most=12))
    expiry_year: int = field(repr=False, validator=whole_number(least=2000, most=2199))
    cvc: str = field(repr=False, validator=text(most=4, least=3))


@frozen(kw_only=True, slots=False)
class MakePaymentToken:
    """A card that wants a token."""

    card: CardDetails = field(repr=False, validator=instance_of(CardDetails))


@payments.operation(
    "POST",
    "/payment-tokens",
    body=MakePaymentToken,
    answer=shapes.TokenShape,
    status=201,
    refusals=(CardRefused, TransitionRefused),
)
def make_payment_token(asked: Asked[MakePaymentToken]) -> Response:
    """Hand a card to the provider's vault; nothing of it is kept here. Repeating it makes another token."""
    card = asked.command.card
    token = asked.shop.payments.tokenise(
        Card(number=card.number, expiry_month=card.expiry_month, expiry_year=card.expiry_year, cvc=card.cvc)
    )
    return answer({"token": token}, 201)


@payments.operation(
    "POST",
    "/payment-notifications/<provider>",
    answer=shapes.HeardShape,
    is_open=True,
    refusals=(UnknownResource, BadSignature, NotificationIsOld, NotificationIsNonsense),
)
def hear_provider(asked: Asked[None], provider: str) -> Response:
    """Where a payment provider posts what it has to tell; its signature takes the place of a token."""
    return answer({"heard": asked.open_shop.hear(provider, *asked.told)})


@payments.operation("GET", "/payments", which=PaymentFilter, answer=shapes.PaymentRowShape, listed=True)
def list_payments(asked: Asked[None]) -> Response:
    """Payments, newest order first; `unknown=true` lists those with an unanswered attempt."""
    return listed(asked.shop.payments.list(asked.which, asked.page), rendering.payment_row)


@payments.operation(
    "POST",
    "/payments/<order>/settle",
    key=Key.REQUIRED,
    answer=shapes.OrderShape,
    also=(202,),
    refusals=(UnknownResource, DiscrepancyOpen),
)
def settle_payment(asked: Asked[None], order: str) -> Response:
    """Ask the provider now what became of an order's open attempt; a failed refund gets another try, one a key."""
    shop = asked.shop
    return ordered(shop, shop.payments.settle(order_id(shop, order), idempotency_key=asked.key))


@payments.operation(
    "POST",
    "/orders/<order>/captures",
    body=CapturePayment,
    named=("order_id",),
    key=Key.REQUIRED,
    answer=shapes.OrderShape,
    also=(202,),
    refusals=MOVED,
)
def capture_payment(asked: Asked[CapturePayment], order: str) -> Response:
    """Take money that is held for an order: all of it, or the amount."""
    shop = asked.shop
    command = evolve(asked.command, order_id=order_id(shop, order))
    return ordered(shop, shop.payments.capture(command, idempotency_key=asked.key))


@payments.operation(
    "POST",
    "/orders/<order>/refunds",
    body=RefundPayment,
    named=("order_id",),
    key=Key.REQUIRED,
    answer=shapes.OrderShape,
    also=(202,),
    refusals=MOVED,
)
def refund_payment(asked: Asked[RefundPayment], order: str) -> Response:
    """Give money back that was taken for an order: all that is left, or the amount. The order itself goes on."""
    shop = asked.shop
    command = evolve(asked.command, order_id=order_id(shop, order))
    return ordered(shop, shop.payments.refund(command, idempotency_key=asked.key))


@payments.operation(
    "POST",
    "/payments/<order>/resolve",
    body=ResolveAttempt,
    named=("order_id",),
    key=Key.REQUIRED,
    answer=shapes.OrderShape,
    also=(202,),
    refusals=(UnknownResource, TransitionRefused),
)
def resolve_payment(asked: Asked[ResolveAttempt], order: str) -> Response:
    """Record an admin's decision on an unknown attempt, with its reason; once decided it is refused."""
    shop = asked.shop
    command = evolve(asked.command, order_id=order_id(shop, order))
    return ordered(shop, shop.payments.resolve(command, idempotency_key=asked.key))
