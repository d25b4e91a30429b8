from datetime import timedelta

import pytest

from ordercore.adapters.messaging.deadlines import Deadline


def test_what_is_left_grows_less() -> None:
    deadline = Deadline(timedelta(seconds=60))
    assert 0 < deadline.left_seconds() <= 60


def test_a_deadline_that_has_passed_gives_nothing_more() -> None:
    with pytest.raises(TimeoutError):
        Deadline(timedelta(0)).left_seconds()
