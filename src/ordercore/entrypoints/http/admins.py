"""Admin users over HTTP."""

from __future__ import annotations

from attrs import evolve
from flask import Response

from ordercore.application.admins import AddAdmin, ChangePassword, DeactivateAdmin
from ordercore.domain.errors import (
    AlreadyExists,
    KeyReused,
    NotDeactivatable,
    RequestInProgress,
    TransitionRefused,
    UnknownResource,
    VersionIsStale,
)
from ordercore.entrypoints.http import rendering, shapes
from ordercore.entrypoints.http.answers import answer, listed, resource_id
from ordercore.entrypoints.http.inputs import NoFilter
from ordercore.entrypoints.http.operations import Asked, Capability, Key

admins = Capability("admins")

KEYED = (KeyReused, RequestInProgress)
CHANGED = (UnknownResource, VersionIsStale, NotDeactivatable)


@admins.operation(
    "POST",
    "/admins",
    body=AddAdmin,
    answer=shapes.AdminShape,
    status=201,
    key=Key.OPTIONAL,
    refusals=(AlreadyExists, *KEYED),
)
def add_admin(asked: Asked[AddAdmin]) -> Response:
    """Make an admin user, who takes part in the assignment of orders at once."""
    admin = asked.shop.admins.add(asked.command, idempotency_key=asked.key)
    return answer(
        rendering.admin(admin),
        201,
        version=admin.version,
        at=f"/v1/admins/{admin.id}",
        replayed=admin.replayed,
    )


@admins.operation("GET", "/admins", which=NoFilter, answer=shapes.AdminShape, listed=True)
def list_admins(asked: Asked[None]) -> Response:
    """Admin users by id."""
    return listed(asked.shop.admins.list(asked.page), rendering.admin)


@admins.operation("GET", "/admins/<admin>", answer=shapes.AdminShape, refusals=(UnknownResource,))
def get_admin(asked: Asked[None], admin: str) -> Response:
    """One admin user."""
    found = asked.shop.admins.get(resource_id(admin, "admin user"))
    return answer(rendering.admin(found), version=found.version)


@admins.operation(
    "POST",
    "/admins/<admin>/deactivate",
    body=DeactivateAdmin,
    named=("admin_id",),
    answer=shapes.AdminShape,
    key=Key.OPTIONAL,
    refusals=(*CHANGED, TransitionRefused, *KEYED),
)
def deactivate_admin(asked: Asked[DeactivateAdmin], admin: str) -> Response:
    """Take an admin user out of the assignment; the worker hands the open orders over."""
    shop = asked.shop
    command = evolve(asked.command, admin_id=resource_id(admin, "admin user"))
    changed = shop.admins.deactivate(command, idempotency_key=asked.key)
    return answer(rendering.admin(changed), version=changed.version, replayed=changed.replayed)


@admins.operation(
    "POST",
    "/admins/<admin>/password",
    body=ChangePassword,
    named=("admin_id",),
    answer=shapes.AdminShape,
    key=Key.OPTIONAL,
    refusals=(*CHANGED, *KEYED),
)
def change_password(asked: Asked[ChangePassword], admin: str) -> Response:
    """Give an admin user a new password."""
    shop = asked.shop
    command = evolve(asked.command, admin_id=resource_id(admin, "admin user"))
    changed = shop.admins.change_password(command, idempotency_key=asked.key)
    return answer(rendering.admin(changed), version=changed.version, replayed=changed.replayed)
