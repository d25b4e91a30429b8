"""The only place that signs events and sends them: as they happened, again, or in another order."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from urllib.request import Request, urlopen

from ordercore.testing.stripe.shapes import Json

PATIENCE_SECONDS = 10


def signature(body: bytes, secret: str, at: int) -> str:
    """The header `Stripe-Signature`: the time, and an HMAC-SHA256 of it with the body."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def body_of(event: Json) -> bytes:
    """An event as it is sent and signed."""
    return json.dumps(event).encode()


def arranged(events: Sequence[Json], *, copies: int, is_reversed: bool) -> Sequence[Json]:
    """Events as often, and in the order, that is wished for; `events` are newest first."""
    return [event for event in (events if is_reversed else reversed(events)) for _ in range(copies)]


def send(event: Json, url: str, secret: str, at: int) -> int:
    """Post an event to whoever listens; answers their status. Refusals raise HTTPError."""
    body = body_of(event)
    headers = {"Content-Type": "application/json", "Stripe-Signature": signature(body, secret, at)}
    with urlopen(Request(url, body, headers), timeout=PATIENCE_SECONDS) as answer:
        status: int = answer.status
        return status
