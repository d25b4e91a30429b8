import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from ordercore.adapters.messaging.cloudevents import document
from tests.support.envelopes import NOON, ORDER, an_envelope


def test_the_document_is_read_by_the_reference_library() -> None:
    event = JSONFormat().read(CloudEvent, document(an_envelope()))
    assert event.get_specversion() == "1.0"
    assert event.get_id() == f"order/{ORDER}/2"
    assert event.get_source() == "/ordercore"
    assert event.get_type() == "order.confirmed.v1"
    assert event.get_subject() == f"order/{ORDER}"
    assert event.get_time() == NOON
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == {"note": "für Anna"}


def test_number_and_position_are_extension_attributes() -> None:
    event = JSONFormat().read(CloudEvent, document(an_envelope(number=3, position=5_000_000_000)))
    assert event.get_extension("streamnumber") == 3
    assert event.get_extension("position") == "5000000000"


def test_the_source_names_the_shop_where_one_is_given() -> None:
    assert json.loads(document(an_envelope(), "https://shop.example"))["source"] == "https://shop.example"


@pytest.mark.parametrize(
    "moment",
    [NOON, NOON.astimezone(timezone(timedelta(hours=2))), datetime(2026, 3, 1, 12, 0, 0, 0, tzinfo=UTC)],
)
def test_time_is_in_utc_with_microseconds(moment: datetime) -> None:
    assert json.loads(document(an_envelope(occurred_at=moment)))["time"] == "2026-03-01T12:00:00.000000Z"


def test_every_delivery_of_an_event_has_the_same_bytes() -> None:
    assert document(an_envelope()) == document(an_envelope())
