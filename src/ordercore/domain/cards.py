"""The only place that knows a card number when it sees one, so that none is kept where a token or a key belongs.

A token is kept with its payment and sent to the provider, a key is kept with its request; a card number never is.
"""

from __future__ import annotations

import re
from typing import Any

from attrs import Attribute

from ordercore.domain import fields
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.limits import MAX_NAME_LENGTH

_text = fields.text(most=MAX_NAME_LENGTH)


def token(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    """Text that is no card number. The refusal does not repeat it."""
    _text(instance, attribute, value)
    if is_card_number(value) or holds_card_number(value):
        raise InvalidRequest.of(
            f"/{attribute.name}", "must be a token such as tok_visa, never the card number itself", "card_number"
        )


token.schema = _text.schema  # type: ignore[attr-defined] # for OpenAPI


def without_card_number(text: fields.Check) -> fields.Check:
    """A validator: what `text` takes, if no card number is in it. The refusal does not repeat it."""

    def validate(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        text(instance, attribute, value)
        if holds_card_number(value):
            raise InvalidRequest.of(f"/{attribute.name}", "must not hold the number of a card", "card_number")

    validate.schema = text.schema  # type: ignore[attr-defined] # for OpenAPI
    return validate


def is_card_number(text: str) -> bool:
    """Whether it is 13 to 19 digits, perhaps in groups, with a right check digit (ISO/IEC 7812-1, annex B)."""
    digits = text.replace(" ", "").replace("-", "")
    return digits.isascii() and digits.isdigit() and 13 <= len(digits) <= 19 and _passes_luhn(digits)


def holds_card_number(text: str) -> bool:
    """Whether 13 to 19 digits in it are the number of a payment card: its network's beginning and a right check digit.

    A number that is also a right EAN-13 is an article's; the digits of a UUID are no number.
    """
    without_ids = _UUID.sub("", text) if may_hold_card_number(text) else ""
    if not may_hold_card_number(without_ids):
        return False
    spelled = (match.group(1) for numbers in _NUMBERS for match in numbers.finditer(without_ids))
    return any(map(_is_of_a_network, (each.replace(" ", "").replace("-", "") for each in spelled)))


def may_hold_card_number(text: str) -> bool:
    """False for most texts that hold none: quick to ask of many at once."""
    return _MAYBE.search(text) is not None


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_MAYBE = re.compile(r"[2-6](?:[ -]?\d){12}")
"""What every card number has in it, and few other texts: quick to look for."""

_NUMBERS = [
    re.compile(rf"(?<![0-9A-Za-z+.])(?=([2-6](?:[ -]?\d){{{length - 1}}})(?![0-9A-Za-z]))") for length in range(13, 20)
]
"""13 to 19 digits, perhaps in groups; with a plus before them they are a phone number."""

_NETWORKS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11,16}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}"  # Discover, UnionPay
)
"""How the numbers of the card networks begin, and their lengths."""


def _is_of_a_network(digits: str) -> bool:
    return _NETWORKS.fullmatch(digits) is not None and _passes_luhn(digits) and not _is_article(digits)


def _is_article(digits: str) -> bool:
    """GS1 General Specifications, 7.9: thirteen digits weighted one and three."""
    return len(digits) == 13 and (sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))) % 10 == 0


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0
