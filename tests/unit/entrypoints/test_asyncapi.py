from typing import ClassVar

import pytest
from attrs import frozen
from jsonschema import Draft202012Validator

from ordercore.domain.aggregates import Event
from ordercore.domain.order_events import OrderPlaced, PaymentEvent
from ordercore.entrypoints.http import asyncapi


def test_every_event_has_its_message() -> None:
    document = asyncapi.document(version="1.2.3")
    types = asyncapi.event_types()
    assert types["order.placed.v1"] is OrderPlaced
    assert list(document["components"]["messages"]) == sorted(types)
    assert list(document["channels"]["events"]["messages"]) == sorted(types)
    assert document["info"]["version"] == "1.2.3"


def test_what_several_events_have_in_common_is_no_event() -> None:
    assert PaymentEvent not in asyncapi.event_types().values()


def test_events_of_others_are_not_ours() -> None:
    @frozen(kw_only=True, slots=False)
    class Foreign(Event):
        type: ClassVar[str] = "foreign.v1"

    assert Foreign.type not in asyncapi.event_types()


def test_two_events_cannot_share_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OrderPlaced, "type", "order.confirmed.v1")
    with pytest.raises(ValueError, match="one type"):
        asyncapi.event_types()


@pytest.mark.parametrize("name", asyncapi.event_types())
def test_every_type_has_the_version_of_its_data(name: str) -> None:
    stem, _, version = name.rpartition(".v")
    assert stem.count(".") == 1
    assert int(version) >= 1


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    document = asyncapi.document(version="1")
    for reference in references_in(document):
        assert reference.startswith("#/")
        target = document
        for step in reference[2:].split("/"):
            target = target[step]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def references_in(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [each for value in part.values() for each in references_in(value)]
    return [each for value in part for each in references_in(value)] if isinstance(part, list) else []


def test_receivers_must_bear_members_that_are_new() -> None:
    document = asyncapi.document(version="1")
    assert "additionalProperties" not in str(document)
    assert asyncapi.data_schemas().components["OrderPlaced"]["additionalProperties"] is False


def test_what_stands_beside_the_data_is_not_in_it() -> None:
    data = asyncapi.document(version="1")["components"]["schemas"]["OrderPlaced"]
    assert {"occurred_at", "actor_id"}.isdisjoint(data["properties"])
    assert "note" in data["properties"]
    assert "note" not in data["required"]
