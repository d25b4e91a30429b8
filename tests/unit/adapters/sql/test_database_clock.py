from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ordercore.adapters.sql import database_clock
from ordercore.adapters.sql.database_clock import DatabaseClock

SAID = datetime(2026, 11, 23, 12, tzinfo=UTC)


class AskedWire:
    """A database whose clock stands, and that counts how often it is asked."""

    to_moment: Callable[[Any], datetime] = staticmethod(lambda value: value)

    def __init__(self) -> None:
        self.asked = 0

    def run(self, statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        assert (statement, parameters) == ("SELECT clock_timestamp()", ())
        self.asked += 1
        return [(SAID,)]


class Clocks:
    """This machine's two clocks, set by hand."""

    def __init__(self) -> None:
        self.steady, self.wall = 100.0, 5_000.0

    def monotonic(self) -> float:
        return self.steady

    def time(self) -> float:
        return self.wall

    def pass_seconds(self, seconds: float) -> None:
        self.steady += seconds
        self.wall += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr(database_clock, "time", clocks)
    return clocks


def test_the_database_is_asked_once_and_its_time_counted_on(clocks: Clocks) -> None:
    wire, clock = AskedWire(), DatabaseClock()
    assert clock.now(wire) == SAID  # type: ignore[arg-type] # only the two things it uses
    clocks.pass_seconds(1.5)
    assert clock.now(wire) == SAID + timedelta(seconds=1.5)  # type: ignore[arg-type]
    assert wire.asked == 1


def test_the_database_is_asked_again_after_a_minute(clocks: Clocks) -> None:
    wire, clock = AskedWire(), DatabaseClock()
    clock.now(wire)  # type: ignore[arg-type]
    clocks.pass_seconds(61)
    assert clock.now(wire) == SAID  # type: ignore[arg-type]
    assert wire.asked == 2


def test_the_database_is_asked_again_when_the_machine_slept_or_its_time_was_set(clocks: Clocks) -> None:
    wire, clock = AskedWire(), DatabaseClock()
    clock.now(wire)  # type: ignore[arg-type]
    clocks.wall += 2
    clock.now(wire)  # type: ignore[arg-type]
    assert wire.asked == 2
