"""What docs/events should hold: the AsyncAPI document, and the same as a page to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import ordercore
from ordercore.entrypoints.http import asyncapi

INTRODUCTION = """<!-- Written by `make docs` from the event classes in src/ordercore/domain; edit those instead. -->
# Events

Every change of state is an event, stored in the transaction of its change. These are all of them, with what their
`data` holds; [asyncapi.json](asyncapi.json) says the same for programs (AsyncAPI 3, JSON Schema), and
[Webhooks](../webhooks.md) how they arrive.

Events carry ids and amounts, never personal data. Amounts are integers in the currency's minor units. `note`, the
reason that somebody gave, may be in each. The number at the end of a type is the version of its data: within a version
members may be added, so read what you know and bear the rest; anything else gets a new version beside the old one, and
stored events keep theirs.
"""
COMMON = ("note",)


def asyncapi_json() -> str:
    """docs/events/asyncapi.json as it should be."""
    return json.dumps(asyncapi.document(version=ordercore.__version__), indent=2, ensure_ascii=False) + "\n"


def events_page() -> str:
    """docs/events/README.md as it should be."""
    schemas = asyncapi.data_schemas().components
    rows = [
        f"| `{name}` | {sentence(event.__doc__)} | {members(schemas[event.__name__], schemas)} |"
        for name, event in asyncapi.event_types().items()
    ]
    return "\n".join([INTRODUCTION, "| type | what happened | data |", "|---|---|---|", *rows, ""])


def sentence(text: str | None) -> str:
    return " ".join((text or "").split())


def members(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The members by name; those of an inner object in brackets."""
    named = [f"`{name}`{inner(each, schemas)}" for name, each in schema["properties"].items() if name not in COMMON]
    return ", ".join(named) or "-"


def inner(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """What is inside a list of objects, or the values of an enumeration."""
    reference = schema.get("items", schema).get("$ref")
    found = schemas[reference.rpartition("/")[2]] if reference else {}
    if "properties" in found:
        return f" ({members(found, schemas)})"
    return f" ({', '.join(found['enum'])})" if "enum" in found else ""
