import json
from pathlib import Path
from typing import ClassVar

import pytest
from attrs import frozen
from jsonschema import Draft202012Validator

from ordercore.domain.aggregates import Event
from ordercore.domain.order_events import OrderPlaced, PaymentEvent
from ordercore.entrypoints.http import asyncapi
from ordercore.entrypoints.http.schemas import Schemas


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


# -- what was stored stays readable ---------------------------------------------------------------------------------

STORED = Path(__file__).with_name("stored_events.jsonl").read_text("utf-8").splitlines()
"""Data as it lies in shops, an event a line. Lines are added (with a new version of a type, say), never changed."""


@pytest.mark.parametrize("line", STORED, ids=lambda line: json.loads(line)["type"])
def test_a_stored_event_is_described_for_ever(line: str) -> None:
    stored = json.loads(line)
    described_as(asyncapi.event_types()[stored["type"]], asyncapi.data_schemas()).validate(stored["data"])


def test_a_member_that_is_taken_away_or_demanded_later_is_seen() -> None:
    stored = next(each for each in map(json.loads, STORED) if each["type"] == "order.placed.v1")
    for offence in ("taken away", "demanded later"):
        schemas = asyncapi.data_schemas()
        placed = schemas.components["OrderPlaced"]
        if offence == "taken away":
            del placed["properties"]["currency"]
        else:
            placed["required"].append("channel")
        assert not described_as(OrderPlaced, schemas).is_valid(stored["data"])


def described_as(event: type[Event], schemas: Schemas) -> Draft202012Validator:
    reference = f"#/components/schemas/{event.__name__}"
    return Draft202012Validator({"$ref": reference, "components": {"schemas": schemas.components}})
