from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordercore.adapters.sql.postgres_arrays import array
from ordercore.testing import strategies

Ask = Callable[[list[Any], str], list[Any]]


@pytest.fixture(scope="module")
def ask(postgres_template: str) -> Iterator[Ask]:
    """What PostgreSQL understands by an array."""
    with psycopg.connect(postgres_template) as connection:
        connection.execute("SET TIME ZONE 'Asia/Kathmandu'")
        yield lambda values, kind: [
            each
            for (each,) in connection.execute(f"SELECT * FROM unnest(%s::{kind})", (array(values, kind),)).fetchall()
        ]


@given(texts=st.lists(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
@example(texts=["", "NULL", "null", '"', "\\", '\\"', "{", "}", ",", " a ", "\n\t\r", "a,b", "{}", "'", "%s", "\u2028"])
def test_any_text_arrives_as_it_is(ask: Ask, texts: list[str | None]) -> None:
    assert ask(texts, "text[]") == texts


@given(values=st.lists(st.none() | st.binary()))
def test_any_bytes_arrive_as_they_are(ask: Ask, values: list[bytes | None]) -> None:
    assert ask(values, "bytea[]") == values


@given(
    ids=st.lists(st.none() | st.uuids()),
    flags=st.lists(st.none() | st.booleans()),
    moments=st.lists(st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))),  # noqa: DTZ001 - zoned there
    numbers=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
)
def test_ids_flags_times_and_numbers_arrive_as_they_are(
    ask: Ask, ids: list[Any], flags: list[Any], moments: list[Any], numbers: list[Any]
) -> None:
    assert ask(ids, "uuid[]") == ids
    assert ask(flags, "bool[]") == flags
    assert ask([flag if flag is None else int(flag) for flag in flags], "bool[]") == flags
    assert ask(numbers, "int8[]") == numbers
    assert ask(moments, "timestamptz[]") == moments


@pytest.mark.parametrize(("kind", "largest"), [("int2[]", 2**15), ("int4[]", 2**31)])
def test_small_numbers_arrive_up_to_their_bounds(ask: Ask, kind: str, largest: int) -> None:
    assert ask([-largest, 0, largest - 1, None], kind) == [-largest, 0, largest - 1, None]


@given(address=strategies.addresses())
def test_an_address_in_any_script_arrives_as_it_is(ask: Ask, address: Any) -> None:
    assert ask([address.line1, address.line2, address.city], "text[]") == [address.line1, address.line2, address.city]
