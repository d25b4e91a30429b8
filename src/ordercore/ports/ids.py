"""The only place for where ids come from."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class Ids(Protocol):
    """Fresh identifiers."""

    def new(self) -> UUID:
        """A uuid7 (RFC 9562): unique, and rising within a process."""
