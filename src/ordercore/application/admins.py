"""Admin users: make, list, deactivate, give new passwords."""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from uuid import UUID

from attrs import field, frozen

from ordercore.application.core import Core
from ordercore.application.requests import (
    SECRET,
    Intent,
    a_reason,
    existing,
    expected_version,
    explained,
    named,
    perform,
    refuse_stale,
    simple,
)
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.admin import AdminRole, AdminUser, normalised_username
from ordercore.domain.errors import AlreadyExists, UnknownResource
from ordercore.ports.queries import Page, PageRequest
from ordercore.ports.store import UnitOfWork

a_username = fields.text(most=64)


def _as_kept(value: Any) -> Any:
    """Converter: a username as it is kept; anything else as it is, for the check to refuse."""
    return normalised_username(value) if isinstance(value, str) else value


a_password = fields.text(most=1024, least=12)


@frozen(kw_only=True, slots=False)
class AddAdmin:
    """A new admin user; the password has at least 12 characters and is kept as an Argon2id hash.

    The username is kept in lower case: `Anna` and `anna` are one.
    """

    username: str = field(converter=_as_kept, validator=a_username)
    password: str = field(repr=False, validator=a_password, metadata=SECRET)
    role: AdminRole = field(default=AdminRole.MANAGER, validator=fields.instance_of(AdminRole))


@frozen(kw_only=True, slots=False)
class DeactivateAdmin:
    """No new orders for this admin user from now on; the worker hands the open ones over."""

    admin_id: UUID
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class ChangePassword:
    """A new password for an admin user."""

    admin_id: UUID
    password: str = field(repr=False, validator=a_password, metadata=SECRET)
    expected_version: int | None = field(default=None, validator=expected_version)


C = TypeVar("C", AddAdmin, ChangePassword)


@frozen(kw_only=True, slots=False)
class Hashed(Generic[C]):
    """A command whose password was hashed before the transaction (it is slow on purpose)."""

    command: C
    password_hash: str = field(repr=False, metadata=SECRET)


class Admins:
    """Admin users, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def add(self, command: AddAdmin, *, idempotency_key: str | None = None) -> AdminUser:
        """Make an admin user, who takes part in the assignment of orders at once.

        Raises:
            AlreadyExists: the username is taken.
        """
        authorise(self._actor, Permission.ADMINS_MANAGE)
        hashed = Hashed(command=command, password_hash=self._core.passwords.hash(command.password))
        return perform(self._core, self._actor, ADD, hashed, key=idempotency_key, again=lambda lookups: lookups.admins)

    def deactivate(self, command: DeactivateAdmin, *, idempotency_key: str | None = None) -> AdminUser:
        """Take an admin user out of the assignment.

        Raises:
            UnknownResource, VersionIsStale, NotDeactivatable, TransitionRefused (inactive already): refused.
        """
        authorise(self._actor, Permission.ADMINS_MANAGE)
        return perform(
            self._core,
            self._actor,
            DEACTIVATE,
            command,
            resource_id=command.admin_id,
            key=idempotency_key,
            again=lambda lookups: lookups.admins,
        )

    def change_password(self, command: ChangePassword, *, idempotency_key: str | None = None) -> AdminUser:
        """Give an admin user a new password.

        Raises:
            UnknownResource, VersionIsStale, NotDeactivatable (the store's own): refused.
        """
        authorise(self._actor, Permission.ADMINS_MANAGE)
        hashed = Hashed(command=command, password_hash=self._core.passwords.hash(command.password))
        return perform(
            self._core,
            self._actor,
            CHANGE_PASSWORD,
            hashed,
            resource_id=command.admin_id,
            key=idempotency_key,
            again=lambda lookups: lookups.admins,
        )

    def get(self, admin_id: UUID) -> AdminUser:
        """One admin user.

        Raises:
            UnknownResource: there is none with that id.
        """
        authorise(self._actor, Permission.ADMINS_READ)
        return existing(self._core, admin_id, "admin user", lambda lookups: lookups.admins)

    def by_username(self, username: str) -> AdminUser:
        """One admin user by name, in whatever case.

        Raises:
            UnknownResource: there is none with that name.
        """
        authorise(self._actor, Permission.ADMINS_READ)
        fields.refuse_unstorable("admin user", username)
        with self._core.store.reading() as lookups:
            id = lookups.admin_id(username)
            if id is None:
                raise UnknownResource(kind="admin user", name=username)
            return named(lookups.admins((id,)), id, "admin user")

    def list(self, page: PageRequest = PageRequest()) -> Page[AdminUser]:  # noqa: B008 - frozen
        """Admin users by id."""
        authorise(self._actor, Permission.ADMINS_READ)
        with self._core.store.listing() as queries:
            return queries.admin_page(page)


def _add(work: UnitOfWork, intent: Intent[Hashed[AddAdmin]]) -> AdminUser:
    command = intent.command.command
    admin = AdminUser.add(
        id=intent.ids[0],
        username=command.username,
        role=command.role,
        password_hash=intent.command.password_hash,
        at=intent.at,
        actor_id=intent.actor_id,
    )
    if work.admins.claim_usernames((admin,)):
        raise AlreadyExists(kind="admin user", name=command.username, pointer="/username")
    return admin


def _deactivate(work: UnitOfWork, intent: Intent[DeactivateAdmin]) -> AdminUser:
    command = intent.command
    admin = named(work.admins.hold((command.admin_id,)), command.admin_id, "admin user")
    refuse_stale(admin, command.expected_version, "admin user")
    inactive = admin.deactivate(at=intent.at, actor_id=intent.actor_id)
    work.admins.save(explained(inactive, command.reason))
    return inactive


def _change_password(work: UnitOfWork, intent: Intent[Hashed[ChangePassword]]) -> AdminUser:
    command = intent.command.command
    admin = named(work.admins.hold((command.admin_id,)), command.admin_id, "admin user")
    refuse_stale(admin, command.expected_version, "admin user")
    changed = admin.change_password(intent.command.password_hash, at=intent.at, actor_id=intent.actor_id)
    work.admins.save(changed)
    return changed


ADD = simple("add_admin", _add)
DEACTIVATE = simple("deactivate_admin", _deactivate)
CHANGE_PASSWORD = simple("change_password", _change_password)
