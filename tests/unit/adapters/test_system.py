import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ordercore.adapters.system import SystemClock, Uuid7Ids
from ordercore.testing.small_suites import ClockSuite, IdsSuite


class TestSystemClock(ClockSuite):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()


class TestUuid7Ids(IdsSuite):
    @pytest.fixture
    def ids(self) -> Uuid7Ids:
        return Uuid7Ids()


def test_an_id_begins_with_its_time() -> None:
    made_at = datetime.fromtimestamp((Uuid7Ids().new().int >> 80) / 1000, UTC)
    assert abs(made_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_standard_library_makes_the_ids_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uuid, "uuid7", lambda: UUID(int=7), raising=False)
    assert Uuid7Ids().new() == UUID(int=7)


def test_the_library_of_ids_is_loaded_when_it_is_needed() -> None:
    seen = "import sys, ordercore.adapters.system; sys.exit('uuid_utils' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", seen], check=False).returncode == 0
