"""The only place that knows the order in which everybody takes locks, so that nobody ever waits in a circle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

CLAIMS = ("requests", "references", "guests", "skus", "usernames")
HOLDS = ("customers", "orders", "products", "shipments", "admins", "tokens", "work_items")
_RANK = {kind: rank for rank, kind in enumerate((*CLAIMS, *HOLDS))}


class LockOrderViolated(AssertionError):
    """A unit of work takes its locks in an order in which two of them can deadlock: a bug, never an outcome."""


class LockOrder:
    """The locks of one unit of work: kinds in the order of the table above, names ascending within a kind."""

    def __init__(self) -> None:
        self._held: dict[str, set[Any]] = {}

    def note(self, kind: str, names: Iterable[Any]) -> None:
        """Note that these locks are about to be taken; taking held ones again is always allowed.

        Raises:
            LockOrderViolated: a later kind, or a greater name of this kind, is held already.
        """
        held = self._held.setdefault(kind, set())
        fresh = set(names) - held
        if not fresh:
            return
        later = [each for each, taken in self._held.items() if taken and _RANK[each] > _RANK[kind]]
        if later:
            raise LockOrderViolated(f"{kind} must be locked before {', '.join(later)}")
        if held and min(fresh) < max(held):
            raise LockOrderViolated(f"{kind} must be locked in ascending order: {min(fresh)} comes after {max(held)}")
        held |= fresh
