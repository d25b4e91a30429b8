import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.adapters.payments.stripe_money import money_of, stripe_amount
from ordercore.domain.money import CURRENCY_PLACES, Money


@pytest.mark.parametrize(
    ("money", "amount"),
    [
        (Money(1250, "EUR"), 1250),
        (Money(500, "JPY"), 500),
        (Money(5, "ISK"), 500),
        (Money(5, "UGX"), 500),
        (Money(500, "MGA"), 5),
        (Money(550, "MGA"), None),
        (Money(5120, "KWD"), 5120),
        (Money(5124, "KWD"), None),
    ],
)
def test_money_is_told_in_stripe_s_units_or_not_at_all(money: Money, amount: int | None) -> None:
    assert stripe_amount(money) == amount


@given(st.integers(0, 99_999_999), st.sampled_from(sorted(CURRENCY_PLACES)))
def test_what_is_told_is_understood_again(minor: int, currency: str) -> None:
    amount = stripe_amount(Money(minor, currency))
    if amount is not None:
        assert money_of(amount, currency.lower()) == Money(minor, currency)


@pytest.mark.parametrize(("amount", "currency"), [(100, "zzz"), (100, "EUR"), (150, "isk")])
def test_what_is_no_money_of_ours_is_not_taken_for_some(amount: int, currency: str) -> None:
    assert money_of(amount, currency) is None
