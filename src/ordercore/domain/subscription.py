"""The only place for subscriptions: who hears of which events, where, and under which secrets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from attrs import field, frozen

from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.evolving import evolve
from ordercore.domain.lifecycles import SUBSCRIPTION, SubscriptionAction, SubscriptionStatus, advance

EVERYTHING = "*"
LONGEST_TYPE = 100
MOST_TYPES = 100
_TYPE = re.compile(r"\*|[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?")
MOST_SECRETS = 5
"""So many secrets sign at once at most: the newest, and older ones whose time is not over."""


class SubscriptionKind(StrEnum):
    """How a subscriber is reached."""

    WEBHOOK = "webhook"
    BROKER = "broker"
    HANDLER = "handler"


@frozen(kw_only=True, slots=False)
class SubscriptionAdded(Event):
    """Somebody hears of events after that position. Where is not told: an address may carry a password."""

    type: ClassVar[str] = "subscription.added.v1"

    kind: SubscriptionKind
    types: tuple[str, ...]
    after: int


@frozen(kw_only=True, slots=False)
class SubscriptionNarrowed(Event):
    """From now on it is about these types."""

    type: ClassVar[str] = "subscription.narrowed.v1"

    types: tuple[str, ...]


@frozen(kw_only=True, slots=False)
class SubscriptionPaused(Event):
    """Nothing is delivered until it is resumed; nothing is lost either."""

    type: ClassVar[str] = "subscription.paused.v1"


@frozen(kw_only=True, slots=False)
class SubscriptionResumed(Event):
    """Deliveries go on where they stopped."""

    type: ClassVar[str] = "subscription.resumed.v1"


@frozen(kw_only=True, slots=False)
class SubscriptionRemoved(Event):
    """Nothing is delivered any more; address and secrets are forgotten."""

    type: ClassVar[str] = "subscription.removed.v1"


@frozen(kw_only=True, slots=False)
class SubscriptionSecretRotated(Event):
    """There is a new secret; the one before signs beside it until then."""

    type: ClassVar[str] = "subscription.secret_rotated.v1"

    old_until: datetime


@frozen(kw_only=True, slots=False)
class SubscriptionReplayed(Event):
    """Everything after that position is delivered once more."""

    type: ClassVar[str] = "subscription.replayed.v1"

    after: int


@frozen(kw_only=True, slots=False)
class SigningSecret:
    """What signs messages; None means that it is the current one."""

    value: str = field(repr=False)
    valid_until: datetime | None = None


@frozen(kw_only=True, slots=False)
class Subscription(Aggregate):
    """A subscriber. `types` are names such as order.placed.v1, beginnings such as order.*, or * for everything."""

    stream: ClassVar[str] = "subscription"

    name: str
    kind: SubscriptionKind
    address: str = field(repr=False)
    types: tuple[str, ...]
    secrets: tuple[SigningSecret, ...] = field(default=(), repr=False)
    allows_private: bool = False
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    added_at: datetime

    @classmethod
    def add(
        cls,
        *,
        id: UUID,
        name: str,
        kind: SubscriptionKind,
        address: str,
        types: tuple[str, ...],
        secret: str | None,
        allows_private: bool,
        after: int,
        at: datetime,
        actor_id: UUID,
    ) -> Subscription:
        """A new, active subscription with its first fact."""
        return cls(
            id=id,
            name=name,
            kind=kind,
            address=address,
            types=types,
            secrets=() if secret is None else (SigningSecret(value=secret),),
            allows_private=allows_private,
            added_at=at,
            facts=(SubscriptionAdded(occurred_at=at, actor_id=actor_id, kind=kind, types=types, after=after),),
        )

    def wants(self, event_type: str) -> bool:
        """Whether events of that type are for this subscriber."""
        return any(_matches(each, event_type) for each in self.types)

    @property
    def shown_address(self) -> str:
        """The address without a password."""
        before, at, host = self.address.rpartition("@")
        user, colon, _ = before.partition("://")[2].partition(":")
        return f"{before.partition('://')[0]}://{user}:***@{host}" if at and colon else self.address

    def signing(self, now: datetime) -> tuple[str, ...]:
        """The secrets that sign at that time, the newest first."""
        return tuple(each.value for each in self.secrets if each.valid_until is None or each.valid_until > now)

    def narrow(self, types: tuple[str, ...], *, at: datetime, actor_id: UUID) -> Subscription:
        """The subscription, about these types from now on."""
        self._step(SubscriptionAction.CHANGE)
        return self._changed(SubscriptionNarrowed(occurred_at=at, actor_id=actor_id, types=types), types=types)

    def pause(self, *, at: datetime, actor_id: UUID) -> Subscription:
        """The subscription, quiet until it is resumed."""
        status = self._step(SubscriptionAction.PAUSE)
        return self._changed(SubscriptionPaused(occurred_at=at, actor_id=actor_id), status=status)

    def resume(self, *, at: datetime, actor_id: UUID) -> Subscription:
        """The subscription, active again."""
        status = self._step(SubscriptionAction.RESUME)
        return self._changed(SubscriptionResumed(occurred_at=at, actor_id=actor_id), status=status)

    def remove(self, *, at: datetime, actor_id: UUID) -> Subscription:
        """What is left of it; its name is free for another."""
        status = self._step(SubscriptionAction.REMOVE)
        fact = SubscriptionRemoved(occurred_at=at, actor_id=actor_id)
        return self._changed(fact, status=status, name=f"removed-{self.id}", address="", secrets=())

    def rotate(self, secret: str, *, old_until: datetime, now: datetime, at: datetime, actor_id: UUID) -> Subscription:
        """The subscription with a new secret; the one before is valid beside it until then.

        Raises:
            InvalidRequest: nothing is signed here.
        """
        self._step(SubscriptionAction.CHANGE)
        if self.kind is not SubscriptionKind.WEBHOOK:
            raise InvalidRequest.of("/subscription_id", "must be a webhook's: nothing else is signed", "not_signed")
        kept = [_ending(each, old_until) for each in self.secrets if each.valid_until is None or each.valid_until > now]
        secrets = (SigningSecret(value=secret), *kept)[:MOST_SECRETS]
        fact = SubscriptionSecretRotated(occurred_at=at, actor_id=actor_id, old_until=old_until)
        return self._changed(fact, secrets=secrets)

    def replay(self, after: int, *, at: datetime, actor_id: UUID) -> Subscription:
        """The subscription, told of everything after that position once more."""
        self._step(SubscriptionAction.CHANGE)
        return self._changed(SubscriptionReplayed(occurred_at=at, actor_id=actor_id, after=after))

    def _step(self, action: SubscriptionAction) -> SubscriptionStatus:
        return advance(SUBSCRIPTION, self.status, action, kind="subscription")

    def _changed(self, fact: Event, **changes: Any) -> Subscription:
        return evolve(self, version=self.version + 1, facts=(*self.facts, fact), **changes)


def kind_of(address: str) -> SubscriptionKind:
    """Webhooks have an HTTP address; every other address is a broker's.

    Raises:
        InvalidRequest: it is no URL.
    """
    hint = "must be a URL such as https://example.com/hooks or amqp://broker/events"
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        raise InvalidRequest.of("/address", hint, "bad_url") from None
    if not parts.scheme or "://" not in address or any(each.isspace() for each in address):
        raise InvalidRequest.of("/address", hint, "bad_url")
    if parts.scheme not in ("http", "https"):
        return SubscriptionKind.BROKER
    if not host or parts.username is not None or parts.fragment:
        raise InvalidRequest.of("/address", "must have a host, and neither a user nor a fragment", "bad_url")
    return SubscriptionKind.WEBHOOK


def is_private(address: str) -> bool:
    """Whether the address itself names a private place; a name that leads to one is found out when it is resolved."""
    host = urlsplit(address).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


def refuse_bad_types(types: Sequence[str]) -> None:
    """Raises InvalidRequest where one of them can match nothing: words with dots, an asterisk only at the end."""
    for index, each in enumerate(types):
        if not (isinstance(each, str) and len(each) <= LONGEST_TYPE and _TYPE.fullmatch(each)):
            hint = "must be a type such as order.placed.v1, a beginning such as order.*, or *"
            raise InvalidRequest.of(f"/types/{index}", hint, "bad_type")


def _matches(pattern: str, event_type: str) -> bool:
    if pattern == EVERYTHING:
        return True
    return event_type.startswith(pattern[:-1]) if pattern.endswith(".*") else event_type == pattern


def _ending(secret: SigningSecret, until: datetime) -> SigningSecret:
    """The secret with an end; one that ends sooner already keeps its own."""
    ends_sooner = secret.valid_until is not None and secret.valid_until <= until
    return secret if ends_sooner else evolve(secret, valid_until=until)
