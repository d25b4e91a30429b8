"""The only place that believes what is sent as Stripe's: signed with the secret that both have, not long ago."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ordercore.adapters.payments.stripe_answers import (
    ATTEMPT,
    CAPTURE,
    NAME,
    VOID,
    Json,
    Nonsense,
    part,
    read,
    text,
    whole,
)
from ordercore.domain.errors import BadSignature, NotificationIsNonsense, NotificationIsOld
from ordercore.domain.payment import AttemptKind
from ordercore.ports.gateway import ProviderReport

TOLERANCE = timedelta(minutes=5)
"""How old a signature may be, and how far ahead of our clock: what Stripe's own libraries take."""


def reports(body: bytes, headers: Mapping[str, str], secret: str | None, now: datetime) -> Sequence[ProviderReport]:
    """What a notification tells of payments that we began; nothing where it is about something else.

    Raises:
        BadSignature, NotificationIsOld, NotificationIsNonsense: it is not believed.
    """
    _believe(body, headers, secret, now)
    try:
        event = json.loads(body)
        if not isinstance(event, dict):
            raise Nonsense("it is no object")
        report = _report(event)
    except (Nonsense, ValueError) as failure:
        raise NotificationIsNonsense(provider=NAME, reason=str(failure)) from None
    return () if report is None else (report,)


def _believe(body: bytes, headers: Mapping[str, str], secret: str | None, now: datetime) -> None:
    """The scheme: `t=TIME,v1=HEX`, several v1 while a secret is replaced, each an HMAC-SHA256 of `TIME.BODY`."""
    given = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
    items = [item.strip().partition("=") for item in given.split(",")]
    times = [value for name, _, value in items if name == "t" and value.isascii() and value.isdigit()]
    if secret is None or not times or len(times[0]) > 12:
        raise BadSignature(provider=NAME)
    right = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    if not any(name == "v1" and hmac.compare_digest(value.encode(), right.encode()) for name, _, value in items):
        raise BadSignature(provider=NAME)
    if abs(now.timestamp() - int(times[0])) > TOLERANCE.total_seconds():
        raise NotificationIsOld(provider=NAME, tolerance_seconds=int(TOLERANCE.total_seconds()))


def _report(event: Json) -> ProviderReport | None:
    told = _TOLD.get(text(event, "type"))
    return None if told is None else told(event, part(part(event, "data"), "object"))


def _of_intent(kind: AttemptKind, mark: str) -> Callable[[Json, Json], ProviderReport | None]:
    def report(event: Json, intent: Json) -> ProviderReport | None:
        metadata = part(intent, "metadata")
        if ATTEMPT not in metadata:  # somebody else's, in the same account
            return None
        return _reported(event, kind, intent, metadata.get(mark), text(intent, "id"))

    return report


def _of_refund(event: Json, refund: Json) -> ProviderReport | None:
    """A refund without our id was made at Stripe's own desk."""
    key = part(refund, "metadata").get(ATTEMPT)
    return _reported(event, AttemptKind.REFUND, refund, key, text(refund, "payment_intent"))


def _reported(
    event: Json, kind: AttemptKind, thing: Json, key: str | None, authorisation: str
) -> ProviderReport | None:
    mark = CAPTURE if kind is AttemptKind.CAPTURE else ATTEMPT
    marked = {**thing, "metadata": {**part(thing, "metadata"), mark: key or ""}}
    answer = read(kind, key or "", marked)
    if answer is None:
        return None
    return ProviderReport(
        event_id=text(event, "id"),
        occurred_at=datetime.fromtimestamp(whole(event, "created"), UTC),
        kind=kind,
        answer=answer,
        key=key,
        authorisation=authorisation,
    )


_TOLD: Mapping[str, Callable[[Json, Json], ProviderReport | None]] = {
    "payment_intent.amount_capturable_updated": _of_intent(AttemptKind.AUTHORISE, ATTEMPT),
    "payment_intent.payment_failed": _of_intent(AttemptKind.AUTHORISE, ATTEMPT),
    "payment_intent.succeeded": _of_intent(AttemptKind.CAPTURE, CAPTURE),
    "payment_intent.canceled": _of_intent(AttemptKind.VOID, VOID),
    "refund.created": _of_refund,
    "refund.updated": _of_refund,
    "refund.failed": _of_refund,
}
