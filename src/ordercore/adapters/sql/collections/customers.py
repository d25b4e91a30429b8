"""The only place that holds and saves customers, and makes guests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.collection import SqlCollection
from ordercore.adapters.sql.collections.names import claim_named
from ordercore.adapters.sql.mapping.customers import customer_of, customer_row
from ordercore.adapters.sql.wire import Row
from ordercore.domain.customer import Customer, normalised_email


class SqlCustomers(SqlCollection[Customer]):
    """Customers."""

    table = tables.customers
    kind = "customers"

    def read(self, ids: Iterable[UUID]) -> Mapping[UUID, Customer]:
        """Read without locking."""
        keys = [self._wire.id(id) for id in ids]
        return self._read(keys, lock=False) if keys else {}

    def claim_guests(self, guests: Sequence[Customer]) -> Mapping[str, UUID]:
        """Make guests whose address no guest has; answers everybody's guest id by normalised address."""
        if not guests:
            return {}
        rows = {row[2]: row for row in map(self._row, guests)}
        by_index = dict(zip(rows, guests, strict=True))
        self._work.locks.note("guests", rows)
        taken = claim_named(self._wire, self.table, "email_index", rows, among="is_guest")
        for index, guest in by_index.items():
            if index not in taken:
                self._saved[guest.id] = self._held[guest.id] = guest
        return {normalised_email(one.contact.email): taken.get(index, one.id) for index, one in by_index.items()}

    def release(self, guest_ids: Iterable[UUID]) -> None:
        """Undo the claims of guests made here."""
        gone = [id for id in guest_ids if id in self._held and self._held[id] is self._saved.get(id)]
        for id in gone:
            del self._saved[id]
        self._wire.delete(self.table, ("id",), [(self._wire.id(id),) for id in gone])

    def _row(self, each: Customer) -> Row:
        return customer_row(self._wire, self._work.sealer, each)

    def _object(self, row: Row) -> Customer:
        return customer_of(self._wire, self._work.sealer, row)
