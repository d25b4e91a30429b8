"""The only place for the people who steer the shop, and the tokens of the machines that do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from attrs import field, frozen

from ordercore.domain.actor import Permission
from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.errors import AdminIsInactive, NotDeactivatable, TransitionRefused
from ordercore.domain.evolving import evolve

STORE_ADMIN = UUID(int=3)
"""The admin user every store is born with: `shop`, no password, cannot log in, cannot be deactivated."""


def normalised_username(username: str) -> str:
    """Two spellings of one name look the same: case folded, spaces off. New usernames are kept like this."""
    return username.strip().casefold()


class AdminRole(StrEnum):
    """What kind of admin user; what each may do comes with the access rules."""

    OWNER = "owner"
    MANAGER = "manager"


@frozen(kw_only=True, slots=False)
class AdminAdded(Event):
    """An admin user came to be and takes part in the assignment of orders."""

    type: ClassVar[str] = "admin.added.v1"

    role: AdminRole


@frozen(kw_only=True, slots=False)
class AdminDeactivated(Event):
    """No new orders for this admin user; the open ones are handed over."""

    type: ClassVar[str] = "admin.deactivated.v1"


@frozen(kw_only=True, slots=False)
class AdminPasswordChanged(Event):
    """A new password was set."""

    type: ClassVar[str] = "admin.password_changed.v1"


@frozen(kw_only=True, slots=False)
class AdminUser(Aggregate):
    """A person who manages orders. The password is kept as an Argon2id hash only."""

    stream: ClassVar[str] = "admin"

    username: str
    role: AdminRole = AdminRole.MANAGER
    is_active: bool = True
    password_hash: str | None = field(default=None, repr=False)
    added_at: datetime

    @classmethod
    def add(
        cls, *, id: UUID, username: str, role: AdminRole, password_hash: str | None, at: datetime, actor_id: UUID
    ) -> AdminUser:
        """A new active admin user with its first fact."""
        fact = AdminAdded(occurred_at=at, actor_id=actor_id, role=role)
        return cls(id=id, username=username, role=role, password_hash=password_hash, added_at=at, facts=(fact,))

    def deactivate(self, *, at: datetime, actor_id: UUID) -> AdminUser:
        """The admin user, out of the assignment at once.

        Raises:
            NotDeactivatable: it is the store's own.
            TransitionRefused: inactive already.
        """
        if self.id == STORE_ADMIN:
            raise NotDeactivatable(username=self.username)
        if not self.is_active:
            raise TransitionRefused(kind="admin user", status="inactive", action="be deactivated")
        fact = AdminDeactivated(occurred_at=at, actor_id=actor_id)
        return evolve(self, is_active=False, version=self.version + 1, facts=(*self.facts, fact))

    def change_password(self, password_hash: str, *, at: datetime, actor_id: UUID) -> AdminUser:
        """The admin user with a new password.

        Raises:
            NotDeactivatable: it is the store's own, which never logs in.
        """
        if self.id == STORE_ADMIN:
            raise NotDeactivatable(username=self.username)
        fact = AdminPasswordChanged(occurred_at=at, actor_id=actor_id)
        return evolve(self, password_hash=password_hash, version=self.version + 1, facts=(*self.facts, fact))

    def refuse_inactive(self) -> None:
        """Raises AdminIsInactive where orders cannot be handed to this admin user."""
        if not self.is_active:
            raise AdminIsInactive(username=self.username)


@frozen(kw_only=True, slots=False)
class TokenCreated(Event):
    """A machine may act within these permissions."""

    type: ClassVar[str] = "token.created.v1"

    permissions: tuple[Permission, ...]


@frozen(kw_only=True, slots=False)
class TokenRevoked(Event):
    """The token opens nothing any more."""

    type: ClassVar[str] = "token.revoked.v1"


@frozen(kw_only=True, slots=False)
class ApiToken(Aggregate):
    """A machine's credential; only a hash of it is kept."""

    stream: ClassVar[str] = "token"

    name: str
    secret_hash: bytes = field(repr=False)
    permissions: frozenset[Permission]
    is_revoked: bool = False
    created_at: datetime

    @classmethod
    def create(
        cls,
        *,
        id: UUID,
        name: str,
        secret_hash: bytes,
        permissions: frozenset[Permission],
        at: datetime,
        actor_id: UUID,
    ) -> ApiToken:
        """A new token with its first fact."""
        fact = TokenCreated(occurred_at=at, actor_id=actor_id, permissions=tuple(sorted(permissions)))
        return cls(id=id, name=name, secret_hash=secret_hash, permissions=permissions, created_at=at, facts=(fact,))

    def revoke(self, *, at: datetime, actor_id: UUID) -> ApiToken:
        """The token, useless from now on.

        Raises:
            TransitionRefused: revoked already.
        """
        if self.is_revoked:
            raise TransitionRefused(kind="token", status="revoked", action="be revoked")
        fact = TokenRevoked(occurred_at=at, actor_id=actor_id)
        return evolve(self, is_revoked=True, version=self.version + 1, facts=(*self.facts, fact))
