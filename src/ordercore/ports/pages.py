"""The only place for what every list answers, a page, and for a stored event as it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from attrs import frozen

V = TypeVar("V")


@frozen(kw_only=True)
class Page(Generic[V]):
    """Up to `limit` rows and the cursor of the next page, None at the end."""

    data: Sequence[V]
    next: str | None


@frozen(kw_only=True)
class PageRequest:
    """Which page: at most `limit` rows (1 to 500) after that cursor."""

    limit: int = 50
    after: str | None = None


@frozen(kw_only=True)
class EventFilter:
    """Which events: of one kind of stream, of these types (names, or beginnings such as order.*); none narrows."""

    stream: str | None = None
    types: tuple[str, ...] = ()


@frozen(kw_only=True)
class EventRow:
    """A stored event: `number` counts within its stream, `position` over all of them, None until it is given."""

    stream: str
    stream_id: UUID
    number: int
    type: str
    occurred_at: datetime
    actor_id: UUID
    payload: Mapping[str, object]
    position: int | None = None
