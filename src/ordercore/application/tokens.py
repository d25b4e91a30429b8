"""Tokens: create, list, revoke; and who a bearer secret belongs to."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from functools import partial
from uuid import UUID

from attrs import field, frozen

from ordercore.application.core import Core
from ordercore.application.requests import Intent, named, perform, simple
from ordercore.domain import fields
from ordercore.domain.actor import Actor, ActorKind, Permission, authorise
from ordercore.domain.admin import ApiToken
from ordercore.domain.errors import InvalidRequest, Unauthenticated
from ordercore.domain.limits import MAX_NAME_LENGTH
from ordercore.ports.queries import Page, PageRequest
from ordercore.ports.store import UnitOfWork

PREFIX = "oc_"
"""How secrets begin, so that scanners find them where they should not be."""

_SPELLING = re.compile(PREFIX + "([0-9a-f]{32})_")


@frozen(kw_only=True, slots=False)
class CreateToken:
    """A credential for a machine, within these permissions."""

    name: str = field(converter=fields.trimmed, validator=fields.text(most=MAX_NAME_LENGTH))
    permissions: frozenset[Permission]


@frozen(kw_only=True, slots=False)
class RevokeToken:
    """The credential opens nothing any more."""

    token_id: UUID


@frozen(kw_only=True, slots=False)
class _Hashed:
    command: CreateToken
    secret_hash: bytes


class Tokens:
    """Bearer tokens, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def create(self, command: CreateToken) -> tuple[ApiToken, str]:
        """Make a token; the secret beside it is shown this once and only its hash is kept.

        Raises:
            InvalidRequest: no permission was named.
        """
        authorise(self._actor, Permission.TOKENS_MANAGE)
        if not command.permissions:
            raise InvalidRequest.of("/permissions", "must name at least one scope", "missing")
        id = self._core.ids.new()
        secret = f"{PREFIX}{id.hex}_{secrets.token_urlsafe(32)}"
        hashed = _Hashed(command=command, secret_hash=_hash(secret))
        token = perform(self._core, self._actor, CREATE, hashed, resource_id=id, again=lambda lookups: lookups.tokens)
        return token, secret

    def revoke(self, command: RevokeToken) -> ApiToken:
        """Revoke a token: at once in this process, in others when they look again, which they do every second.

        Raises:
            UnknownResource, TransitionRefused (revoked already): refused.
        """
        authorise(self._actor, Permission.TOKENS_MANAGE)
        return perform(
            self._core,
            self._actor,
            REVOKE,
            command,
            resource_id=command.token_id,
            again=lambda lookups: lookups.tokens,
            then=lambda token: self._core.known_tokens.forget(token.id),
        )

    def list(self, page: PageRequest = PageRequest()) -> Page[ApiToken]:  # noqa: B008 - frozen
        """Tokens by id, without their secrets."""
        authorise(self._actor, Permission.TOKENS_MANAGE)
        with self._core.store.listing() as queries:
            return queries.token_page(page)


def actor_of(core: Core, secret: str, *, origin: str) -> Actor:
    """Who a bearer secret belongs to.

    Raises:
        Unauthenticated: nobody, or the token was revoked.
    """
    token = _found(core, secret)
    if token is None or token.is_revoked or not hmac.compare_digest(token.secret_hash, _hash(secret)):
        raise Unauthenticated
    return Actor(kind=ActorKind.TOKEN, id=token.id, permissions=token.permissions, origin=origin)


def _found(core: Core, secret: str) -> ApiToken | None:
    spelled = _SPELLING.match(secret)
    if spelled is None:
        return None
    return core.known_tokens.get(UUID(spelled[1]), core.clock.now(), partial(_read, core))


def _read(core: Core, id: UUID) -> ApiToken | None:
    with core.store.reading() as lookups:
        return lookups.tokens((id,)).get(id)


def _hash(secret: str) -> bytes:
    """One fast hash is enough for 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _create(work: UnitOfWork, intent: Intent[_Hashed]) -> ApiToken:
    command = intent.command.command
    token = ApiToken.create(
        id=intent.ids[0],
        name=command.name,
        secret_hash=intent.command.secret_hash,
        permissions=command.permissions,
        at=intent.at,
        actor_id=intent.actor_id,
    )
    work.tokens.save(token)
    return token


def _revoke(work: UnitOfWork, intent: Intent[RevokeToken]) -> ApiToken:
    token_id = intent.command.token_id
    token = named(work.tokens.hold((token_id,)), token_id, "token")
    revoked = token.revoke(at=intent.at, actor_id=intent.actor_id)
    work.tokens.save(revoked)
    return revoked


CREATE = simple("create_token", _create)
REVOKE = simple("revoke_token", _revoke)
