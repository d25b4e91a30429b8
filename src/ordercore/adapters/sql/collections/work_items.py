"""The only place that holds and writes work items."""

from __future__ import annotations

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.collection import SqlCollection
from ordercore.adapters.sql.mapping.work_items import work_item_of, work_item_row
from ordercore.adapters.sql.wire import Row
from ordercore.domain.work_item import WorkItem


class SqlWorkItems(SqlCollection[WorkItem]):
    """Work items."""

    table = tables.work_items
    kind = "work_items"

    def _row(self, each: WorkItem) -> Row:
        return work_item_row(self._wire, each)

    def _object(self, row: Row) -> WorkItem:
        return work_item_of(self._wire, row)
