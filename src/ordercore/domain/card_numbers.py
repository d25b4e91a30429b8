"""The only place that knows a card number when it sees one, so that none is kept anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator


def is_card_number(text: str) -> bool:
    """Whether it is 13 to 19 digits, perhaps in groups, with a right check digit (ISO/IEC 7812-1, annex B)."""
    digits = text.replace(" ", "").replace("-", "")
    return digits.isascii() and digits.isdigit() and 13 <= len(digits) <= 19 and _passes_luhn(digits)


def holds_card_number(text: str) -> bool:
    """Whether digits in it are the number of a payment card: its network's beginning and length, a right check digit.

    14 to 19 digits are found where they stand alone, perhaps in groups with spaces or hyphens. 16 digits, and the 15 of
    American Express, are also found directly after a word or a dot (`order4242…`, `ref.4242…`) and in groups with dots,
    underscores or slashes. Not found are digits before a letter, after a plus (a phone), after a digit and a dot (a
    fraction), after letters and digits mixed (a digest), and in a UUID. By chance every tenth other number of such a
    length is taken for a card where it begins like one.
    """
    return any(True for _ in card_numbers_in(text))


def card_numbers_in(text: str) -> Iterator[str]:
    """Each of them, spelled as it stands there."""
    without_ids = _UUID.sub("", text) if may_hold_card_number(text) else ""
    if may_hold_card_number(without_ids):
        spelled = (match.group(1) for numbers in _NUMBERS for match in numbers.finditer(without_ids))
        yield from (each for each in spelled if _is_of_a_network(_SEPARATORS.sub("", each)))


def may_hold_card_number(text: str) -> bool:
    """False for most texts that hold none: quick to ask of many at once."""
    return _MAYBE.search(text) is not None


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_SEPARATORS = re.compile(r"[-._/ ]")
_MAYBE = re.compile(r"[2-6](?:[-._/ ]?\d){13}")
"""What every card number has in it, and few other texts: quick to look for."""

_WORD = r"(?<![0-9A-Za-z+])(?<!\d\.)[A-Za-z]*"
_END = r"(?![0-9A-Za-z])"
_NUMBERS = [
    *(re.compile(rf"(?<![0-9A-Za-z+.])(?=([2-6](?:[ -]?\d){{{size - 1}}}){_END})") for size in (14, 17, 18, 19)),
    *(re.compile(rf"{_WORD}(?=([2-6](?:[ -]?\d){{{size - 1}}}){_END})") for size in (15, 16)),
    re.compile(rf"{_WORD}(?=(\d{{4}}([._/])\d{{4}}\2\d{{4}}\2\d{{4}}){_END})"),
    re.compile(rf"{_WORD}(?=(\d{{4}}([._/])\d{{6}}\2\d{{5}}){_END})"),
]
"""How they are spelled: alone, after a word, in groups of four, in the groups of American Express."""

_NETWORKS = re.compile(
    r"4\d{15}(?:\d{3})?"  # Visa; its 13 digits are of the past
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11}(?:\d\d|\d{5})?"  # Diners Club; 17 digits name orders of marketplaces
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}"  # Discover, UnionPay
)
"""How the numbers of the card networks begin, and their lengths."""


def _is_of_a_network(digits: str) -> bool:
    return _NETWORKS.fullmatch(digits) is not None and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0
