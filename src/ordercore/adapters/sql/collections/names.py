"""The only place that claims unique names of aggregates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ordercore.adapters.sql.wire import Row, Wire


def claim_named(
    wire: Wire, table: Any, column: str, rows: Mapping[Any, Row], *, among: str | None = None
) -> Mapping[Any, UUID]:
    """Claim phase for one unique name: rows whose name is free go in; answers the ids of those that have the others."""
    wanted = dict(sorted(rows.items()))
    if wire.claims_in_place:
        target = f"({column})" if among is None else f"({column}) WHERE {among}"
        made = {name for (name,) in wire.claim(table, list(wanted.values()), target, column)}
        taken = _ids_by(wire, table, column, [name for name in wanted if name not in made], among)
    else:
        taken = _ids_by(wire, table, column, list(wanted), among)
        wire.insert(table, [row for name, row in wanted.items() if name not in taken])
    return taken


def _ids_by(wire: Wire, table: Any, column: str, names: Sequence[Any], among: str | None) -> dict[Any, UUID]:
    if not names:
        return {}
    wanted = f"{column}, id, {among or 'NULL'}"
    rows = wire.rows(table, wanted, names, by=column)
    return {name: wire.to_id(id) for name, id, is_among in rows if among is None or is_among}
