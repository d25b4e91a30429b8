"""The only place where money and dates become text for customers, as their language and country write them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, parse_pattern

from ordercore.domain.money import CURRENCY_PLACES, Money

FALLBACK = "en"


def locale_of(tag: str) -> Locale:
    """What babel knows of a BCP 47 tag: the whole of it, else its language, else English."""
    language = tag.replace("_", "-").partition("-")[0]
    for name in (tag.replace("_", "-"), language):
        try:
            return Locale.parse(name, sep="-")
        except (ValueError, TypeError, UnknownLocaleError):
            continue
    return Locale(FALLBACK)


def money_text(money: Money, locale: Locale) -> str:
    """The amount in the locale's pattern with all the places that ISO 4217 gives its currency.

    Not babel's own places: the CLDR counts what people use, which for some currencies is fewer, and cuts the rest off.
    """
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    places = CURRENCY_PLACES[money.currency]
    pattern.frac_prec = (places, places)
    text: str = pattern.apply(Decimal(money.amount), locale, currency=money.currency, currency_digits=False)
    return text


def number_text(number: int, locale: Locale) -> str:
    """A count of pieces."""
    return format_decimal(number, locale=locale)


def date_text(moment: datetime, locale: Locale) -> str:
    """The day, in UTC, in words."""
    return format_date(moment.astimezone(UTC), format="long", locale=locale)
