"""The only place for what a shop may set, with the defaults it starts with."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from attrs import frozen

ASK_AGAIN_AFTER = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 3600))


class CapturePolicy(StrEnum):
    """When an authorised payment is captured."""

    CONFIRMED = "confirmed"
    SHIPPED = "shipped"


@frozen(kw_only=True)
class Settings:
    """How this shop works.

    `reservation` bounds how long an unpaid order keeps its stock; where an answer is outstanding at its end, it waits
    for it `longest_wait` longer. `request_wait` is how long a repeated request waits for the first; `key_retention` how
    long keys are kept after their outcome. `ask_again_after` are the pauses between two questions about an attempt
    without an answer, the last one for ever, each up to `ask_again_spread` of itself shorter or longer; after
    `alert_after` without an answer a work item is opened.
    """

    capture: CapturePolicy = CapturePolicy.SHIPPED
    reservation: timedelta = timedelta(hours=1)
    longest_wait: timedelta = timedelta(days=1)
    request_wait: timedelta = timedelta(seconds=5)
    key_retention: timedelta = timedelta(days=30)
    ask_again_after: tuple[timedelta, ...] = ASK_AGAIN_AFTER
    ask_again_spread: float = 0.2
    alert_after: timedelta = timedelta(hours=1)
