"""The only place that takes and gives back leases. Their times are the database's."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from ordercore.adapters.sql.transaction import Transaction

_TAKE = """INSERT INTO leases (name, holder, token, until) VALUES (?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = excluded.token, until = excluded.until
    WHERE leases.until IS NULL OR leases.until <= ? OR leases.token = excluded.token RETURNING name"""


class SqlLeases:
    """Leases of worker tasks."""

    def __init__(self, work: Transaction) -> None:
        self._work = work
        self._wire = work.wire

    def take(self, name: str, *, holder: str, token: UUID, lasting: timedelta) -> bool:
        """Take a lease that is free, over, or ours."""
        self._work.locks.note("leases", (name,))
        now, moment = self._work.now, self._wire.moment
        return bool(self._wire.run(_TAKE, (name, holder, self._wire.id(token), moment(now + lasting), moment(now))))

    def holds(self, name: str, token: UUID) -> bool:
        """Whether the lease is still this token's; kept until the end of the transaction."""
        self._work.locks.note("leases", (name,))
        found = self._wire.run(
            f"SELECT name FROM leases WHERE name = ? AND token = ? AND until > ?{self._wire.locking}",
            (name, self._wire.id(token), self._wire.moment(self._work.now)),
        )
        return bool(found)

    def give_back(self, name: str, token: UUID) -> None:
        """Free again, and done at this time."""
        self._work.locks.note("leases", (name,))
        self._wire.run(
            "UPDATE leases SET holder = NULL, token = NULL, until = NULL, ran_at = ?"
            " WHERE name = ? AND token = ? RETURNING name",
            (self._wire.moment(self._work.now), name, self._wire.id(token)),
        )
