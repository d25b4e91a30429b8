"""The only place that turns Python types into JSON Schema: attrs commands with their checks, and answer shapes."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

from attrs import NOTHING, Attribute, fields, has

from ordercore.domain.limits import MAX_AMOUNT_MINOR
from ordercore.domain.money import CURRENCY_PLACES, Money

Schema = dict[str, Any]

_PLAIN: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    bytes: {"type": "string", "format": "binary"},
    StrEnum: {"type": "string"},
}
_AMOUNT_DIGITS = len(str(MAX_AMOUNT_MINOR))


class Schemas:
    """Schemas by name, gathered while types are described."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._kinds: dict[str, Any] = {}

    def of(self, kind: Any) -> Schema:
        """The schema of a type; named types are described once and referred to."""
        if get_origin(kind) in (Union, types.UnionType):
            return self._union(get_args(kind))
        if get_origin(kind) in (tuple, list):
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        if get_origin(kind) is not None:
            return {"type": "object"}
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        return self._named(kind)

    def payload(self, cls: type[Any], names: tuple[str, ...]) -> Schema:
        """The schema of a command's fields that come in a body; a component where all of them do."""
        if len(names) == len(fields(cls)):
            return self.of(cls)
        return self._refer(cls.__name__, cls, lambda: self._attrs(cls, names))

    def parameter(self, attribute: Attribute[Any], cls: type[Any]) -> Schema:
        """The schema of a query parameter: a list's filter, where nothing means everything."""
        kind = get_type_hints(cls)[attribute.name]
        rest = [each for each in get_args(kind) if each is not type(None)]
        return self.of(rest[0] if rest else kind)

    def _named(self, kind: type[Any]) -> Schema:
        if kind is Money:
            return self._refer("MoneyPayload", Money, _money)
        if issubclass(kind, StrEnum):
            return self._refer(kind.__name__, kind, lambda: {"type": "string", "enum": [each.value for each in kind]})
        if has(kind):
            return self._refer(
                kind.__name__, kind, lambda: self._attrs(kind, tuple(each.name for each in fields(kind)))
            )
        if is_typeddict(kind):
            return self._refer(kind.__name__.removesuffix("Shape"), kind, lambda: self._shape(kind))
        raise TypeError(f"no schema for {kind}")

    def _refer(self, name: str, kind: Any, describe: Callable[[], Schema]) -> Schema:
        if self._kinds.setdefault(name, kind) is not kind:
            raise ValueError(f"two types are described as {name}")
        if name not in self.components:
            self.components[name] = describe()
        return {"$ref": f"#/components/schemas/{name}"}

    def _union(self, kinds: tuple[Any, ...]) -> Schema:
        rest = [self.of(each) for each in kinds if each is not type(None)]
        schema = rest[0] if len(rest) == 1 else {"oneOf": rest}
        return {"anyOf": [schema, {"type": "null"}]} if type(None) in kinds else schema

    def _attrs(self, cls: type[Any], names: tuple[str, ...]) -> Schema:
        hints = get_type_hints(cls)
        chosen = [each for each in fields(cls) if each.name in names]
        return {
            "type": "object",
            "description": _description(cls),
            "properties": {each.name: self._field(each, hints[each.name]) for each in chosen},
            "required": [each.name for each in chosen if each.default is NOTHING],
            "additionalProperties": False,
        }

    def _field(self, attribute: Attribute[Any], kind: Any) -> Schema:
        if "entry" in attribute.metadata:
            schema: Schema = {"type": "array", "items": self.of(attribute.metadata["entry"])}
        else:
            schema = self.of(kind)
        checks = _checks(attribute.validator)
        if "anyOf" in schema:
            schema["anyOf"] = [
                {**each, **checks} if each.get("type", "null") != "null" else each for each in schema["anyOf"]
            ]
        elif checks:
            schema.update(checks)
        return schema

    def _shape(self, kind: Any) -> Schema:
        hints = get_type_hints(kind)
        return {
            "type": "object",
            "description": _description(kind),
            "properties": {name: self.of(hint) for name, hint in hints.items()},
            "required": list(hints),
            "additionalProperties": False,
        }


def _money() -> Schema:
    return {
        "type": "object",
        "description": "An exact amount in major units, with at most as many decimals as the currency has.",
        "properties": {
            "amount": {
                "type": "string",
                "pattern": rf"^-?[0-9]{{1,{_AMOUNT_DIGITS}}}(\.[0-9]{{1,3}})?$",
                "examples": ["12.50"],
            },
            "currency": {"type": "string", "enum": sorted(CURRENCY_PLACES)},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    }


def _checks(validator: Any) -> Schema:
    """What the field's checks say of themselves."""
    several = getattr(validator, "_validators", None)
    if several is not None:
        return {name: value for each in several for name, value in _checks(each).items()}
    return dict(getattr(validator, "schema", {}))


def _description(cls: Any) -> str:
    return " ".join((cls.__doc__ or "").split())
