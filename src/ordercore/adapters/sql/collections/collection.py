"""The only place for what every collection of aggregates does: hold, stage what was saved, flush."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from ordercore.adapters.sql.mapping.columns import columns, columns_but_id
from ordercore.adapters.sql.mapping.events import event_rows
from ordercore.adapters.sql.transaction import Transaction
from ordercore.adapters.sql.wire import Row
from ordercore.domain.aggregates import Aggregate

A = TypeVar("A", bound=Aggregate)


class SqlCollection(Generic[A]):
    """Aggregates of one kind: an identity map of what is held, and what was saved."""

    table: Any
    kind: str

    def __init__(self, work: Transaction) -> None:
        self._work = work
        self._wire = work.wire
        self._held: dict[UUID, A] = {}
        self._saved: dict[UUID, A] = {}

    def hold(self, ids: Iterable[UUID]) -> Mapping[UUID, A]:
        """Lock and read in ascending id; what was saved before in this unit of work is answered as saved."""
        wanted = sorted(set(ids))
        missing = [id for id in wanted if id not in self._held and id not in self._saved]
        if missing:
            self._work.locks.note(self.kind, missing)
            self._held.update(self._read([self._wire.id(id) for id in missing], lock=True))
        current = {**self._held, **self._saved}
        return {id: current[id] for id in wanted if id in current}

    def save(self, *changed: A) -> None:
        """Stage; nothing is sent before the flush."""
        for each in changed:
            self._saved[each.id] = each

    def event_rows(self) -> Iterable[Row]:
        """The facts of everything saved."""
        for each in self._saved.values():
            if each.facts:
                yield from event_rows(self._wire, each)

    def flush(self) -> None:
        """Send what was saved: new ones inserted, held ones updated where they differ."""
        new = [each for id, each in self._saved.items() if id not in self._held]
        changed = [each for id, each in self._saved.items() if id in self._held and each is not self._held[id]]
        self._wire.insert(self.table, [self._row(each) for each in new])
        rows = [(*row[1:], row[0]) for row in map(self._row, changed)]
        self._wire.update(self.table, columns_but_id(self.table), ("id",), rows)

    def _read(self, keys: Sequence[Any], *, lock: bool) -> dict[UUID, A]:
        rows = self._wire.rows(self.table, columns(self.table), keys, lock=lock)
        return {each.id: each for each in map(self._object, rows)}

    def _row(self, each: A) -> Row:
        raise NotImplementedError

    def _object(self, row: Row) -> A:
        raise NotImplementedError
