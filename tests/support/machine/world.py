"""The only place for the world around the core: faults, a strict provider, ids that are remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ordercore.adapters.security.passwords import Argon2Passwords
from ordercore.domain.payment import ProviderAnswer
from ordercore.ports.gateway import ProviderCall, ProviderRecord, ProviderReport
from ordercore.testing.faults import CountingIds, FaultPlan, FaultyGateway, FixedClock, PlannedFault
from tests.support.model import KEY_LIFETIME


class Weather(FaultPlan):
    """A fault plan told of its faults while it runs: what befalls the next pass of a point, once."""

    def __init__(self) -> None:
        super().__init__()
        self.coming: dict[str, str] = {}

    def reach(self, point: str) -> bool:
        super().reach(point)
        how = self.coming.pop(point, None)
        if how == "dies":
            raise PlannedFault(point)
        return how == "lost"


class StrictGateway:
    """Notices a key that is asked with after its life, or with other content: then no provider promises anything."""

    def __init__(self, inner: FaultyGateway, clock: FixedClock) -> None:
        self._inner = inner
        self._clock = clock
        self._asked: dict[str, tuple[datetime, ProviderCall]] = {}

    @property
    def traits(self) -> Any:
        return self._inner.traits

    def call(self, request: ProviderCall) -> ProviderAnswer:
        since, first = self._asked.setdefault(request.key, (self._clock.now(), request))
        assert first == request, f"{request.kind} was asked again with other content"
        assert (self._clock.now() - since).total_seconds() < KEY_LIFETIME, f"{request.kind}: its key is dead"
        return self._inner.call(request)

    def find(self, request: ProviderCall) -> ProviderAnswer | None:
        return self._inner.find(request)

    def tokenise(self, card: Any) -> str:
        return self._inner.tokenise(card)

    def read_notification(self, body: bytes, headers: Mapping[str, str]) -> Sequence[ProviderReport]:
        return self._inner.read_notification(body, headers)

    def records(self, since: datetime, until: datetime) -> Iterator[ProviderRecord]:
        return self._inner.records(since, until)


class OnePassword:
    """Everybody has the same: a real hash, which the doctor looks at, made once because that is slow on purpose."""

    _hashed = Argon2Passwords().hash("long enough, this one")

    def hash(self, password: str) -> str:  # noqa: ARG002 - as the port has it
        return self._hashed

    def verify(self, password_hash: str, password: str) -> bool:
        raise NotImplementedError("nobody logs in")


class RememberingIds(CountingIds):
    """Counts, and knows which ids it gave since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self._given: list[UUID] = []

    def new(self) -> UUID:
        id = super().new()
        self._given.append(id)
        return id

    def lately(self) -> Sequence[UUID]:
        given, self._given = self._given, []
        return given
