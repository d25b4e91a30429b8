"""The only place that knows the fake provider's test cards and tokens, and where card details are looked at.

Fence: a card's number and CVC leave this module in no value, message or log line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ordercore.domain.errors import CardRefused
from ordercore.ports.gateway import Card

VISA = "tok_visa"
CHARGE_DECLINED = "tok_chargeDeclined"
INSUFFICIENT_FUNDS = "tok_insufficientFunds"
TIMEOUT = "tok_timeout"
SLOW = "tok_slow"
ACTION_REQUIRED = "tok_actionRequired"
THREE_D_SECURE = "tok_threeDSecure"
CAPTURE_FAILS = "tok_captureFails"
CAPTURE_TIMEOUT = "tok_captureTimeout"

APPROVED = frozenset({VISA, TIMEOUT, SLOW, CAPTURE_FAILS, CAPTURE_TIMEOUT, THREE_D_SECURE})
DECLINES: Mapping[str, str] = {
    CHARGE_DECLINED: "card_declined",
    INSUFFICIENT_FUNDS: "insufficient_funds",
    ACTION_REQUIRED: "authentication_required",
}

UNCONFIRMED = "authentication_failed"
ABANDONED = "action_abandoned"
"""Why an authorisation that waited for its customer is declined: failed there, or voided by us."""

# Numbers that are published for tests and belong to nobody.
TEST_CARDS: Mapping[str, str] = {
    "4242424242424242": VISA,
    "4000000000000002": CHARGE_DECLINED,
    "4000000000009995": INSUFFICIENT_FUNDS,
    "4000000000000119": TIMEOUT,
    "4000000000000077": SLOW,
    "4000002500003155": ACTION_REQUIRED,
    "4000000000000341": CAPTURE_FAILS,
}


def token_of(card: Card, today: date) -> str:
    """The token that stands for a test card.

    Raises:
        CardRefused: misspelt, expired, without a CVC of three or four digits, or no test card.
    """
    number = card.number.replace(" ", "").replace("-", "")
    if not _passes_luhn(number):
        raise CardRefused(reason="its number is misspelt")
    if not (1 <= card.expiry_month <= 12 and 2000 <= card.expiry_year <= 2099):
        raise CardRefused(reason="its expiry is no month of a year such as 12 of 2030", pointer="/card/expiry_month")
    if (card.expiry_year, card.expiry_month) < (today.year, today.month):
        raise CardRefused(reason="it has expired", pointer="/card/expiry_year")
    if not (_is_digits(card.cvc) and len(card.cvc) in (3, 4)):
        raise CardRefused(reason="its CVC must have three or four digits", pointer="/card/cvc")
    token = TEST_CARDS.get(number)
    if token is None:
        raise CardRefused(reason="this provider is a fake and takes test cards only, such as 4242 4242 4242 4242")
    return token


def _passes_luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B; 12 to 19 digits."""
    if not (_is_digits(number) and 12 <= len(number) <= 19):
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_digits(value: str) -> bool:
    return value.isascii() and value.isdigit()
