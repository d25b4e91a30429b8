"""The only place that carries events to webhooks: signed, to public addresses, judged by the answer's status."""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cached_property
from http.client import HTTPException

from ordercore.adapters.messaging import cloudevents
from ordercore.adapters.messaging.addresses import PRIVATE, Lookup, are_public, resolved, system_lookup
from ordercore.adapters.messaging.deadlines import Deadline
from ordercore.adapters.messaging.destinations import destination_of
from ordercore.adapters.messaging.posting import post
from ordercore.adapters.messaging.signing import can_sign, signed_headers
from ordercore.ports.clock import Clock
from ordercore.ports.publisher import DeliveryAnswer, DeliveryKind, Envelope, Target

LONGEST_WAIT = timedelta(days=1)
"""What a receiver may ask for; more would be a stream parked for ever."""

_GONE = 410
_ASKS_TO_WAIT = (429, 503)
_log = logging.getLogger("ordercore.messaging")


class WebhookPublisher:
    """POSTs a CloudEvents document. One connection a delivery: a receiver's answers cannot get mixed up.

    `tls` and `lookup` are for those who have authorities or resolvers of their own; without, the machine's hold.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        source: str = cloudevents.DEFAULT_SOURCE,
        deadline: timedelta = timedelta(seconds=15),
        tls: ssl.SSLContext | None = None,
        lookup: Lookup = system_lookup,
    ) -> None:
        self._clock = clock
        self._source = source
        self._deadline = deadline
        self._given_tls = tls
        self._lookup = lookup

    @property
    def deadline(self) -> timedelta:
        """The bound of one delivery: lookup, connection, request and answer together."""
        return self._deadline

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made when somebody is reached by https: reading the machine's authorities takes a tenth of a second."""
        return self._given_tls or ssl.create_default_context()

    def publish(self, target: Target, envelope: Envelope) -> DeliveryAnswer:
        """Post the event there, once."""
        try:
            return self._published(target, envelope)
        except TimeoutError:
            return _retry(f"no answer within {self._deadline.total_seconds():g} s")
        except ssl.SSLCertVerificationError as distrust:
            return _retry(f"its certificate is not trusted: {distrust.verify_message}")
        except OSError as failure:
            return _retry(failure.strerror or str(failure) or type(failure).__name__)
        except HTTPException as nonsense:
            return _retry(f"its answer is not HTTP ({type(nonsense).__name__})")
        except Exception as failure:
            # The port promises an answer. The class alone is logged: a message may quote what is secret.
            _log.error("webhook delivery failed: %s", type(failure).__name__)
            return _retry(f"could not be sent ({type(failure).__name__})")

    def _published(self, target: Target, envelope: Envelope) -> DeliveryAnswer:
        destination = destination_of(target.address, allows_private=target.allows_private)
        if isinstance(destination, str):
            return DeliveryAnswer(kind=DeliveryKind.REFUSED, detail=destination)
        if not can_sign(target.secrets):
            return _retry("there is no valid secret to sign with; rotate it")
        deadline = Deadline(self._deadline)
        addresses = resolved(destination.host, self._lookup, deadline)
        if not target.allows_private and not are_public(addresses):
            return DeliveryAnswer(kind=DeliveryKind.REFUSED, detail=PRIVATE)
        body = cloudevents.document(envelope, self._source)
        now = self._clock.now()
        headers = {
            "Content-Type": f"{cloudevents.CONTENT_TYPE}; charset=utf-8",
            "User-Agent": "ordercore-webhooks",
            **signed_headers(target.secrets, envelope.id, now, body),
        }
        tls = self._tls if destination.is_secure else None
        status, answered = post(destination, addresses, headers, body, tls=tls, deadline=deadline)
        return _judged(status, answered, now)


def _judged(status: int, headers: Message, now: datetime) -> DeliveryAnswer:
    """Any 2xx is taken, gone is gone; all else may be different later, a wrong path or secret of theirs included."""
    if 200 <= status < 300:
        return DeliveryAnswer(kind=DeliveryKind.DELIVERED, detail=f"answered {status}", status=status)
    if status == _GONE:
        return DeliveryAnswer(kind=DeliveryKind.REFUSED, detail="answered 410: gone for good", status=status)
    detail = f"answered {status}: redirects are not followed" if 300 <= status < 400 else f"answered {status}"
    wait = _wait_asked_for(headers, now) if status in _ASKS_TO_WAIT else None
    return DeliveryAnswer(kind=DeliveryKind.RETRY, detail=detail, status=status, retry_after=wait)


def _wait_asked_for(headers: Message, now: datetime) -> timedelta | None:
    """Retry-After, in seconds or as a date; what is neither was not asked."""
    asked = (headers.get("Retry-After") or "").strip()
    if asked.isascii() and asked.isdigit():
        return timedelta(seconds=min(int(asked[:9]), LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(asked)
    except ValueError:
        return None
    wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _retry(detail: str) -> DeliveryAnswer:
    return DeliveryAnswer(kind=DeliveryKind.RETRY, detail=detail)
