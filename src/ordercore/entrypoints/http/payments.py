"""Payments over HTTP: hand a card to the vault, list payments, settle what is unknown."""

from __future__ import annotations

from attrs import evolve, field, frozen
from flask import Response

from ordercore import Card, PaymentFilter
from ordercore.application.payments import ResolveAttempt
from ordercore.domain.errors import CardRefused, TransitionRefused, UnknownResource
from ordercore.domain.fields import instance_of, text, whole_number
from ordercore.entrypoints.http import rendering, shapes
from ordercore.entrypoints.http.answers import answer, listed, order_id, ordered
from ordercore.entrypoints.http.operations import Asked, Capability, Key

payments = Capability("payments")


@frozen(kw_only=True, slots=False)
class CardDetails:
    """A card on its way to the vault: never stored, never logged, never shown."""

    number: str = field(repr=False, validator=text(most=32, least=12))
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
    refusals=(UnknownResource,),
)
def settle_payment(asked: Asked[None], order: str) -> Response:
    """Ask the provider now what became of an order's open attempt; a failed refund gets another try, one a key."""
    shop = asked.shop
    return ordered(shop, shop.payments.settle(order_id(shop, order), idempotency_key=asked.key))


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
