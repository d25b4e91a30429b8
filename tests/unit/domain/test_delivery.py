from datetime import timedelta

import pytest

from ordercore.domain.delivery import STANDARD, Patience
from ordercore.domain.errors import InvalidRequest

MINUTE = timedelta(minutes=1)


def test_pauses_grow_and_end_after_three_days() -> None:
    pauses = [STANDARD.pause_after(tries, of="order/1/1") for tries in range(1, 11)]
    known = [pause for pause in pauses if pause is not None]
    assert known == sorted(known)
    assert pauses[-1] is None
    assert timedelta(days=2) < sum(known, timedelta()) < timedelta(days=4)


def test_a_pause_is_up_to_a_fifth_shorter_or_longer_and_the_same_for_the_same_event() -> None:
    patience = Patience(pauses=(MINUTE,))
    drawn = [patience.pause_after(1, of=f"order/{number}/1") for number in range(200)]
    known = [pause for pause in drawn if pause is not None]
    assert len(known) == 200
    assert MINUTE * 0.8 <= min(known) < MINUTE * 0.85
    assert MINUTE * 1.15 < max(known) <= MINUTE * 1.2
    assert drawn == [patience.pause_after(1, of=f"order/{number}/1") for number in range(200)]


def test_who_asks_for_more_time_gets_it_within_a_day() -> None:
    patience = Patience(pauses=(MINUTE,))
    assert patience.pause_after(1, of="x", asked=timedelta(hours=1)) == timedelta(hours=1)
    assert patience.pause_after(1, of="x", asked=timedelta(days=365)) == timedelta(days=1)
    assert patience.pause_after(1, of="x", asked=timedelta()) == patience.pause_after(1, of="x")


def test_without_pauses_the_first_failure_is_the_last() -> None:
    assert Patience(pauses=()).pause_after(1, of="x") is None


def test_a_pause_is_longer_than_nothing() -> None:
    with pytest.raises(InvalidRequest):
        Patience(pauses=(MINUTE, timedelta()))
