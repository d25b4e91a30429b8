"""Events and subscriptions over HTTP."""

from __future__ import annotations

from uuid import UUID

from attrs import evolve, frozen
from flask import Response

from ordercore.application.deliveries import GiveUpEvent, RetryDeadLetter
from ordercore.application.subscriptions import (
    AddSubscription,
    PauseSubscription,
    RemoveSubscription,
    ReplayEvents,
    ResumeSubscription,
    RotateSecret,
)
from ordercore.domain.errors import (
    AlreadyExists,
    KeyReused,
    RequestInProgress,
    TransitionRefused,
    UnknownResource,
    VersionIsStale,
)
from ordercore.domain.subscription import Subscription
from ordercore.entrypoints.http import rendering_events as rendering
from ordercore.entrypoints.http import shapes_events as shapes
from ordercore.entrypoints.http.answers import answer, listed, resource_id
from ordercore.entrypoints.http.inputs import NoFilter
from ordercore.entrypoints.http.operations import Asked, Capability, Key
from ordercore.entrypoints.http.rendering import event
from ordercore.entrypoints.http.shapes import EventShape

events = Capability("events")
webhooks = Capability("webhooks")

KEYED = (KeyReused, RequestInProgress)
CHANGED = (UnknownResource, VersionIsStale, TransitionRefused)
KIND = "subscription"


@frozen(kw_only=True)
class EventQuery:
    """Which events: of one kind of stream (order, product, ...), of one type or beginning (order.*)."""

    stream: str | None = None
    type: str | None = None


@events.operation("GET", "/events", which=EventQuery, answer=EventShape, listed=True)
def list_events(asked: Asked[None]) -> Response:
    """Everything that happened, by position; `after` is a position. Follow it by asking after the last one again."""
    types = () if asked.which.type is None else (asked.which.type,)
    return listed(asked.shop.events(asked.which.stream, asked.page, types=types), event)


@webhooks.operation(
    "POST",
    "/webhooks",
    body=AddSubscription,
    answer=shapes.SecretShape,
    status=201,
    key=Key.OPTIONAL,
    refusals=(AlreadyExists, *KEYED),
)
def add_webhook(asked: Asked[AddSubscription]) -> Response:
    """Have events sent somewhere. The secret that signs them is in this answer, and in that of a rotation."""
    added = asked.shop.subscriptions.add(asked.command, idempotency_key=asked.key)
    return _with_secret(added, 201)


@webhooks.operation("GET", "/webhooks", which=NoFilter, answer=shapes.SubscriptionShape, listed=True)
def list_webhooks(asked: Asked[None]) -> Response:
    """Webhooks, brokers and handlers by id."""
    return listed(asked.shop.subscriptions.list(asked.page), rendering.subscription)


@webhooks.operation("GET", "/webhooks/<webhook>", answer=shapes.SubscriptionShape, refusals=(UnknownResource,))
def get_webhook(asked: Asked[None], webhook: str) -> Response:
    """One subscription."""
    return _shown(asked.shop.subscriptions.get(_id(webhook)))


@webhooks.operation("POST", "/webhooks/<webhook>/test", answer=shapes.AnswerShape, refusals=(UnknownResource,))
def test_webhook(asked: Asked[None], webhook: str) -> Response:
    """Send a message of the type `subscription.tested.v1` now, and say what came back."""
    return answer(rendering.delivery_answer(asked.shop.subscriptions.test(_id(webhook))))


@webhooks.operation(
    "POST",
    "/webhooks/<webhook>/rotate",
    body=RotateSecret,
    named=("subscription_id",),
    answer=shapes.SecretShape,
    key=Key.OPTIONAL,
    refusals=(*CHANGED, *KEYED),
)
def rotate_secret(asked: Asked[RotateSecret], webhook: str) -> Response:
    """Make a new secret; the one before signs beside it for a while."""
    shop = asked.shop
    command = evolve(asked.command, subscription_id=_id(webhook))
    return _with_secret(shop.subscriptions.rotate_secret(command, idempotency_key=asked.key))


@webhooks.operation(
    "POST",
    "/webhooks/<webhook>/pause",
    body=PauseSubscription,
    named=("subscription_id",),
    answer=shapes.SubscriptionShape,
    key=Key.OPTIONAL,
    refusals=(*CHANGED, *KEYED),
)
def pause_webhook(asked: Asked[PauseSubscription], webhook: str) -> Response:
    """Deliver nothing until it is resumed; nothing is lost."""
    shop = asked.shop
    command = evolve(asked.command, subscription_id=_id(webhook))
    return _shown(shop.subscriptions.pause(command, idempotency_key=asked.key))


