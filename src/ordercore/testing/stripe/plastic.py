"""The only place that knows Stripe's test cards: numbers and names published for tests, belonging to nobody."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen(kw_only=True)
class Plastic:
    """A test card and what becomes of a payment with it."""

    number: str
    name: str
    brand: str = "visa"
    code: str | None = None
    decline_code: str | None = None
    needs_action: bool = False
    refund_status: str = "succeeded"
    is_disputed: bool = False

    @property
    def last4(self) -> str:
        """All of the number that is ever kept."""
        return self.number[-4:]


def _declines(number: str, name: str, decline_code: str | None, code: str = "card_declined") -> Plastic:
    return Plastic(number=number, name=name, code=code, decline_code=decline_code)


CARDS = (
    Plastic(number="4242424242424242", name="visa"),
    Plastic(number="5555555555554444", name="mastercard", brand="mastercard"),
    Plastic(number="378282246310005", name="amex", brand="amex"),
    _declines("4000000000000002", "chargeDeclined", "generic_decline"),
    _declines("4000000000009995", "chargeDeclinedInsufficientFunds", "insufficient_funds"),
    _declines("4000000000009987", "chargeDeclinedLostCard", "lost_card"),
    _declines("4000000000009979", "chargeDeclinedStolenCard", "stolen_card"),
    _declines("4000000000000069", "chargeDeclinedExpiredCard", None, "expired_card"),
    _declines("4000000000000127", "chargeDeclinedIncorrectCvc", None, "incorrect_cvc"),
    _declines("4000000000000119", "chargeDeclinedProcessingError", None, "processing_error"),
    Plastic(number="4000000000003220", name="threeDSecure2Required", needs_action=True),
    Plastic(number="4000002500003155", name="authenticationRequiredOnSetup", needs_action=True),
    Plastic(number="4000002760003184", name="authenticationRequired", needs_action=True),
    Plastic(
        number="4000008260003178",
        name="authenticationRequiredChargeDeclinedInsufficientFunds",
        code="card_declined",
        decline_code="insufficient_funds",
        needs_action=True,
    ),
    Plastic(number="4000000000007726", name="pendingRefund", refund_status="pending"),
    Plastic(number="4000000000000259", name="createDispute", is_disputed=True),
)

BY_NAME: Mapping[str, Plastic] = {card.name: card for card in CARDS}
BY_NUMBER: Mapping[str, Plastic] = {card.number: card for card in CARDS}


def of_token(token: str) -> Plastic | None:
    """The card behind `tok_visa` or `pm_card_visa`."""
    for prefix in ("tok_", "pm_card_"):
        if token.startswith(prefix):
            return BY_NAME.get(token.removeprefix(prefix))
    return None
