"""The only place for what a shop may set, with the defaults it starts with."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from attrs import frozen


class CapturePolicy(StrEnum):
    """When an authorised payment is captured."""

    CONFIRMED = "confirmed"
    SHIPPED = "shipped"


@frozen(kw_only=True)
class Settings:
    """How this shop works.

    `reservation` bounds how long an unpaid order keeps its stock; `request_wait` how long a repeated request waits for
    the first; `key_retention` how long keys are kept after their outcome.
    """

    capture: CapturePolicy = CapturePolicy.SHIPPED
    reservation: timedelta = timedelta(hours=1)
    request_wait: timedelta = timedelta(seconds=5)
    key_retention: timedelta = timedelta(days=30)
