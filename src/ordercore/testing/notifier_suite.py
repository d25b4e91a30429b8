"""The only place that says, as tests, what a notifier must keep.

class TestMyNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self): return MyNotifier(...)
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from ordercore.ports.notifier import Notifier

KINDS = ("order_confirmed", "order_cancelled", "order_shipped", "order_delivered")


class NotifierSuite:
    """Subclass it and give it the fixture `notifier`."""

    @pytest.fixture
    def notifier(self) -> Notifier:
        """The notifier to be tried."""
        raise NotImplementedError

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_tells_of_everything_and_never_raises(self, notifier: Notifier, kind: str) -> None:
        notifier.notify(kind, order_id=uuid4(), order_number="1001")

    def test_it_tells_from_many_threads(self, notifier: Notifier) -> None:
        with ThreadPoolExecutor(8) as pool:
            told = [pool.submit(notifier.notify, kind, order_id=uuid4(), order_number="1001") for kind in KINDS * 8]
        assert all(one.exception() is None for one in told)
