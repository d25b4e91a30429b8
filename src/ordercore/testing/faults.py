"""The only place that makes things go wrong on purpose: where, at which pass, and how."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Lock
from uuid import UUID

from attrs import frozen

from ordercore.domain.payment import AnswerKind, ProviderAnswer
from ordercore.ports.carrier import Carrier, LabelAnswer, LabelAnswerKind, LabelRequest
from ordercore.ports.gateway import (
    Card,
    PaymentGateway,
    ProviderCall,
    ProviderRecord,
    ProviderReport,
    ProviderTraits,
)


class Fault(StrEnum):
    """How it goes wrong: an exception, an answer that never comes, or the death of the process."""

    RAISE = "raise"
    UNKNOWN = "unknown"
    KILL = "kill"


class PlannedFault(Exception):
    """What a plan raises."""


@frozen
class Cut:
    """A fault at a named point, the `nth` time that somebody passes it (the first is 1)."""

    point: str
    fault: Fault
    nth: int = 1


class FaultPlan:
    """Counts who passes which point and lets the planned faults happen there; safe for many threads.

    Without cuts it is a list of the points that a run passes (`passes`).
    """

    def __init__(self, *cuts: Cut) -> None:
        self._cuts = {(cut.point, cut.nth): cut.fault for cut in cuts}
        self._passes: Counter[str] = Counter()
        self._lock = Lock()

    @property
    def passes(self) -> Mapping[str, int]:
        """How often each point was passed."""
        with self._lock:
            return dict(self._passes)

    def reach(self, point: str) -> bool:
        """Pass a point; answers whether the answer is to be lost here.

        Raises:
            PlannedFault: the plan says so.
        """
        with self._lock:
            self._passes[point] += 1
            nth = self._passes[point]
        fault = self._cuts.get((point, nth))
        if fault is Fault.RAISE:
            raise PlannedFault(f"{point}, pass {nth}")
        if fault is Fault.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        return fault is Fault.UNKNOWN


class FaultyGateway:
    """A gateway cut off before or after its effect.

    Points: `gateway.<kind>.before` and `.after` for each kind of attempt, `gateway.find.before` and `.after`.
    """

    def __init__(self, inner: PaymentGateway, plan: FaultPlan) -> None:
        self._inner = inner
        self._plan = plan

    @property
    def traits(self) -> ProviderTraits:
        """Those of the inner one."""
        return self._inner.traits

    def call(self, request: ProviderCall) -> ProviderAnswer:
        """The inner answer, unless the plan cuts it off."""
        lost = ProviderAnswer(kind=AnswerKind.UNKNOWN)
        if self._plan.reach(f"gateway.{request.kind.value}.before"):
            return lost
        answer = self._inner.call(request)
        return lost if self._plan.reach(f"gateway.{request.kind.value}.after") else answer

    def find(self, request: ProviderCall) -> ProviderAnswer | None:
        """The inner answer, unless the plan cuts it off."""
        lost = ProviderAnswer(kind=AnswerKind.UNKNOWN)
        if self._plan.reach("gateway.find.before"):
            return lost
        answer = self._inner.find(request)
        return lost if self._plan.reach("gateway.find.after") else answer

    def tokenise(self, card: Card) -> str:
        """The inner token."""
        return self._inner.tokenise(card)

    def read_notification(self, body: bytes, headers: Mapping[str, str]) -> Sequence[ProviderReport]:
        """What the inner one reads."""
        return self._inner.read_notification(body, headers)

    def records(self, since: datetime, until: datetime) -> Iterator[ProviderRecord]:
        """Those of the inner one."""
        return self._inner.records(since, until)


class FaultyCarrier:
    """A carrier cut off before or after its effect: `carrier.label.before`, `carrier.label.after`."""

    def __init__(self, inner: Carrier, plan: FaultPlan) -> None:
        self._inner = inner
        self._plan = plan

    @property
    def deadline(self) -> timedelta:
        """That of the inner one."""
        return self._inner.deadline

    def buy_label(self, request: LabelRequest) -> LabelAnswer:
        """The inner answer, unless the plan cuts it off."""
        lost = LabelAnswer(kind=LabelAnswerKind.UNKNOWN)
        if self._plan.reach("carrier.label.before"):
            return lost
        answer = self._inner.buy_label(request)
        return lost if self._plan.reach("carrier.label.after") else answer


class FixedClock:
    """A clock that moves only when told; `pause` moves it and returns at once."""

    def __init__(self, start: datetime = datetime(2025, 1, 1, 12, tzinfo=UTC)) -> None:
        self._now = start
        self._lock = Lock()

    def now(self) -> datetime:
        """The time it was told."""
        return self._now

    def pause(self, seconds: float) -> None:
        """Move on by that much."""
        self.advance(timedelta(seconds=seconds))

    def advance(self, by: timedelta) -> None:
        """Move on by that much."""
        with self._lock:
            self._now += by


class CountingIds:
    """Ids shaped like uuid7 that count from one: the same in every run."""

    def __init__(self, start: int = 1) -> None:
        self._next = start
        self._lock = Lock()

    def new(self) -> UUID:
        """The next id."""
        with self._lock:
            number = self._next
            self._next += 1
        return uuid7_of(milliseconds=_FIRST_MILLISECOND + number, random=number)


_FIRST_MILLISECOND = 1_735_732_800_000  # 2025-01-01T12:00:00Z, as the fixed clock starts


def uuid7_of(*, milliseconds: int, random: int) -> UUID:
    """A uuid7 from its time and its 74 random bits (RFC 9562, 5.7)."""
    high, low = divmod(random, 1 << 62)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
