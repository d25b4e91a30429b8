"""The only place that keeps a card number from being taken for the token that stands for the card.

A token is kept with its payment and sent to the provider, a card number never is.
"""

from __future__ import annotations

from typing import Any

from attrs import Attribute

from ordercore.domain import fields
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.limits import MAX_NAME_LENGTH

_text = fields.text(most=MAX_NAME_LENGTH)


def token(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    """Text that is no card number. The refusal does not repeat it."""
    _text(instance, attribute, value)
    if is_card_number(value):
        raise InvalidRequest.of(
            f"/{attribute.name}", "must be a token such as tok_visa, never the card number itself", "card_number"
        )


token.schema = _text.schema  # type: ignore[attr-defined] # for OpenAPI


def is_card_number(text: str) -> bool:
    """Whether it is 13 to 19 digits, perhaps in groups, with a right check digit (ISO/IEC 7812-1, annex B)."""
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 13 <= len(digits) <= 19):
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0
