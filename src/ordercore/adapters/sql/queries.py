"""The only place that lists and searches: keyset pages of frozen rows, straight from SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from ordercore.adapters.sql.lookups import SqlLookups
from ordercore.adapters.sql.wire import Wire
from ordercore.ports.sealer import Sealer


class SqlQueries(SqlLookups):
    """Lists in one snapshot."""

    def __init__(self, connection: Connection, wire: Wire, sealer: Sealer, clock: Callable[[Wire], datetime]) -> None:
        super().__init__(wire, sealer, clock)
        self._connection = connection
