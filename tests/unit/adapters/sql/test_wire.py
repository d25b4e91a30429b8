from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.adapters.sql.mapping.stored import WIRES


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_times_keep_their_microseconds(at: datetime) -> None:
    for wire in WIRES:
        assert wire.to_moment(wire.moment(at)) == at