@webhooks.operation(
    "POST",
    "/webhooks/<webhook>/resume",
    body=ResumeSubscription,
    named=("subscription_id",),
    answer=shapes.SubscriptionShape,
    key=Key.OPTIONAL,
    refusals=(*CHANGED, *KEYED),
)
def resume_webhook(asked: Asked[ResumeSubscription], webhook: str) -> Response:
    """Go on where it stopped."""
    shop = asked.shop
    command = evolve(asked.command, subscription_id=_id(webhook))
    return _shown(shop.subscriptions.resume(command, idempotency_key=asked.key))


@webhooks.operation(
    "POST",
    "/webhooks/<webhook>/remove",
    body=RemoveSubscription,
    named=("subscription_id",),
    answer=shapes.SubscriptionShape,
    key=Key.OPTIONAL,
    refusals=(*CHANGED, *KEYED),
)
def remove_webhook(asked: Asked[RemoveSubscription], webhook: str) -> Response:
    """Deliver nothing any more, and forget address and secrets."""
    shop = asked.shop
    command = evolve(asked.command, subscription_id=_id(webhook))
    return _shown(shop.subscriptions.remove(command, idempotency_key=asked.key))


@webhooks.operation(
    "POST",
    "/webhooks/<webhook>/replay",
    body=ReplayEvents,
    named=("subscription_id",),
    answer=shapes.SubscriptionShape,
    key=Key.OPTIONAL,
    refusals=(*CHANGED, *KEYED),
)
def replay_events(asked: Asked[ReplayEvents], webhook: str) -> Response:
    """Deliver everything after a position once more."""
    shop = asked.shop
    command = evolve(asked.command, subscription_id=_id(webhook))
    return _shown(shop.subscriptions.replay(command, idempotency_key=asked.key))


@webhooks.operation("GET", "/webhooks/<webhook>/deliveries", which=NoFilter, answer=shapes.DeliveryShape, listed=True)
def list_deliveries(asked: Asked[None], webhook: str) -> Response:
    """Every try at delivering, the latest first."""
    return listed(asked.shop.deliveries.list(_id(webhook), asked.page), rendering.delivery)


@webhooks.operation(
    "GET", "/webhooks/<webhook>/dead-letters", which=NoFilter, answer=shapes.DeadLetterShape, listed=True
)
def list_dead_letters(asked: Asked[None], webhook: str) -> Response:
    """Events that were given up for this subscriber, the latest first."""
    return listed(asked.shop.deliveries.dead_letters(_id(webhook), asked.page), rendering.dead_letter)


@webhooks.operation(
    "POST",
    "/webhooks/<webhook>/dead-letters",
    body=GiveUpEvent,
    named=("subscription_id",),
    answer=shapes.DeadLetterShape,
    status=201,
    refusals=(UnknownResource, TransitionRefused),
)
def give_up_event(asked: Asked[GiveUpEvent], webhook: str) -> Response:
    """Give up the event that is next in its stream for this subscriber, so that the stream flows on."""
    buried = asked.shop.deliveries.give_up(evolve(asked.command, subscription_id=_id(webhook)))
    return answer(rendering.dead_letter(buried), 201)


@webhooks.operation(
    "POST",
    "/webhooks/<webhook>/dead-letters/<letter>/retry",
    answer=shapes.DeadLetterShape,
    refusals=(UnknownResource, TransitionRefused),
)
def retry_dead_letter(asked: Asked[None], webhook: str, letter: str) -> Response:
    """Deliver a dead letter after all: late, alone, under its old number."""
    shop = asked.shop
    command = RetryDeadLetter(subscription_id=_id(webhook), dead_letter_id=resource_id(letter, "dead letter"))
    return answer(rendering.dead_letter(shop.deliveries.retry(command)))


def _id(webhook: str) -> UUID:
    return resource_id(webhook, KIND)


def _shown(value: Subscription) -> Response:
    return answer(rendering.subscription(value), version=value.version, replayed=value.replayed)


def _with_secret(value: Subscription, status: int = 200) -> Response:
    at = f"/v1/webhooks/{value.id}" if status == 201 else None
    return answer(rendering.secret(value), status, version=value.version, at=at, replayed=value.replayed)
