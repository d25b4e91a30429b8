"""The only place that writes an event as it leaves the house: a CloudEvents 1.0 document in JSON, structured mode."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from ordercore.ports.publisher import Envelope

CONTENT_TYPE = "application/cloudevents+json"
DEFAULT_SOURCE = "/ordercore"


def document(envelope: Envelope, source: str = DEFAULT_SOURCE) -> bytes:
    """The event as JSON; the same bytes for every delivery of it."""
    return orjson.dumps({**attributes(envelope, source), "data": envelope.payload})


def attributes(envelope: Envelope, source: str = DEFAULT_SOURCE) -> Mapping[str, Any]:
    """All but the data.

    `streamnumber` and `position` are extension attributes. A position is a text of digits: CloudEvents' integers end
    at 2 147 483 647, which a stream does not reach and all streams together may.
    """
    return {
        "specversion": "1.0",
        "id": envelope.id,
        "source": source,
        "type": envelope.type,
        "subject": f"{envelope.stream}/{envelope.stream_id}",
        "time": _rfc3339(envelope.occurred_at),
        "datacontenttype": "application/json",
        "streamnumber": envelope.number,
        "position": str(envelope.position),
    }


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
