"""The only place that signs what is sent to a webhook, after the Standard Webhooks specification, version 1."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

PREFIX = "whsec_"
"""A secret is this and base64 of random bytes; the specification asks for 24 to 64 of them."""


def can_sign(secrets: Sequence[str]) -> bool:
    """Whether there is a secret, and every one of them is one."""
    return bool(secrets) and all(map(_key, secrets))


def signed_headers(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The three headers, with a signature for every secret: while one is rotated a receiver may know either."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(_key(secret), content)}" for secret in secrets),
    }


def _signature(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    """What the secret stands for; nothing where it is none."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        return b""
