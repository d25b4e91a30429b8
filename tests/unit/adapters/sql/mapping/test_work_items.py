from __future__ import annotations

from hypothesis import given

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.work_items import work_item_of, work_item_row
from ordercore.domain.work_item import WorkItem
from ordercore.testing import strategies
from tests.unit.adapters.sql.mapping.stored import WIRES, as_stored, saved


@given(item=strategies.work_items())
def test_a_work_item_comes_back(item: WorkItem) -> None:
    for wire in WIRES:
        row = as_stored(tables.work_items, work_item_row(wire, item))
        assert work_item_of(wire, row) == saved(item)
