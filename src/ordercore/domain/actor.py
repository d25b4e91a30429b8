"""The only place that says who asks: actors and the permissions that use cases name."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from attrs import frozen

from ordercore.domain.errors import PermissionMissing


class Permission(StrEnum):
    """What a use case needs; also the scopes of tokens. `all` holds every other one."""

    ALL = "all"
    ORDERS_PLACE = "orders:place"
    ORDERS_READ = "orders:read"
    ORDERS_MANAGE = "orders:manage"
    PAYMENTS_READ = "payments:read"
    PAYMENTS_MANAGE = "payments:manage"
    PRODUCTS_READ = "products:read"
    PRODUCTS_MANAGE = "products:manage"
    STOCK_MANAGE = "stock:manage"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_MANAGE = "customers:manage"
    ADMINS_READ = "admins:read"
    ADMINS_MANAGE = "admins:manage"
    TOKENS_MANAGE = "tokens:manage"
    EVENTS_READ = "events:read"
    WEBHOOKS_MANAGE = "webhooks:manage"


class ActorKind(StrEnum):
    """Through whom a request comes."""

    EMBEDDING = "embedding"
    ADMIN = "admin"
    TOKEN = "token"
    CUSTOMER = "customer"
    SYSTEM = "system"


@frozen
class Actor:
    """Who asks: kind and id name one, permissions bound it, origin tells the entry (library, http, cli, worker)."""

    kind: ActorKind
    id: UUID
    permissions: frozenset[Permission] = frozenset({Permission.ALL})
    origin: str = "library"


EMBEDDING = Actor(kind=ActorKind.EMBEDDING, id=UUID(int=1))
SYSTEM = Actor(kind=ActorKind.SYSTEM, id=UUID(int=2), origin="worker")


def authorise(actor: Actor, permission: Permission) -> None:
    """The one gate that every use case passes.

    Raises:
        PermissionMissing: the actor holds neither this permission nor `all`.
    """
    if not may(actor, permission):
        raise PermissionMissing(permission=permission.value)


def may(actor: Actor, permission: Permission) -> bool:
    """Whether the gate would let this actor pass."""
    return permission in actor.permissions or Permission.ALL in actor.permissions
