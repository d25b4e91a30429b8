import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from babel import Locale, localedata
from hypothesis import given
from hypothesis import strategies as st

from ordercore.adapters.notifications.formats import date_text, locale_of, money_text, number_text
from ordercore.domain.limits import MAX_AMOUNT_MINOR
from ordercore.domain.money import CURRENCY_PLACES, Money

LANGUAGES = {name.partition("_")[0] for name in localedata.locale_identifiers()}
LATIN_DIGITS = [Locale(name) for name in ("en", "de", "fr", "de_CH", "pt_BR", "ja", "hi", "pl")]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "en"),
        ("de-AT", "de_AT"),
        ("de_AT", "de_AT"),
        ("pt-br", "pt_BR"),
        ("zh-Hant-TW", "zh_Hant_TW"),
        ("fr-u-co-phonebk", "fr"),
        ("tlh", "en"),
        ("", "en"),
        ("-", "en"),
        ("../de", "en"),
    ],
)
def test_a_tag_is_understood_as_far_as_it_goes(tag: str, expected: str) -> None:
    assert str(locale_of(tag)) == expected


@given(st.text(max_size=35))
def test_no_tag_is_too_odd(tag: str) -> None:
    assert locale_of(tag).language in LANGUAGES


@pytest.mark.parametrize(
    ("money", "locale", "expected"),
    [
        (Money(1234567, "EUR"), "de_DE", "12.345,67\xa0€"),
        (Money(1234567, "EUR"), "de_AT", "€\xa012.345,67"),
        (Money(-1250, "USD"), "en", "-$12.50"),
        (Money(1234567, "JPY"), "ja", "¥1,234,567"),
        (Money(1234567, "BHD"), "en", "BHD1,234.567"),
        (Money(1234567, "IQD"), "en", "IQD1,234.567"),
        (Money(0, "EUR"), "en", "€0.00"),
    ],
)
def test_money_is_written_as_the_customer_writes_it(money: Money, locale: str, expected: str) -> None:
    assert money_text(money, Locale.parse(locale)).replace("￥", "¥") == expected


@given(
    st.integers(-MAX_AMOUNT_MINOR, MAX_AMOUNT_MINOR),
    st.sampled_from(sorted(CURRENCY_PLACES)),
    st.sampled_from(LATIN_DIGITS),
)
def test_no_digit_of_an_amount_is_lost_in_any_currency(minor: int, currency: str, locale: Locale) -> None:
    text = money_text(Money(minor, currency), locale)
    digits = re.sub(r"\D", "", text)
    assert int(digits) == abs(minor)
    assert ("-" in text or "\u2212" in text) == (minor < 0)
    assert len(digits) > CURRENCY_PLACES[currency]


def test_a_count_has_the_customers_separators() -> None:
    assert (number_text(12345, Locale("de")), number_text(12345, Locale("en"))) == ("12.345", "12,345")


def test_the_day_is_that_of_utc() -> None:
    evening = datetime(2025, 1, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert date_text(evening, Locale("en")) == "January 2, 2025"
    assert date_text(evening.astimezone(UTC), Locale("de")) == "2. Januar 2025"
