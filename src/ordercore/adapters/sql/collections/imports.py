"""The only place that stages the summaries of imports; they have no table, only their stream."""

from __future__ import annotations

from collections.abc import Iterable

from ordercore.adapters.sql.mapping.events import event_rows
from ordercore.adapters.sql.transaction import Transaction
from ordercore.adapters.sql.wire import Row
from ordercore.domain.product_import import ProductImport


class SqlImports:
    """Ended imports of products."""

    def __init__(self, work: Transaction) -> None:
        self._wire = work.wire
        self._saved: list[ProductImport] = []

    def save(self, *ended: ProductImport) -> None:
        """Stage; nothing is sent before the flush of the unit of work."""
        self._saved += ended

    def event_rows(self) -> Iterable[Row]:
        """The summaries of everything saved."""
        for each in self._saved:
            yield from event_rows(self._wire, each)
