"""The only place for a writing transaction over SQL: its collections, what they staged, one flush at the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.admins import SqlAdmins, SqlTokens
from ordercore.adapters.sql.collections.customers import SqlCustomers
from ordercore.adapters.sql.collections.imports import SqlImports
from ordercore.adapters.sql.collections.orders import SqlOrders
from ordercore.adapters.sql.collections.products import SqlProducts
from ordercore.adapters.sql.collections.requests import SqlRequests
from ordercore.adapters.sql.collections.shipments import SqlShipments
from ordercore.adapters.sql.collections.work_items import SqlWorkItems
from ordercore.adapters.sql.transaction import Transaction
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.ports.sealer import Sealer


class SqlUnitOfWork:
    """One transaction: claims go in at once, holds lock, saves are staged until `flush`."""

    def __init__(self, wire: Wire, sealer: Sealer, clock: Callable[[Wire], datetime]) -> None:
        # what the collections share knows none of them: in a circle all that was held would stay until it is looked for
        shared = self._shared = Transaction(wire, sealer, clock)
        self.wire, self.sealer = wire, sealer
        self.requests = SqlRequests(shared)
        self.customers = SqlCustomers(shared)
        self.orders = SqlOrders(shared)
        self.products = SqlProducts(shared)
        self.shipments = SqlShipments(shared)
        self.admins = SqlAdmins(shared)
        self.tokens = SqlTokens(shared)
        self.work_items = SqlWorkItems(shared)
        self.imports = SqlImports(shared)

    @property
    def now(self) -> datetime:
        """The database's clock, asked for once."""
        return self._shared.now

    def flush(self) -> None:
        """The write phase: referenced rows before those that refer to them, events last."""
        with self.wire.together():
            self._write()

    def _write(self) -> None:
        events: list[Row] = []
        people = (self.customers, self.admins, self.tokens)
        for part in (*people, self.products, self.orders, self.shipments, self.work_items):
            part.flush()
            events += part.event_rows()
        events += self.imports.event_rows()
        self.requests.flush()
        self.wire.insert(tables.events, events)
