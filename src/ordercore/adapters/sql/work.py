"""The only place for a writing transaction over SQL: its collections, what they staged, one flush at the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.admins import SqlAdmins, SqlTokens
from ordercore.adapters.sql.collections.customers import SqlCustomers
from ordercore.adapters.sql.collections.orders import SqlOrders
from ordercore.adapters.sql.collections.products import SqlProducts
from ordercore.adapters.sql.collections.requests import SqlRequests
from ordercore.adapters.sql.collections.shipments import SqlShipments
from ordercore.adapters.sql.transaction import Transaction
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.ports.sealer import Sealer


class SqlUnitOfWork(Transaction):
    """One transaction: claims go in at once, holds lock, saves are staged until `flush`."""

    def __init__(self, wire: Wire, sealer: Sealer, clock: Callable[[Wire], datetime]) -> None:
        super().__init__(wire, sealer, clock)
        self.requests = SqlRequests(self)
        self.customers = SqlCustomers(self)
        self.orders = SqlOrders(self)
        self.products = SqlProducts(self)
        self.shipments = SqlShipments(self)
        self.admins = SqlAdmins(self)
        self.tokens = SqlTokens(self)

    def flush(self) -> None:
        """The write phase: referenced rows before those that refer to them, events last."""
        events: list[Row] = []
        parts = (self.customers, self.admins, self.tokens, self.products, self.orders, self.shipments)
        for part in parts:
            part.flush()
            events += part.event_rows()
        self.requests.flush()
        self.wire.insert(tables.events, events)
