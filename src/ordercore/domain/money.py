"""The only place that rounds: exact money in integer minor units of an ISO 4217 currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import frozen

from ordercore.domain.errors import AmountTooLarge, CurrencyMismatch, InvalidRequest
from ordercore.domain.limits import MAX_AMOUNT_MINOR

# ISO 4217 list one: active national currencies with their number of decimal places.
_PLACES_2 = """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR
IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN
NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"""
_PLACES_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_PLACES_3 = "BHD IQD JOD KWD LYD OMR TND"

CURRENCY_PLACES: dict[str, int] = {
    **dict.fromkeys(_PLACES_2.split(), 2),
    **dict.fromkeys(_PLACES_0.split(), 0),
    **dict.fromkeys(_PLACES_3.split(), 3),
}


@frozen(order=False)
class Money:
    """An amount in minor units (cents for EUR, yen for JPY) and its currency code."""

    amount_minor: int
    currency: str

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Exact money from a decimal amount in major units: `Money.of("12.50", "EUR")`.

        Raises:
            InvalidRequest: unknown currency, not a number, more places than the currency has, or too large.
        """
        places = CURRENCY_PLACES.get(currency) if isinstance(currency, str) else None
        if places is None:
            raise InvalidRequest.of("/currency", f"must be an ISO 4217 code such as EUR, not {currency!r:.40}")
        if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
            raise InvalidRequest.of("/amount", 'must be a decimal text such as "12.50"')
        minor = _exact(amount, places)
        if minor is None:
            raise InvalidRequest.of(
                "/amount",
                f"must be a plain decimal with at most {places} places, such as {cls(1250, currency).amount!r}, "
                f"not {str(amount)!r:.40}",
            )
        if abs(minor) > MAX_AMOUNT_MINOR:
            raise InvalidRequest.of("/amount", f"must not exceed {MAX_AMOUNT_MINOR} minor units")
        return cls(minor, currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in that currency."""
        return cls(0, currency)

    @property
    def amount(self) -> str:
        """The decimal text in major units: 1250 EUR cents are "12.50"."""
        places = CURRENCY_PLACES[self.currency]
        if places == 0:
            return str(self.amount_minor)
        sign = "-" if self.amount_minor < 0 else ""
        whole, part = divmod(abs(self.amount_minor), 10**places)
        return f"{sign}{whole}.{part:0{places}d}"

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return _bounded(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return _bounded(self.amount_minor - other.amount_minor, self.currency)

    def __mul__(self, quantity: int) -> Money:
        return _bounded(self.amount_minor * quantity, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Shares in proportion to the weights that sum to the whole, by largest remainder (earlier wins a tie).

        Raises:
            ValueError: no weights, a negative one, or all zero.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must be non-negative and not all zero")
        shares = [divmod(self.amount_minor * weight, total) for weight in weights]
        missing = self.amount_minor - sum(share for share, _ in shares)
        by_remainder = sorted(range(len(weights)), key=lambda index: (-shares[index][1], index))
        raised = set(by_remainder[:missing])
        return tuple(Money(share + (index in raised), self.currency) for index, (share, _) in enumerate(shares))

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(expected=self.currency, actual=other.currency)


def total_of(amounts: Iterable[Money], currency: str) -> Money:
    """The sum, exact; nothing sums to zero.

    Raises:
        CurrencyMismatch: one of them is in another currency.
        AmountTooLarge: the sum exceeds the stated maximum.
    """
    total = 0
    for money in amounts:
        if money.currency != currency:
            raise CurrencyMismatch(expected=currency, actual=money.currency)
        total += money.amount_minor
    return _bounded(total, currency)


def _bounded(amount_minor: int, currency: str) -> Money:
    if not -MAX_AMOUNT_MINOR <= amount_minor <= MAX_AMOUNT_MINOR:
        raise AmountTooLarge(maximum_minor=MAX_AMOUNT_MINOR)
    return Money(amount_minor, currency)


def _exact(amount: str | int | Decimal, places: int) -> int | None:
    """Minor units, or None where the amount is no plain finite decimal of at most that many places."""
    if isinstance(amount, str) and (len(amount) > 40 or not _is_plain(amount)):
        return None
    units_per_major: int = 10**places
    if isinstance(amount, int):
        return amount * units_per_major
    value = Decimal(amount)
    if not value.is_finite() or not -40 <= value.adjusted() <= 40:
        return None
    numerator, denominator = value.as_integer_ratio()  # exact, whatever the caller's decimal context rounds to
    minor, rest = divmod(numerator * units_per_major, denominator)
    return None if rest else minor


def _is_plain(amount: str) -> bool:
    digits = amount.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()
