"""The only place for the rules of delivering: when a failed delivery is tried again, and when it is given up."""

from __future__ import annotations

from datetime import timedelta
from zlib import crc32

from attrs import field, frozen

from ordercore.domain.errors import InvalidRequest

JITTER = 0.2
"""A pause is up to a fifth shorter or longer, so that what failed together does not come back together."""

LONGEST_ASKED = timedelta(days=1)
"""A subscriber may ask us to come later, and no later than this."""


def _rising(_: object, __: object, pauses: tuple[timedelta, ...]) -> None:
    if any(each <= timedelta() for each in pauses):
        raise InvalidRequest.of("/pauses", "must be longer than nothing", "out_of_range")


@frozen(kw_only=True)
class Patience:
    """How long a subscriber is waited for: the pauses between the tries, the first try needs none.

    The usual ones are those of the Standard Webhooks specification, about three days in all.
    """

    pauses: tuple[timedelta, ...] = field(
        default=(
            timedelta(seconds=5),
            timedelta(minutes=5),
            timedelta(minutes=30),
            timedelta(hours=2),
            timedelta(hours=5),
            timedelta(hours=10),
            timedelta(hours=14),
            timedelta(hours=20),
            timedelta(hours=24),
        ),
        validator=_rising,
    )

    def pause_after(self, tries: int, *, of: str, asked: timedelta | None = None) -> timedelta | None:
        """How long to wait after so many failed tries; None where that was the last one.

        The jitter follows from what is delivered (`of`) and the try: the same in every test, another for each event.
        """
        if tries > len(self.pauses):
            return None
        share = crc32(f"{of}#{tries}".encode()) / 0xFFFFFFFF
        pause = self.pauses[tries - 1] * (1 + JITTER * (2 * share - 1))
        return pause if asked is None else max(pause, min(asked, LONGEST_ASKED))


STANDARD = Patience()
"""What a shop starts with."""
