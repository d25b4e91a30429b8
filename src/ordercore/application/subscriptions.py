"""Subscriptions: who hears of events, with which secret, from where on."""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from attrs import field, frozen

from ordercore.application.core import Core
from ordercore.application.relaying import target_of
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
from ordercore.application.sequencing import sequence
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.errors import AlreadyExists, InvalidRequest, UnknownResource
from ordercore.domain.limits import MAX_NAME_LENGTH, MAX_POSITION, MAX_TEXT_LENGTH
from ordercore.domain.subscription import (
    EVERYTHING,
    MOST_TYPES,
    Subscription,
    SubscriptionKind,
    is_private,
    kind_of,
    refuse_bad_types,
)
from ordercore.ports.pages import Page, PageRequest
from ordercore.ports.publisher import DeliveryAnswer, Envelope
from ordercore.ports.store import UnitOfWork

SECRET_PREFIX = "whsec_"
"""How the Standard Webhooks specification has signing secrets begin; base64 of random bytes follows."""

LONGEST_OVERLAP_HOURS = 720
TESTED = "subscription.tested.v1"
"""The type of a test delivery. It is no stored event: number and position are 0."""


def _known_types(_: Any, __: Any, value: tuple[str, ...]) -> None:
    refuse_bad_types(value)


a_position = fields.whole_number(least=0, most=MAX_POSITION)


@frozen(kw_only=True, slots=False)
class AddSubscription:
    """Another subscriber. An http(s) address is a webhook's, any other a broker's, such as amqp://broker/events.

    `types` are names of events, beginnings such as order.*, or * for all. It hears of events after that position;
    without one, of those that come from now on. `allows_private` lets an address inside the own network be reached.
    """

    address: str = field(converter=fields.trimmed, validator=fields.text(most=MAX_TEXT_LENGTH), repr=False)
    name: str | None = field(default=None, validator=fields.optional(fields.text(most=MAX_NAME_LENGTH)))
    types: tuple[str, ...] = field(
        default=(EVERYTHING,),
        converter=fields.as_tuple,
        validator=[fields.several_of(str, least=1, most=MOST_TYPES), _known_types],
    )
    after: int | None = field(default=None, validator=fields.optional(a_position))
    allows_private: bool = field(default=False, validator=fields.instance_of(bool))


@frozen(kw_only=True, slots=False)
class _Change:
    subscription_id: UUID
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class PauseSubscription(_Change):
    """Nothing is delivered until it is resumed, and nothing is lost."""


@frozen(kw_only=True, slots=False)
class ResumeSubscription(_Change):
    """Deliveries go on where they stopped."""


@frozen(kw_only=True, slots=False)
class RemoveSubscription(_Change):
    """Nothing is delivered any more; address and secrets are forgotten, the record stays."""


@frozen(kw_only=True, slots=False)
class RotateSecret(_Change):
    """A new secret signs from now on; for so many hours the one before signs beside it."""

    overlap_hours: int = field(default=24, validator=fields.whole_number(least=0, most=LONGEST_OVERLAP_HOURS))


@frozen(kw_only=True, slots=False)
class ReplayEvents(_Change):
    """Everything after that position is delivered once more, under the same numbers."""

    after: int = field(validator=a_position)


C = TypeVar("C", AddSubscription, RotateSecret)


@frozen(kw_only=True, slots=False)
class _WithSecret:
    command: Any
    kind: SubscriptionKind | None
    secret: str = field(repr=False, metadata=SECRET)


