"""The only place that claims idempotency keys and finishes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.columns import columns
from ordercore.adapters.sql.mapping.requests import stored_request_of
from ordercore.adapters.sql.transaction import Transaction
from ordercore.adapters.sql.wire import Row
from ordercore.ports.store import RequestClaim, StoredRequest


class SqlRequests:
    """Idempotency keys."""

    def __init__(self, work: Transaction) -> None:
        self._work = work
        self._wire = work.wire
        self._finished: list[Row] = []
        self._released: list[Row] = []
        self._made: set[tuple[Any, str]] = set()
        self._claimed: dict[tuple[Any, str], Row] = {}

    def claim(self, claims: Sequence[RequestClaim]) -> Mapping[tuple[UUID, str], StoredRequest]:
        """Take keys; answers those that somebody had before."""
        wire = self._wire
        self._work.locks.note("requests", [(claim.actor_id, claim.key) for claim in claims])
        now = wire.moment(self._work.now)
        rows = {
            (wire.id(claim.actor_id), claim.key): (
                wire.id(claim.actor_id),
                claim.key,
                claim.operation,
                claim.fingerprint,
                wire.id(claim.resource_id),
                claim.outcome,
                now,
                None if claim.outcome is None else now,
            )
            for claim in sorted(claims, key=lambda claim: (claim.actor_id, claim.key))
        }
        if wire.claims_in_place:
            made = set(wire.claim(tables.requests, list(rows.values()), "(actor_id, key)", "actor_id, key"))
            held = self._stored([name for name in rows if name not in made])
            self._made |= made
        else:
            held = self._stored(list(rows))
            self._claimed |= {name: row for name, row in rows.items() if name not in held}
        found = (stored_request_of(wire, row) for row in held.values())
        return {(each.claim.actor_id, each.claim.key): each for each in found}

    def finish(self, operation: str, outcomes: Mapping[UUID, str]) -> None:
        """Stage outcomes of unfinished requests."""
        now = self._wire.moment(self._work.now)
        waiting = {(row[2], row[4]): name for name, row in self._claimed.items()}
        for resource_id, outcome in outcomes.items():
            name = waiting.get((operation, self._wire.id(resource_id)))
            if name is None:
                self._finished.append((outcome, now, self._wire.id(resource_id), operation))
            else:
                self._claimed[name] = (*self._claimed[name][:5], outcome, now, now)

    def release(self, claims: Iterable[RequestClaim]) -> None:
        """Undo claims made here."""
        for claim in claims:
            name = (self._wire.id(claim.actor_id), claim.key)
            if self._claimed.pop(name, None) is None and name in self._made:
                self._released.append(name)

    def delete_finished(self, before: datetime, limit: int) -> int:
        """Delete requests whose outcome is older."""
        rows = self._wire.run(
            "SELECT actor_id, key FROM requests r WHERE finished_at < ?"
            " AND NOT EXISTS (SELECT 1 FROM payment_attempts a"
            " WHERE a.order_id = r.resource_id AND a.finished_at IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM payment_attempts a"
            " WHERE a.id = r.resource_id AND a.finished_at IS NULL) ORDER BY finished_at LIMIT ?",
            (self._wire.moment(before), limit),
        )
        self._wire.delete(tables.requests, ("actor_id", "key"), rows)
        return len(rows)

    def flush(self) -> None:
        """Send claims, releases and outcomes."""
        self._wire.insert(tables.requests, list(self._claimed.values()))
        self._wire.delete(tables.requests, ("actor_id", "key"), self._released)
        self._wire.update(
            tables.requests,
            ("outcome", "finished_at"),
            ("resource_id", "operation"),
            self._finished,
            also="outcome IS NULL",
        )

    def _stored(self, names: Sequence[tuple[Any, str]]) -> dict[tuple[Any, str], Row]:
        rows = self._wire.pairs(tables.requests, columns(tables.requests), ("actor_id", "key"), names)
        return {(row[0], row[1]): row for row in rows}
