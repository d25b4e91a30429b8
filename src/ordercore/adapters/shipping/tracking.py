"""The only place that makes tracking numbers: UPU S10, thirteen characters with a check digit."""

from __future__ import annotations

from hashlib import blake2b

_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_SERIES = 26 * 10**8


def tracking_number(key: str, attempt: int) -> str:
    """A number for the label with this key; the next attempt gives another, where somebody has this one.

    It follows from the key, not from a count, so that books which start anew do not start to repeat themselves.
    The country is XX, which ISO 3166 leaves to users: no post office gives these numbers.
    """
    start = int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
    letter, serial = divmod((start + attempt) % _SERIES, 10**8)
    digits = f"{serial:08d}"
    return f"R{chr(ord('A') + letter)}{digits}{check_digit(digits)}XX"


def check_digit(serial: str) -> int:
    """The ninth digit to eight (UPU S10-12, 2.1)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, serial, strict=True))
    return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
