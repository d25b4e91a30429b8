from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from ordercore.domain.errors import AmountTooLarge, CurrencyMismatch, InvalidRequest
from ordercore.domain.limits import MAX_AMOUNT_MINOR
from ordercore.domain.money import CURRENCY_PLACES, Money, total_of

amounts = st.integers(-MAX_AMOUNT_MINOR, MAX_AMOUNT_MINOR)
currencies = st.sampled_from(sorted(CURRENCY_PLACES))


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12", "EUR", 1200),
        ("-0.01", "EUR", -1),
        ("-0", "EUR", 0),
        ("0012.50", "EUR", 1250),
        ("12.500", "EUR", 1250),
        (12, "EUR", 1200),
        (-12, "EUR", -1200),
        (Decimal("12.50"), "EUR", 1250),
        (Decimal("1E+2"), "EUR", 10000),
        ("1250", "JPY", 1250),
        ("1250.0", "JPY", 1250),
        ("1.250", "KWD", 1250),
        ("10000000000000.00", "EUR", MAX_AMOUNT_MINOR),
        ("-10000000000000.00", "EUR", -MAX_AMOUNT_MINOR),
    ],
)
def test_a_plain_decimal_is_money_to_the_minor_unit(amount: Any, currency: str, minor: int) -> None:
    assert Money.of(amount, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("12.505", "EUR"),
        ("0.5", "JPY"),
        ("0.0001", "KWD"),
        ("1e3", "EUR"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("", "EUR"),
        ("-", "EUR"),
        (".", "EUR"),
        ("1.2.3", "EUR"),
        ("--1", "EUR"),
        ("+1", "EUR"),
        (" 1", "EUR"),
        ("1 ", "EUR"),
        ("1\n", "EUR"),
        ("1,000.00", "EUR"),
        ("1_000", "EUR"),
        ("\u0661\u0662", "EUR"),
        ("1" * 41, "EUR"),
        ("12.50000000000000000000000000000000001", "EUR"),
        (Decimal("NaN"), "EUR"),
        (Decimal("sNaN"), "EUR"),
        (Decimal("-Infinity"), "EUR"),
        (Decimal("0.001"), "EUR"),
        (Decimal("1E+50"), "EUR"),
        (Decimal("1E-999999999"), "EUR"),
        ("10000000000000.01", "EUR"),
        ("-10000000000000.01", "EUR"),
        pytest.param(10**5000, "EUR", id="5,000 digits"),
        (12.5, "EUR"),
        (float("nan"), "EUR"),
        (True, "EUR"),
        (None, "EUR"),
        ([], "EUR"),
    ],
)
def test_what_is_no_exact_amount_is_refused_with_the_field(amount: Any, currency: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        Money.of(amount, currency)
    assert [problem.pointer for problem in refusal.value.problems] == ["/amount"]


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "XXX", None, 978, ["EUR"]])
def test_an_unknown_currency_is_refused_with_the_field(currency: Any) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        Money.of("1", currency)
    assert [problem.pointer for problem in refusal.value.problems] == ["/currency"]


def test_parsing_does_not_depend_on_the_decimal_context_of_the_caller() -> None:
    with localcontext() as context:
        context.prec = 3
        assert Money.of("12345.67", "EUR") == Money(1234567, "EUR")
        assert Money.of(Decimal("12345.67"), "EUR") == Money(1234567, "EUR")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(1250, "EUR"), "12.50 EUR"),
        (Money(5, "EUR"), "0.05 EUR"),
        (Money(-5, "EUR"), "-0.05 EUR"),
        (Money(0, "EUR"), "0.00 EUR"),
        (Money(1250, "JPY"), "1250 JPY"),
        (Money(-1250, "JPY"), "-1250 JPY"),
        (Money(1250, "KWD"), "1.250 KWD"),
    ],
)
def test_money_is_written_with_the_places_of_its_currency(money: Money, text: str) -> None:
    assert str(money) == text


@given(amounts, currencies)
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.amount, currency) == money


