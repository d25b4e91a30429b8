"""The only place that asks the machine: its clock, and its source of ids."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast
from uuid import UUID


class SystemClock:
    """The machine's wall time."""

    def now(self) -> datetime:
        """Now, aware, in UTC, with microseconds."""
        return datetime.now(UTC)

    def pause(self, seconds: float) -> None:
        """Let that much time pass."""
        time.sleep(seconds)


class Uuid7Ids:
    """Ids by RFC 9562, version 7: the standard library's where it has them (Python 3.14), else uuid-utils."""

    def __init__(self) -> None:
        self._uuid7 = _uuid7_maker()

    def new(self) -> UUID:
        """A uuid7: unique, and rising within a process."""
        return self._uuid7()


def _uuid7_maker() -> Callable[[], UUID]:
    maker = getattr(uuid, "uuid7", None)
    if maker is None:
        # Not at the top: `import ordercore` loads no compiled library. A maker of our own in Python measured no faster.
        from uuid_utils.compat import uuid7

        maker = uuid7
    return cast(Callable[[], UUID], maker)
