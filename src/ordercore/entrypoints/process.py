"""The only place that tunes a process of our own: what an embedding program's process does is its own affair."""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 50_000
"""How many objects may be made before the youngest are looked through. A batch of orders makes tens of thousands that
die by themselves; with Python's default of 700 a third of the time would go into looking for cycles among them."""


def settle_in() -> None:
    """Called once when everything is loaded: what is loaded stays, and is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 5)