def test_currencies_have_two_no_or_three_places() -> None:
    assert {CURRENCY_PLACES[each] for each in ("EUR", "JPY", "KWD")} == {2, 0, 3}
    assert all(len(code) == 3 and code.isupper() for code in CURRENCY_PLACES)


def test_money_is_added_subtracted_multiplied_and_negated_exactly() -> None:
    five = Money.of("5.00", "EUR")
    assert five + Money.of("0.10", "EUR") == Money.of("5.10", "EUR")
    assert five - Money.of("5.10", "EUR") == Money.of("-0.10", "EUR")
    assert five * 3 == Money.of("15.00", "EUR")
    assert -five == Money.of("-5.00", "EUR")
    assert Money.zero("EUR") == Money(0, "EUR")


def test_currencies_are_never_mixed() -> None:
    euro, dollar = Money(1, "EUR"), Money(1, "USD")
    assert euro != dollar
    mixes: list[Callable[[], Money]] = [
        lambda: euro + dollar,
        lambda: euro - dollar,
        lambda: total_of([euro, dollar], "EUR"),
    ]
    for mix in mixes:
        with pytest.raises(CurrencyMismatch, match="Expected EUR, got USD"):
            mix()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_beyond_the_stated_maximum_is_refused(sign: int) -> None:
    most = Money(sign * MAX_AMOUNT_MINOR, "EUR")
    one = Money(sign, "EUR")
    sums: list[Callable[[], Money]] = [
        lambda: most + one,
        lambda: most - -one,
        lambda: most * 2,
        lambda: total_of([most, one], "EUR"),
    ]
    for add in sums:
        with pytest.raises(AmountTooLarge):
            add()


def test_money_has_no_order_and_does_not_change() -> None:
    with pytest.raises(TypeError):
        assert Money(1, "EUR") < Money(2, "EUR")  # type: ignore[operator] # the claim
    with pytest.raises(FrozenInstanceError):
        Money(1, "EUR").amount_minor = 2  # type: ignore[misc] # the claim


@given(st.lists(st.integers(-(10**9), 10**9), max_size=20))
def test_a_total_is_the_sum_and_nothing_sums_to_zero(minors: list[int]) -> None:
    assert total_of((Money(minor, "EUR") for minor in minors), "EUR").amount_minor == sum(minors)


# -- splitting ------------------------------------------------------------------------------------------------------

weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


@given(amounts, weights)
def test_shares_always_sum_to_the_whole(minor: int, weights: list[int]) -> None:
    shares = Money(minor, "EUR").allocate(weights)
    assert sum(share.amount_minor for share in shares) == minor
    assert len(shares) == len(weights)


@given(amounts, weights)
def test_a_share_is_less_than_one_unit_from_its_proportion_and_no_weight_gets_nothing(
    minor: int, weights: list[int]
) -> None:
    whole = sum(weights)
    for share, weight in zip(Money(minor, "EUR").allocate(weights), weights, strict=True):
        assert abs(share.amount_minor * whole - minor * weight) < whole
        assert weight or share.amount_minor == 0


@given(amounts, weights)
def test_who_gets_a_unit_more_had_no_smaller_remainder_and_the_earlier_wins_a_tie(
    minor: int, weights: list[int]
) -> None:
    whole = sum(weights)
    shares = Money(minor, "EUR").allocate(weights)
    remainders = [minor * weight % whole for weight in weights]
    raised = {index for index, share in enumerate(shares) if share.amount_minor > minor * weights[index] // whole}
    for winner in raised:
        for loser in set(range(len(weights))) - raised:
            assert (-remainders[winner], winner) < (-remainders[loser], loser)


@pytest.mark.parametrize(
    ("minor", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-33, -33, -34]),
        (5, [3, 7], [2, 3]),
        (1, [1, 1], [1, 0]),
        (0, [1, 2], [0, 0]),
        (7, [0, 1], [0, 7]),
    ],
)
def test_known_splits(minor: int, weights: list[int], shares: list[int]) -> None:
    assert [share.amount_minor for share in Money(minor, "EUR").allocate(weights)] == shares


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [-1, 2], [1, -1]])
def test_weights_that_split_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(100, "EUR").allocate(weights)
