"""The only place for how a frozen value gets a changed copy: `evolve`, typed as attrs', several times as fast.

attrs' own builds the copy through `__init__` and looks every field up; transitions make about twenty copies an order.
For unslotted classes without validators on the changed fields only: nothing is checked or converted here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrs import evolve as evolve
else:

    def evolve(instance: Any, **changes: Any) -> Any:
        """A copy with these fields changed."""
        changed = object.__new__(type(instance))
        known = changed.__dict__
        known.update(instance.__dict__)
        known.update(changes)
        return changed
