from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordercore.adapters.sql.pages import Key, cursor_of, key_of
from ordercore.adapters.sql.tables import events, orders, products
from ordercore.domain.errors import InvalidRequest
from ordercore.testing import strategies

BY_TIME: Key = (orders.c.ordered_at, orders.c.id)
BY_SKU: Key = (products.c.sku,)
BY_EVENT: Key = (events.c.occurred_at, events.c.stream, events.c.stream_id, events.c.number)


@given(
    at=st.datetimes(timezones=st.just(UTC)),
    id=strategies.uuid7s(),
    sku=strategies.skus(),
    number=st.integers(0, 2**31 - 1),
)
def test_a_cursor_holds_its_key(at: datetime, id: UUID, sku: str, number: int) -> None:
    assert key_of(cursor_of([at, id]), BY_TIME) == [at, id]
    assert key_of(cursor_of([sku]), BY_SKU) == [sku]
    assert key_of(cursor_of([at, "order", id, number]), BY_EVENT) == [at, "order", id, number]


@given(at=strategies.times(), id=strategies.uuid7s())
def test_a_cursor_goes_into_a_url_as_it_is(at: datetime, id: UUID) -> None:
    assert set(cursor_of([at, id])) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("key", [BY_TIME, BY_SKU, BY_EVENT], ids=["time", "sku", "event"])
@given(cursor=st.text() | st.text("ABab01-_=", max_size=40))
@example(cursor="WyJhIl0")
def test_any_text_is_a_key_or_refused(key: Key, cursor: str) -> None:
    try:
        assert len(key_of(cursor, key)) == len(key)
    except InvalidRequest as refusal:
        assert [(each.pointer, each.code) for each in refusal.problems] == [("/after", "bad_cursor")]  # noqa: PT017 - either answer will do
