"""A card number is not taken for a token, and not repeated either."""

from __future__ import annotations

from uuid import uuid4

import pytest

from ordercore import PaymentDetails, PayOrder
from ordercore.domain import fields
from ordercore.domain.cards import is_card_number, token
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.limits import MAX_NAME_LENGTH


@pytest.mark.parametrize("number", ["4242424242424242", "4242 4242 4242 4242", "3782-822463-10005", "6011000990139424"])
def test_a_card_number_is_no_token(number: str) -> None:
    for command in (lambda: PaymentDetails(token=number), lambda: PayOrder(order_id=uuid4(), token=number)):
        with pytest.raises(InvalidRequest) as caught:
            command()
        (problem,) = caught.value.problems
        assert (problem.pointer, problem.code) == ("/token", "card_number")
        assert number not in str(caught.value)


@pytest.mark.parametrize("text", ["tok_visa", "4242424242424243", "424242424242", "tok_4242424242424242", "٤" * 16])
def test_anything_else_may_be_a_token(text: str) -> None:
    assert not is_card_number(text)
    assert PaymentDetails(token=text).token == text


def test_a_token_is_text() -> None:
    with pytest.raises(InvalidRequest, match="characters"):
        PaymentDetails(token="")
    assert token.schema == fields.text(most=MAX_NAME_LENGTH).schema  # type: ignore[attr-defined] # functions with a note
