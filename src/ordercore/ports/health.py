"""The only place for how a live store is examined."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from attrs import frozen


class Verdict(StrEnum):
    """What an examination found. Only `broken` is a breach."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOTE = "note"


@frozen(kw_only=True)
class Finding:
    """One guarantee (its number in the design page's section 5), what was looked at, and what was seen."""

    guarantee: int
    check: str
    verdict: Verdict
    detail: str


class Health(Protocol):
    """Examines every guarantee on the live store, reading only."""

    def examine(self) -> Sequence[Finding]:
        """All findings, by guarantee."""

    def is_ready(self) -> bool:
        """Whether the store answers and has this release's schema."""
