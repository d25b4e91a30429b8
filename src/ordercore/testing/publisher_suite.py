"""The only place that says, as tests, what a publisher must keep.

class TestMyPublisher(PublisherSuite):
    @pytest.fixture
    def publisher(self): return MyPublisher(...)
    @pytest.fixture
    def target(self): return Target(...)       # somebody who takes everything
    @pytest.fixture
    def arrived(self): return lambda: [...]    # ids of the events that this somebody has, in the order they came
    @pytest.fixture
    def absent(self): return Target(...)       # nobody is there
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from attrs import evolve

from ordercore.ports.publisher import DeliveryKind, Envelope, Publisher, Target

NONSENSE = ("", "nonsense", "://", "http://", "https://anna:s3cr3t@[::1", "gopher://anna:s3cr3t@host/?queue=orders")
Arrived = Callable[[], Sequence[str]]


def an_event(number: int = 1) -> Envelope:
    """An event on its way out."""
    return Envelope(
        type="order.confirmed.v1",
        stream="order",
        stream_id=UUID(int=7),
        number=number,
        position=100 + number,
        occurred_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        payload={"note": "für Anna"},
    )


class PublisherSuite:
    """Subclass it and give it the four fixtures."""

    @pytest.fixture
    def publisher(self) -> Publisher:
        """The publisher to be tried."""
        raise NotImplementedError

    @pytest.fixture
    def target(self) -> Target:
        """Somebody who takes everything."""
        raise NotImplementedError

    @pytest.fixture
    def arrived(self) -> Arrived:
        """What came to that somebody."""
        raise NotImplementedError

    @pytest.fixture
    def absent(self) -> Target:
        """Where nobody is."""
        raise NotImplementedError

    def test_it_states_how_long_it_takes(self, publisher: Publisher) -> None:
        assert publisher.deadline > timedelta(0)

    def test_what_is_taken_has_arrived_in_its_order(
        self, publisher: Publisher, target: Target, arrived: Arrived
    ) -> None:
        events = [an_event(number) for number in (1, 2, 3)]
        said = [publisher.publish(target, each) for each in events]
        assert [each.kind for each in said] == [DeliveryKind.DELIVERED] * 3, said
        assert list(arrived()) == [each.id for each in events]

    def test_a_repeat_is_carried_like_the_first(self, publisher: Publisher, target: Target, arrived: Arrived) -> None:
        for _ in range(2):
            assert publisher.publish(target, an_event()).kind is DeliveryKind.DELIVERED
        assert set(arrived()) == {an_event().id}

    def test_many_threads_lose_nothing(self, publisher: Publisher, target: Target, arrived: Arrived) -> None:
        events = [an_event(number) for number in range(1, 41)]
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda each: publisher.publish(target, each), events))
        assert {each.kind for each in said} == {DeliveryKind.DELIVERED}
        assert set(arrived()) == {each.id for each in events}

    def test_nobody_there_is_to_be_tried_again_and_told_in_time(self, publisher: Publisher, absent: Target) -> None:
        before = time.monotonic()
        said = publisher.publish(absent, an_event())
        assert said.kind is DeliveryKind.RETRY
        assert said.detail
        assert time.monotonic() - before < publisher.deadline.total_seconds()

    @pytest.mark.parametrize("address", NONSENSE)
    def test_an_address_that_leads_nowhere_never_raises_and_is_never_shown(
        self, publisher: Publisher, target: Target, address: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        said = publisher.publish(evolve(target, address=address), an_event())
        assert said.kind is not DeliveryKind.DELIVERED
        assert "s3cr3t" not in said.detail + caplog.text

    def test_no_secret_is_shown(
        self, publisher: Publisher, target: Target, absent: Target, caplog: pytest.LogCaptureFixture
    ) -> None:
        for each in (target, absent):
            said = publisher.publish(each, an_event())
            for secret in each.secrets:
                assert secret not in said.detail + caplog.text
