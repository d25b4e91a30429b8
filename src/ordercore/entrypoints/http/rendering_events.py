"""The only place where subscriptions and deliveries become the JSON of answers."""

from __future__ import annotations

from ordercore import DeadLetter, Delivery, DeliveryAnswer
from ordercore.domain.subscription import Subscription
from ordercore.entrypoints.http.shapes_events import (
    AnswerShape,
    DeadLetterShape,
    DeliveryShape,
    SecretShape,
    SubscriptionShape,
)


def subscription(value: Subscription) -> SubscriptionShape:
    return {
        "id": value.id,
        "name": value.name,
        "kind": value.kind,
        "address": value.shown_address,
        "types": list(value.types),
        "allows_private": value.allows_private,
        "status": value.status,
        "added_at": value.added_at,
        "version": value.version,
    }


def secret(value: Subscription) -> SecretShape:
    """The subscription with its newest secret."""
    newest = value.secrets[0].value if value.secrets else None
    return {"subscription": subscription(value), "secret": newest}


def delivery_answer(value: DeliveryAnswer) -> AnswerShape:
    return {"answer": value.kind, "status": value.status, "detail": value.detail}


def delivery(value: Delivery) -> DeliveryShape:
    return {
        "id": value.id,
        "stream": value.event.stream,
        "stream_id": value.event.stream_id,
        "number": value.event.number,
        "position": value.position,
        "type": value.type,
        "at": value.at,
        "answer": value.answer,
        "status": value.status,
        "detail": value.detail,
        "number_of_try": value.number_of_try,
    }


def dead_letter(value: DeadLetter) -> DeadLetterShape:
    return {
        "id": value.id,
        "subscription_id": value.subscription_id,
        "stream": value.event.stream,
        "stream_id": value.event.stream_id,
        "number": value.event.number,
        "position": value.position,
        "type": value.type,
        "reason": value.reason,
        "tries": value.tries,
        "buried_at": value.buried_at,
        "buried_by": value.buried_by,
        "status": value.status,
    }
