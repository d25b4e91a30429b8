"""The only place for what a shop may set, with the defaults it starts with."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from attrs import frozen

from ordercore.domain.delivery import STANDARD, Patience


class CapturePolicy(StrEnum):
    """When an authorised payment is captured."""

    CONFIRMED = "confirmed"
    SHIPPED = "shipped"


@frozen(kw_only=True)
class Settings:
    """How this shop works.

    `reservation` bounds how long an unpaid order keeps its stock; `request_wait` how long a repeated request waits for
    the first; `key_retention` how long keys are kept after their outcome. `patience` says when a failed delivery of an
    event is tried again, `log_retention` how long the delivery log is kept.
    """

    capture: CapturePolicy = CapturePolicy.SHIPPED
    reservation: timedelta = timedelta(hours=1)
    request_wait: timedelta = timedelta(seconds=5)
    key_retention: timedelta = timedelta(days=30)
    patience: Patience = STANDARD
    log_retention: timedelta = timedelta(days=30)
