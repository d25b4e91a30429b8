"""A card number is not taken for a token, and not repeated either."""

from __future__ import annotations

from random import Random
from uuid import UUID, uuid4

import pytest
from attrs import evolve

from ordercore import ImportedOrder, PaymentDetails, PayOrder
from ordercore.domain import fields
from ordercore.domain.card_numbers import holds_card_number, is_card_number
from ordercore.domain.cards import token
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.limits import MAX_NAME_LENGTH
from tests.support.cores import a_command

CARD = "4242424242424242"


@pytest.mark.parametrize(
    "number", ["4242424242424242", "4242 4242 4242 4242", "3782-822463-10005", "6011000990139424", f"tok_{CARD}"]
)
def test_a_card_number_is_no_token(number: str) -> None:
    for command in (lambda: PaymentDetails(token=number), lambda: PayOrder(order_id=uuid4(), token=number)):
        with pytest.raises(InvalidRequest) as caught:
            command()
        (problem,) = caught.value.problems
        assert (problem.pointer, problem.code) == ("/token", "card_number")
        assert number not in str(caught.value)


@pytest.mark.parametrize("text", ["tok_visa", "4242424242424243", "424242424242", "tok_4242424242424241", "٤" * 16])
def test_anything_else_may_be_a_token(text: str) -> None:
    assert not is_card_number(text)
    assert PaymentDetails(token=text).token == text


@pytest.mark.parametrize("named", [f"order {CARD}", CARD])
def test_a_card_number_names_no_order(named: str) -> None:
    order = a_command(external_reference="A-1")
    for name, command in (
        ("external_reference", lambda: evolve(order, external_reference=named)),
        ("key", lambda: ImportedOrder(key=named, order=order)),
    ):
        with pytest.raises(InvalidRequest) as caught:
            command()
        (problem,) = caught.value.problems
        assert (problem.pointer, problem.code) == (f"/{name}", "card_number")
        assert CARD not in str(caught.value)


def test_a_token_is_text() -> None:
    with pytest.raises(InvalidRequest, match="characters"):
        PaymentDetails(token="")
    assert token.schema == fields.text(most=MAX_NAME_LENGTH).schema  # type: ignore[attr-defined] # functions with a note


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        f'{{"number":"{CARD}"}}',
        f"tok_{CARD}",
        f"{CARD} 12/30",
        f"23 {CARD}",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "6011111111111117",
        "3056930009020004",
        "3566002020360505",
        f"order{CARD}",
        f"tok{CARD}",
        f"ref.{CARD}",
        f"orders/{CARD}",
        "order4242-4242-4242-4242",
        "4242_4242_4242_4242",
        "4242/4242/4242/4242",
        "basket_4242.4242.4242.4242",
        "amex378282246310005",
        "3782.822463.10005",
        "3782_822463_10005",
        "4242424242424242428",
    ],
)
def test_card_numbers_are_known(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424241",  # a wrong check digit
        "+4915123456784",  # a phone
        "4006381333931",  # an article
        "424242424242",  # too short
        "42424242424242424242",  # too long
        "0197fe00-4242-4242-8424-242424242424",  # an id
        f"a{CARD}f",  # a digest
        f"9a{CARD}",  # another
        f"0.{CARD}",  # a fraction
        "0197fe00_4242_4242_4242_424242424242",  # an id in another spelling
        "0197fe00424242424242424242424242",  # and in one without groups
        "4222222222222",  # a Visa of the past, or any key of 13 digits
        "order4222222222222",
        "302-4242424-4242425",  # an order of a marketplace
        "ORD-2026-0001234",  # of ours
        "orders/2026/11/23/000424242",
        "2026-11-23T19:09:26.424242",  # a time
        "20261123.190926.424242",
        "4242_4242.4242/4242",  # no group has one separator and its neighbour another
        "1483272806000000",  # a time
        "",
    ],
)
def test_other_numbers_are_not_taken_for_cards(text: str) -> None:
    assert not holds_card_number(text)


def test_random_tokens_are_not_taken_for_cards() -> None:
    random = Random(4)
    digests = [f"{random.getrandbits(bits):0{bits // 4}x}" for bits in (96, 128, 160, 256) for _ in range(5_000)]
    ids = [UUID(int=random.getrandbits(128)) for _ in range(5_000)]
    spelled = [spelling for id in map(str, ids) for spelling in (id, id.upper(), id.replace("-", "_"), f"order_{id}")]
    articles = [f"{random.randrange(10**13):013d}" for _ in range(5_000)]
    seconds = [random.randrange(10**9, 2 * 10**9) for _ in range(5_000)]
    times = [f"order{second * scale + random.randrange(scale)}" for scale in (10**6, 10**9) for second in seconds]
    assert [text for text in (*digests, *spelled, *articles, *times) if holds_card_number(text)] == []
