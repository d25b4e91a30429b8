"""The only place where admin users and tokens become rows, and rows become them."""

from __future__ import annotations

from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.actor import Permission
from ordercore.domain.admin import AdminRole, AdminUser, ApiToken

_ADMIN_ROLE = {each.value: each for each in AdminRole}


def admin_row(wire: Wire, admin: AdminUser) -> Row:
    """An admin user for its table."""
    return (
        wire.id(admin.id),
        admin.username,
        admin.role._value_,
        int(admin.is_active),
        admin.password_hash,
        wire.moment(admin.added_at),
        admin.version,
        admin.event_count + len(admin.facts),
    )


def admin_of(wire: Wire, row: Row) -> AdminUser:
    """An admin user from its row."""
    id, username, role, is_active, password_hash, added_at, version, event_count = row
    return AdminUser(
        id=wire.to_id(id),
        username=username,
        role=_ADMIN_ROLE[role],
        is_active=bool(is_active),
        password_hash=password_hash,
        added_at=wire.to_moment(added_at),
        version=version,
        event_count=event_count,
    )


def token_row(wire: Wire, token: ApiToken) -> Row:
    """A token for its table."""
    return (
        wire.id(token.id),
        token.name,
        token.secret_hash,
        " ".join(sorted(token.permissions)),
        int(token.is_revoked),
        wire.moment(token.created_at),
        token.version,
        token.event_count + len(token.facts),
    )


def token_of(wire: Wire, row: Row) -> ApiToken:
    """A token from its row."""
    id, name, secret_hash, permissions, is_revoked, created_at, version, event_count = row
    return ApiToken(
        id=wire.to_id(id),
        name=name,
        secret_hash=bytes(secret_hash),
        permissions=frozenset(Permission(each) for each in permissions.split()),
        is_revoked=bool(is_revoked),
        created_at=wire.to_moment(created_at),
        version=version,
        event_count=event_count,
    )