class Subscriptions:
    """Subscriptions, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def add(self, command: AddSubscription, *, idempotency_key: str | None = None) -> Subscription:
        """Add a webhook or a broker. The webhook's secret is its first one in `secrets`.

        Raises:
            InvalidRequest: the address is no URL, or private without leave; what carries it is not installed.
            PermissionMissing: a broker, and leave for private addresses, need the permission `all`.
            AlreadyExists: the name is taken.
        """
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        kind = kind_of(command.address)
        if kind is SubscriptionKind.BROKER or command.allows_private:
            authorise(self._actor, Permission.ALL)
        elif is_private(command.address):
            hint = "must be a public address; a private one needs leave (allows_private)"
            raise InvalidRequest.of("/address", hint, "private_address")
        self._core.publisher(kind)
        if command.after is None:
            sequence(self._core)  # so that what happened before has its position, and is not told
        return self._perform(ADD, _WithSecret(command=command, kind=kind, secret=_new_secret()), None, idempotency_key)

    def pause(self, command: PauseSubscription, *, idempotency_key: str | None = None) -> Subscription:
        """Stop delivering for a while.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused (not active): refused.
        """
        return self._perform(PAUSE, command, command.subscription_id, idempotency_key)

    def resume(self, command: ResumeSubscription, *, idempotency_key: str | None = None) -> Subscription:
        """Go on delivering.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused (not paused): refused.
        """
        return self._perform(RESUME, command, command.subscription_id, idempotency_key)

    def remove(self, command: RemoveSubscription, *, idempotency_key: str | None = None) -> Subscription:
        """Deliver nothing any more.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused (removed already): refused.
        """
        return self._perform(REMOVE, command, command.subscription_id, idempotency_key)

    def rotate_secret(self, command: RotateSecret, *, idempotency_key: str | None = None) -> Subscription:
        """Make a new secret, the first one in `secrets` from now on.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused (removed): refused.
            InvalidRequest: it is no webhook.
        """
        changed = _WithSecret(command=command, kind=None, secret=_new_secret())
        return self._perform(ROTATE, changed, command.subscription_id, idempotency_key)

    def replay(self, command: ReplayEvents, *, idempotency_key: str | None = None) -> Subscription:
        """Deliver everything after a position once more.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused (removed): refused.
        """
        return self._perform(REPLAY, command, command.subscription_id, idempotency_key)

    def test(self, subscription_id: UUID) -> DeliveryAnswer:
        """Deliver a message of the type `subscription.tested.v1` now, and answer what the subscriber said.

        Raises:
            UnknownResource: there is none with that id, or it was removed.
            InvalidRequest: it is a handler of another process.
        """
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        core = self._core
        subscription = self.get(subscription_id)
        if not core.reaches(subscription):
            hint = "must be a webhook's, a broker's, or a handler's of this very program"
            raise InvalidRequest.of("/subscription_id", hint, "not_reachable")
        envelope = Envelope(
            type=TESTED,
            stream=Subscription.stream,
            stream_id=subscription.id,
            number=0,
            position=0,
            occurred_at=core.clock.now(),
            payload={},
        )
        with core.store.reading() as lookups:
            now = lookups.now
        return core.publisher(subscription.kind).publish(target_of(subscription, now), envelope)

    def get(self, subscription_id: UUID) -> Subscription:
        """One subscription.

        Raises:
            UnknownResource: there is none with that id.
        """
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        return existing(self._core, subscription_id, "subscription", lambda lookups: lookups.subscriptions)

    def by_name(self, name: str) -> Subscription:
        """One subscription by name.

        Raises:
            UnknownResource: there is none with that name.
        """
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        fields.refuse_unstorable("subscription", name)
        with self._core.store.reading() as lookups:
            id = lookups.subscription_named(name)
            if id is None:
                raise UnknownResource(kind="subscription", name=name)
            return named(lookups.subscriptions((id,)), id, "subscription")

    def list(self, page: PageRequest = PageRequest()) -> Page[Subscription]:  # noqa: B008 - frozen
        """Subscriptions that were not removed, by id."""
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        with self._core.store.listing() as queries:
            return queries.subscription_page(page)

    def _perform(self, change: Any, command: Any, id: UUID | None, key: str | None) -> Subscription:
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        changed: Subscription = perform(
            self._core,
            self._actor,
            change,
            command,
            resource_id=id,
            key=key,
            again=lambda lookups: lookups.subscriptions,
        )
        return changed


def _new_secret() -> str:
    return SECRET_PREFIX + b64encode(secrets.token_bytes(32)).decode()


def _held(work: UnitOfWork, command: _Change) -> Subscription:
    found = named(work.subscriptions.hold((command.subscription_id,)), command.subscription_id, "subscription")
    refuse_stale(found, command.expected_version, "subscription")
    return found


def _saved(work: UnitOfWork, command: _Change, changed: Subscription) -> Subscription:
    told = explained(changed, command.reason)
    work.subscriptions.save(told)
    return told


def _add(work: UnitOfWork, intent: Intent[_WithSecret]) -> Subscription:
    command: AddSubscription = intent.command.command
    kind, id = intent.command.kind, intent.ids[0]
    assert kind is not None
    after = work.outbox.last_position() if command.after is None else command.after
    added = Subscription.add(
        id=id,
        name=command.name or f"{kind}-{id}",
        kind=kind,
        address=command.address,
        types=command.types,
        secret=intent.command.secret if kind is SubscriptionKind.WEBHOOK else None,
        allows_private=command.allows_private,
        after=after,
        at=intent.at,
        actor_id=intent.actor_id,
    )
    if work.subscriptions.claim_names((added,)):
        raise AlreadyExists(kind="subscription", name=added.name, pointer="/name")
    work.outbox.set_cursor(id, after)
    return added


def _pause(work: UnitOfWork, intent: Intent[PauseSubscription]) -> Subscription:
    held = _held(work, intent.command)
    return _saved(work, intent.command, held.pause(at=intent.at, actor_id=intent.actor_id))


def _resume(work: UnitOfWork, intent: Intent[ResumeSubscription]) -> Subscription:
    held = _held(work, intent.command)
    return _saved(work, intent.command, held.resume(at=intent.at, actor_id=intent.actor_id))


def _remove(work: UnitOfWork, intent: Intent[RemoveSubscription]) -> Subscription:
    held = _held(work, intent.command)
    removed = held.remove(at=intent.at, actor_id=intent.actor_id)
    work.outbox.forget(held.id)
    return _saved(work, intent.command, removed)


def _rotate(work: UnitOfWork, intent: Intent[_WithSecret]) -> Subscription:
    command: RotateSecret = intent.command.command
    rotated = _held(work, command).rotate(
        intent.command.secret,
        old_until=work.now + timedelta(hours=command.overlap_hours),
        now=work.now,
        at=intent.at,
        actor_id=intent.actor_id,
    )
    return _saved(work, command, rotated)


def _replay(work: UnitOfWork, intent: Intent[ReplayEvents]) -> Subscription:
    held = _held(work, intent.command)
    replayed = held.replay(intent.command.after, at=intent.at, actor_id=intent.actor_id)
    work.outbox.rewind(held.id, intent.command.after)
    return _saved(work, intent.command, replayed)


ADD = simple("add_subscription", _add)
PAUSE = simple("pause_subscription", _pause)
RESUME = simple("resume_subscription", _resume)
REMOVE = simple("remove_subscription", _remove)
ROTATE = simple("rotate_secret", _rotate)
REPLAY = simple("replay_events", _replay)
