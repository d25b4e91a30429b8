"""The only place that examines every guarantee on a live database, reading only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from ordercore.adapters.sql import schema
from ordercore.adapters.sql.health_checks import CHECKS, GUARDS, Check
from ordercore.adapters.sql.health_secrets import secrets_in
from ordercore.adapters.sql.store import SqlStore
from ordercore.domain.errors import OrderCoreError
from ordercore.ports.health import Finding, Verdict

NAMED = 5
"""How many offenders a finding names; it counts them all."""

STALE = timedelta(days=1)
"""How old a request without an outcome may be before it is worth a note."""

STRONG = {
    "journal_mode": {"wal"},
    "synchronous": {"FULL", "EXTRA"},
    "fsync": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
    "full_page_writes": {"on"},
}
"""Settings with which what was answered survives a loss of power."""


class SqlHealth:
    """The doctor of SQL stores. Each check is one statement in a snapshot of its own, so that nothing is held up."""

    def __init__(self, store: SqlStore, *, payment_provider: str) -> None:
        self._store = store
        self._payment_provider = payment_provider

    def examine(self) -> Sequence[Finding]:
        """All findings, by guarantee."""
        findings = [
            *self._guards(),
            *map(self._checked, CHECKS),
            self._durability(),
            self._provider(),
            *self._secrets(),
        ]
        return sorted(findings, key=lambda finding: finding.guarantee)

    def is_ready(self) -> bool:
        """Whether the store answers at this release's schema."""
        try:
            with self._store.snapshot() as (connection, _):
                return schema.revision_in(connection) == schema.REVISION
        except OrderCoreError:
            return False

    def _checked(self, check: Check) -> Finding:
        statement = f"SELECT found.*, COUNT(*) OVER () FROM ({check.offenders}) AS found ORDER BY 1 LIMIT {NAMED}"
        with self._store.snapshot() as (_, wire):
            moment = (wire.moment(self._store.clock(wire) - STALE),) if check.takes_moment else ()
            rows = wire.run(statement, moment)
        count = rows[0][-1] if rows else 0
        names = [_name(row[:-1]) for row in rows]
        return _finding(check.guarantee, check.name, check.claim, names, count, check.verdict)

    def _guards(self) -> Iterator[Finding]:
        """Whether the constraints that hold guarantees by themselves are still there."""
        with self._store.snapshot() as (_, wire):
            if self._store.is_postgres:
                rows = wire.run("SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace")
                present = {name for (name,) in rows}
            else:
                rows = wire.run("SELECT sql FROM sqlite_master WHERE type = 'table'")
                present = {name for (sql,) in rows for name in re.findall(r"CONSTRAINT \"?(\w+)", sql)}
        for guarantee, names in GUARDS.items():
            missing = [name for name in names if name not in present]
            claim = f"the database itself refuses to break it ({', '.join(names)})"
            yield _finding(guarantee, "constraints", claim, missing, len(missing))

    def _durability(self) -> Finding:
        settings = self._store.durability()
        shown = ", ".join(f"{name}={value}" for name, value in settings.items())
        if self._store.is_in_memory:
            detail = f"the store is in memory and ends with this process ({shown})"
            return Finding(guarantee=7, check="durability", verdict=Verdict.NOTE, detail=detail)
        weak = [f"{name}={value}" for name, value in settings.items() if value not in STRONG[name]]
        return _finding(7, "durability", f"what was answered is on disk ({shown})", weak, len(weak))

    def _provider(self) -> Finding:
        asked = f"payments go through the provider {self._payment_provider}"
        return Finding(guarantee=4, check="payment_provider", verdict=Verdict.NOTE, detail=asked)

    def _secrets(self) -> Iterator[Finding]:
        found = secrets_in(self._store)
        for name, claim in (
            ("card_numbers", "no card number is stored"),
            ("bearer_secrets", "no token's secret is stored"),
        ):
            yield _finding(8, name, claim, found[name].names, found[name].count)
        sealing = "sealing: not configured; personal data and provider tokens are stored as they are"
        yield Finding(guarantee=8, check="sealing", verdict=Verdict.NOTE, detail=sealing)


def _finding(
    guarantee: int, check: str, claim: str, names: Iterable[str], count: int, otherwise: Verdict = Verdict.BROKEN
) -> Finding:
    if not count:
        return Finding(guarantee=guarantee, check=check, verdict=Verdict.HOLDS, detail=claim)
    named = [*list(names)[:NAMED], *(["…"] if count > NAMED else [])]
    detail = f"{claim}: not so for {count} ({', '.join(named)})"
    return Finding(guarantee=guarantee, check=check, verdict=otherwise, detail=detail)


def _name(values: Sequence[Any]) -> str:
    """An offender by the first thing known of it; ids are 16 bytes on SQLite."""
    known = next((value for value in values if value is not None), "a row without a name")
    return str(UUID(bytes=known)) if isinstance(known, bytes) else str(known)
