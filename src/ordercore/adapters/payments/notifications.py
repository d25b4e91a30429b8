"""The only place that writes, signs and reads the fake provider's notifications.

They keep to https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: an HMAC-SHA256
over `id.timestamp.body`, so that neither can be exchanged, and a timestamp, so that an old one cannot be repeated for
ever.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from ordercore.domain.errors import BadSignature, NotificationIsNonsense, NotificationIsOld
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.ports.gateway import ProviderReport

PROVIDER = "fake"
TOLERANCE = timedelta(minutes=5)


def body_of(report: ProviderReport) -> bytes:
    """A report as the provider sends it; what the customer has to do stays between us and the provider."""
    answer = report.answer
    content = {
        "id": report.event_id,
        "occurred_at": report.occurred_at.isoformat(),
        "kind": report.kind.value,
        "outcome": answer.kind.value,
        "reference": answer.reference,
        "decline_code": answer.decline_code,
        "amount_minor": None if answer.amount is None else answer.amount.amount_minor,
        "currency": None if answer.amount is None else answer.amount.currency,
        "key": report.key,
        "authorisation": report.authorisation,
    }
    return json.dumps(content).encode()


def signed(secret: bytes, event_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The headers that go with a body."""
    timestamp = str(int(at.timestamp()))
    signature = base64.b64encode(_digest(secret, event_id, timestamp, body)).decode()
    return {"webhook-id": event_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


def read(secret: bytes, body: bytes, headers: Mapping[str, str], now: datetime) -> ProviderReport:
    """The report in a genuine notification.

    Raises:
        BadSignature, NotificationIsOld, NotificationIsNonsense: it is not believed.
    """
    named = {name.lower(): value for name, value in headers.items()}
    event_id, timestamp = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    expected = _digest(secret, event_id, timestamp, body)
    signatures = named.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(expected, _bytes_of(each)) for each in signatures):
        raise BadSignature(provider=PROVIDER)
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise NotificationIsOld(provider=PROVIDER, tolerance_seconds=int(TOLERANCE.total_seconds()))
    try:
        return _report_of(event_id, json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError) as failure:
        raise NotificationIsNonsense(provider=PROVIDER, reason=type(failure).__name__) from failure


def _digest(secret: bytes, event_id: str, timestamp: str, body: bytes) -> bytes:
    return hmac.digest(secret, b".".join((event_id.encode(), timestamp.encode(), body)), sha256)


def _bytes_of(signature: str) -> bytes:
    version, _, encoded = signature.partition(",")
    try:
        return base64.b64decode(encoded, validate=True) if version == "v1" else b""
    except (binascii.Error, ValueError):
        return b""


def _report_of(event_id: str, content: Mapping[str, str]) -> ProviderReport:
    minor = content["amount_minor"]
    return ProviderReport(
        event_id=event_id,
        occurred_at=datetime.fromisoformat(content["occurred_at"]).astimezone(UTC),
        kind=AttemptKind(content["kind"]),
        key=content["key"],
        authorisation=content["authorisation"],
        answer=ProviderAnswer(
            kind=AnswerKind(content["outcome"]),
            reference=content["reference"],
            decline_code=content["decline_code"],
            amount=None if minor is None else Money(int(minor), content["currency"]),
        ),
    )
