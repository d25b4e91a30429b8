from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from ordercore.application import asking_again
from ordercore.application.asking_again import AskingAgain, pause_after
from ordercore.application.settings import Settings
from ordercore.testing.faults import CountingIds

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
PAUSES = (1, 5, 30, 120, 600, 3600)
SETTINGS = Settings()
ID = UUID("019421bc-aa03-7000-8000-1234567890ab")


def asked_at(attempt_id: UUID, *, hours: int, spread: float = SETTINGS.ask_again_spread) -> list[float]:
    """The seconds after its first asking at which an attempt is asked about again, by somebody who always looks."""
    memory, asked = AskingAgain(), [0.0]
    for tenths in range(hours * 36_000):
        now = NOON + timedelta(seconds=tenths / 10)
        if memory.is_due(attempt_id, NOON, now, pauses=SETTINGS.ask_again_after, spread=spread):
            memory.remember(attempt_id, now)
            asked.append(tenths / 10)
    return asked


def test_pauses_grow_as_the_settings_say_and_the_last_one_stays() -> None:
    asked = asked_at(ID, hours=4, spread=0)
    assert [round(later - earlier) for earlier, later in pairwise(asked)] == [*PAUSES, 3600, 3600]


def test_each_pause_is_at_most_a_fifth_shorter_or_longer() -> None:
    for attempt_id in (CountingIds(start).new() for start in (1, 2, 3, 1020, 5_000_000)):
        between = [later - earlier for earlier, later in pairwise(asked_at(attempt_id, hours=3))]
        assert len(between) >= len(PAUSES)
        for pause, usual in zip(between, PAUSES, strict=False):
            assert 0.8 * usual <= pause <= 1.2 * usual + 0.2


def test_attempts_that_were_cut_off_together_are_spread() -> None:
    ids = CountingIds()
    pauses = {
        pause_after(ids.new(), timedelta(hours=9), pauses=SETTINGS.ask_again_after, spread=0.2) for _ in range(99)
    }
    assert len(pauses) == 99


def test_who_does_not_remember_asks_once_too_often_and_goes_on_from_there() -> None:
    memory, late = AskingAgain(), NOON + timedelta(hours=3)

    def is_due(now: datetime) -> bool:
        return memory.is_due(ID, NOON, now, pauses=SETTINGS.ask_again_after, spread=0.2)

    assert is_due(late)
    memory.remember(ID, late)
    assert not is_due(late + timedelta(minutes=47))
    assert is_due(late + timedelta(minutes=73))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking_again, "MOST_REMEMBERED", 2)
    memory, ids = AskingAgain(), CountingIds()
    first = ids.new()
    for id in (first, ids.new(), ids.new()):
        memory.remember(id, NOON + timedelta(hours=1))
    assert memory.is_due(first, NOON, NOON + timedelta(hours=1), pauses=SETTINGS.ask_again_after, spread=0.2)
