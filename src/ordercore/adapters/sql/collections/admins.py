"""The only place that holds and saves admin users and tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.collection import SqlCollection
from ordercore.adapters.sql.collections.names import claim_named
from ordercore.adapters.sql.mapping.admins import admin_of, admin_row, token_of, token_row
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.admin import STORE_ADMIN, AdminUser, ApiToken, normalised_username


class SqlAdmins(SqlCollection[AdminUser]):
    """Admin users."""

    table = tables.admin_users
    kind = "admins"

    def managers(self) -> Sequence[UUID]:
        """Who takes part in the assignment, by id."""
        rows = self._wire.run("SELECT id FROM admin_users WHERE is_active ORDER BY id")
        ids = [self._wire.to_id(id) for (id,) in rows]
        return [id for id in ids if id != STORE_ADMIN] or ids

    def claim_usernames(self, admins: Sequence[AdminUser]) -> Mapping[str, UUID]:
        """Make those whose name is free; answers the taken ones."""
        self._work.locks.note("usernames", [admin.username for admin in admins])
        there = {admin.username: admin_in_any_case(self._wire, admin.username) for admin in admins}
        taken = {name: id for name, id in there.items() if id is not None}
        rows = {one.username: self._row(one) for one in admins if one.username not in taken}
        taken |= claim_named(self._wire, self.table, "username", rows)
        for admin in admins:
            if admin.username not in taken:
                self._saved[admin.id] = self._held[admin.id] = admin
        return taken

    def _row(self, each: AdminUser) -> Row:
        return admin_row(self._wire, each)

    def _object(self, row: Row) -> AdminUser:
        return admin_of(self._wire, row)


def admin_in_any_case(wire: Wire, username: str) -> UUID | None:
    """The admin user with that name; where nobody is spelled so, the oldest with the name in another case.

    Databases fold case each in their own way, so the few names there are, are compared here.
    """
    rows = wire.run("SELECT username, id FROM admin_users WHERE username = ?", (username,))
    if not rows:
        name = normalised_username(username)
        rows = wire.run("SELECT username, id FROM admin_users ORDER BY id")
        rows = [row for row in rows if normalised_username(row[0]) == name]
    return wire.to_id(rows[0][1]) if rows else None


class SqlTokens(SqlCollection[ApiToken]):
    """Tokens."""

    table = tables.api_tokens
    kind = "tokens"

    def _row(self, each: ApiToken) -> Row:
        return token_row(self._wire, each)

    def _object(self, row: Row) -> ApiToken:
        return token_of(self._wire, row)
