"""The only place that knows in which units Stripe counts, which are not everywhere those of ISO 4217."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from ordercore.domain.money import CURRENCY_PLACES, Money

STRIPE_UNITS_PER_MINOR: Mapping[str, Fraction] = {"ISK": Fraction(100), "UGX": Fraction(100), "MGA": Fraction(1, 100)}
"""Króna and Ugandan shilling have no decimals and are yet told in hundredths; the ariary has two and is told whole
(Stripe's page on currencies, "special cases" and "zero-decimal currencies")."""

LEAST_STEP = 10
"""Amounts in currencies with three decimals must end with a zero (the same page)."""


def stripe_amount(money: Money) -> int | None:
    """What Stripe calls the amount; None where Stripe has no number for it."""
    units = money.amount_minor * STRIPE_UNITS_PER_MINOR.get(money.currency, Fraction(1))
    step = LEAST_STEP if CURRENCY_PLACES[money.currency] == 3 else 1
    return None if units.denominator != 1 or units % step else int(units)


def money_of(amount: int, currency: str) -> Money | None:
    """What Stripe means by an amount and its currency in small letters; None where we have no such money."""
    code = currency.upper()
    if code not in CURRENCY_PLACES or currency != currency.lower():
        return None
    minor = amount / STRIPE_UNITS_PER_MINOR.get(code, Fraction(1))
    return Money(int(minor), code) if minor.denominator == 1 else None
