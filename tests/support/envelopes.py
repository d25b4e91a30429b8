"""Events on their way out, for tests of those who carry them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ordercore.domain.subscription import SubscriptionKind
from ordercore.ports.publisher import Envelope, Target

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDER = UUID(int=7)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLDER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def an_envelope(**details: Any) -> Envelope:
    known: dict[str, Any] = {
        "type": "order.confirmed.v1",
        "stream": "order",
        "stream_id": ORDER,
        "number": 2,
        "position": 17,
        "occurred_at": NOON,
        "payload": {"note": "für Anna"},
    }
    return Envelope(**known | details)


def a_target(address: str, kind: SubscriptionKind = SubscriptionKind.WEBHOOK, **details: Any) -> Target:
    known: dict[str, Any] = {"subscription_id": UUID(int=1), "secrets": (SECRET,), "allows_private": True}
    return Target(kind=kind, address=address, **known | details)
