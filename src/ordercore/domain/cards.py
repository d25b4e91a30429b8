"""The only place that says what a payment token must be: kept in a card's place, never the card's number."""

from __future__ import annotations

from typing import Any

from attrs import Attribute

from ordercore.domain import fields
from ordercore.domain.card_numbers import holds_card_number, is_card_number
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.limits import MAX_NAME_LENGTH

_text = fields.text(most=MAX_NAME_LENGTH, is_card=True)


def token(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    """Text that is no card number. The refusal does not repeat it."""
    _text(instance, attribute, value)
    if is_card_number(value) or holds_card_number(value):
        raise InvalidRequest.of(
            f"/{attribute.name}", "must be a token such as tok_visa, never the card number itself", "card_number"
        )


token.schema = _text.schema  # type: ignore[attr-defined] # for OpenAPI
