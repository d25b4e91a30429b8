"""The only place for what every aggregate has: identity, version, and the facts of its latest transitions."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from attrs import field, frozen

from ordercore.domain.evolving import evolve


@frozen(kw_only=True, slots=False)
class Event:
    """Something that happened to one aggregate, past tense. `type` is its stable public name.

    `note` is the reason that the actor gave, where one was given.
    """

    type: ClassVar[str]

    occurred_at: datetime
    actor_id: UUID
    note: str | None = None


@frozen(kw_only=True, slots=False)
class Aggregate:
    """What is saved as one. `facts` are the events of transitions not yet saved; `event_count` numbers the saved ones.

    `replayed` says that this is the answer to a repeated request: the effect happened before. Neither is stored.
    Not slotted: larger frozen classes are built and copied faster with a dict (see `evolving`).
    """

    stream: ClassVar[str]

    id: UUID
    version: int = 1
    event_count: int = 0
    facts: tuple[Event, ...] = field(default=(), eq=False, repr=False)
    replayed: bool = field(default=False, eq=False, repr=False)

    def written(self) -> Self:
        """The aggregate once its facts are stored: as anybody would read it."""
        return evolve(self, event_count=self.event_count + len(self.facts), facts=())


def streams() -> tuple[str, ...]:
    """Every kind of stream there is, by name: one an aggregate."""
    return tuple(sorted(aggregate.stream for aggregate in Aggregate.__subclasses__()))
