"""The only place that describes the events as AsyncAPI 3, from their classes: what a subscriber gets."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from attrs import fields

from ordercore import domain
from ordercore.domain.aggregates import Event
from ordercore.entrypoints.http.schemas import Schema, Schemas

_CONTENT_TYPE = "application/cloudevents+json"
_OUTSIDE_THE_DATA = ("occurred_at", "actor_id")


def document(*, version: str) -> Schema:
    """The whole description: one channel, a message a type."""
    events = event_types()
    schemas = data_schemas()
    components = {name: _open(schema) for name, schema in schemas.components.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ordercore events",
            "version": version,
            "description": "What happened to orders, payments, shipments, products, customers: facts, past tense, with"
            " ids and amounts and never personal data. Amounts are integer minor units. Within a version of a type"
            " members may be added, and nothing else changes.",
            "license": {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"},
        },
        "defaultContentType": _CONTENT_TYPE,
        "channels": {
            "events": {
                "address": None,
                "title": "A subscription",
                "description": "A webhook's URL, or a broker's queue or exchange, as the subscription names it."
                " At least once, and in order within a stream.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in events},
            }
        },
        "operations": {
            "tell": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "Tell a subscriber what happened.",
            }
        },
        "components": {
            "messages": {name: _message(name, event) for name, event in events.items()},
            "schemas": {"CloudEvent": _cloud_event(), **components},
        },
    }


def event_types() -> Mapping[str, type[Event]]:
    """Every event of the domain by its type name, in the order of the names."""
    for module in pkgutil.iter_modules(domain.__path__, f"{domain.__name__}."):
        import_module(module.name)
    ours = [each for each in _below(Event) if _is_ours(each)]
    named = {each.type: each for each in ours}
    if len(named) < len(ours):
        raise ValueError("two events have one type")
    return dict(sorted(named.items()))


def data_fields(event: type[Event]) -> tuple[str, ...]:
    """The fields that are in the data; when and by whom stand beside it in the store."""
    return tuple(each.name for each in fields(event) if each.name not in _OUTSIDE_THE_DATA)


def data_schemas() -> Schemas:
    """What the data of each event may hold, and nothing more: as our own store is held to it."""
    schemas = Schemas()
    for event in event_types().values():
        schemas.payload(event, data_fields(event))
    return schemas


def _below(event: type[Event]) -> Iterator[type[Event]]:
    for each in event.__subclasses__():
        yield each
        yield from _below(each)


def _is_ours(event: type[Event]) -> bool:
    """Not what several have in common, and nobody else's subclass."""
    return "type" in vars(event) and event.__module__.startswith(f"{domain.__name__}.")


def _message(name: str, event: type[Event]) -> Schema:
    return {
        "name": name,
        "summary": " ".join((event.__doc__ or "").split()),
        "contentType": _CONTENT_TYPE,
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": name},
                        "data": {"$ref": f"#/components/schemas/{event.__name__}"},
                    },
                },
            ]
        },
    }


def _cloud_event() -> Schema:
    text = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "description": "A CloudEvents 1.0 envelope. `id` is stable: a repeat of an event has the same.",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": {**text, "format": "uri-reference"},
            "type": text,
            "subject": {**text, "description": "The stream: its kind and the id of its aggregate."},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "streamnumber": {
                "type": "integer",
                "minimum": 1,
                "description": "Counts within the stream, without gaps.",
            },
            "position": {
                "type": "string",
                "pattern": "^[0-9]+$",
                "description": "Rises over all streams, with gaps: a number, written as text.",
            },
            "data": {"type": "object"},
        },
        "required": [
            "specversion",
            "id",
            "source",
            "type",
            "subject",
            "time",
            "datacontenttype",
            "streamnumber",
            "position",
            "data",
        ],
    }


def _open(schema: Any) -> Any:
    """Receivers are told to bear members that they do not know: those are what a later release may add."""
    if isinstance(schema, dict):
        return {name: _open(each) for name, each in schema.items() if name != "additionalProperties"}
    return [_open(each) for each in schema] if isinstance(schema, list) else schema
