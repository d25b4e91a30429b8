import logging
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.adapters.payments.cards import APPROVED, DECLINES, TEST_CARDS
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.domain.errors import CardRefused
from ordercore.ports.gateway import Card

NOW = datetime(2025, 6, 30, 23, 59, tzinfo=UTC)


def tokenised(
    number: str = "4242424242424242", expiry_month: int = 6, expiry_year: int = 2025, cvc: str = "123"
) -> str:
    card = Card(number=number, expiry_month=expiry_month, expiry_year=expiry_year, cvc=cvc)
    return FakeGateway(now=lambda: NOW).tokenise(card)


@pytest.mark.parametrize(("number", "token"), TEST_CARDS.items())
def test_every_test_card_has_its_token(number: str, token: str) -> None:
    assert tokenised(number) == token
    assert token in APPROVED or token in DECLINES


def test_the_page_names_every_test_card_and_what_it_does() -> None:
    page = (Path(__file__).parents[4] / "docs" / "test-cards.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d ]*)\| (.*) \|$", page, re.MULTILINE)
    assert {token for token, _, _ in rows} == APPROVED | DECLINES.keys()
    assert {number.replace(" ", ""): token for token, number, _ in rows if number.strip()} == TEST_CARDS
    assert {token: what for token, _, what in rows if what.startswith("declined")} == {
        token: f"declined: `{code}`" for token, code in DECLINES.items()
    }


def test_a_card_is_good_until_the_end_of_its_month_and_may_be_written_with_spaces() -> None:
    assert tokenised("4242 4242-4242 4242", cvc="1234") == "tok_visa"


@pytest.mark.parametrize(
    ("details", "pointer"),
    [
        ({"number": "4242424242424241"}, "/card/number"),
        ({"number": "4242"}, "/card/number"),
        ({"number": "4242 4242 4242 424x"}, "/card/number"),
        ({"number": "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"}, "/card/number"),
        ({"number": "5555555555554444"}, "/card/number"),
        ({"expiry_month": 13}, "/card/expiry_month"),
        ({"expiry_month": 0}, "/card/expiry_month"),
        ({"expiry_year": 25}, "/card/expiry_month"),
        ({"expiry_month": 5}, "/card/expiry_year"),
        ({"expiry_year": 2024, "expiry_month": 12}, "/card/expiry_year"),
        ({"cvc": "12"}, "/card/cvc"),
        ({"cvc": "12345"}, "/card/cvc"),
        ({"cvc": "12x"}, "/card/cvc"),
    ],
)
def test_a_bad_card_is_refused_with_a_pointer(details: dict[str, str | int], pointer: str) -> None:
    with pytest.raises(CardRefused) as refusal:
        tokenised(**details)  # type: ignore[arg-type] # one detail each
    assert refusal.value.pointer == pointer


@given(st.text("0123456789", min_size=12, max_size=19), st.text("0123456789", min_size=3, max_size=4))
def test_a_refusal_never_quotes_the_card(number: str, cvc: str) -> None:
    if number in TEST_CARDS:
        return
    with pytest.raises(CardRefused) as refusal:
        tokenised(number, cvc=cvc)
    assert number not in f"{refusal.value!s}{refusal.value!r}{refusal.value.facts}".replace("4242 4242 4242 4242", "")


def test_the_vault_logs_nothing_of_a_card(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tokenised()
    assert caplog.text == ""
