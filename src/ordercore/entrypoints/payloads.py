"""The only place where parsed JSON becomes commands: strictly, and with every bad field named at once.

A good payload goes the quick way, through cattrs. A bad one goes through once more, field by field, to say all that is
wrong with it. Nothing is coerced: "7" is no number, true is no number, 1.0 is the whole number 1, as in JSON Schema.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from attrs import NOTHING, Attribute, field, fields, frozen, has
from cattrs import BaseConverter, Converter
from cattrs.gen import make_dict_structure_fn

from ordercore.application.importing import ImportedOrder
from ordercore.application.placing import CustomerReference, PlaceOrder
from ordercore.application.requests import refuse_bad_key
from ordercore.domain.customer import Contact
from ordercore.domain.errors import FieldProblem, InvalidRequest
from ordercore.domain.fields import restore, text
from ordercore.domain.limits import MAX_KEY_LENGTH, MAX_LINES_PER_ORDER, MAX_ORDERS_PER_BATCH
from ordercore.domain.money import Money

T = TypeVar("T")

Payload = dict[str, Any]
"""An object that is read later, on its own."""

MAX_PROBLEMS = 100
"""At most this many problems are named; who has more will come again."""

MAX_ENTRIES = max(MAX_LINES_PER_ORDER, MAX_ORDERS_PER_BATCH)
"""No list in any payload is longer; a longer one is refused before its entries are looked at."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _a_key(_: Any, __: Any, value: str) -> None:
    refuse_bad_key(value)


@frozen(kw_only=True, slots=False)
class KeyedOrder(PlaceOrder):
    """An order of a batch, with the key that makes it repeatable."""

    idempotency_key: str = field(validator=[text(most=MAX_KEY_LENGTH), _a_key])


@frozen(kw_only=True, slots=False)
class ImportLine(PlaceOrder):
    """A line of an import: an order that was placed elsewhere."""

    idempotency_key: str = field(validator=text(most=MAX_KEY_LENGTH))
    placed_at: datetime | None = None


def command_from(cls: type[T], payload: object, **given: object) -> T:
    """The command that the payload spells; `given` are fields that come from elsewhere and may not be in it.

    Raises:
        InvalidRequest: with one problem for each bad field, by JSON pointer.
    """
    if type(payload) is dict and not (given.keys() & payload.keys()):
        try:
            quick: T = _quick.structure({**payload, **given} if given else payload, cls)
        except Exception:  # whatever it was, the careful way below names it
            pass
        else:
            return quick
    return _careful(cls, payload, given)


def order_from_line(line: object) -> ImportedOrder:
    """One line of an import: a placement with its `idempotency_key` and, optionally, `placed_at`.

    Raises:
        InvalidRequest: with one problem for each bad field, by JSON pointer into the line.
    """
    read = command_from(ImportLine, line, external_reference=None)
    return ImportedOrder(key=read.idempotency_key, order=_placement_in(read), placed_at=read.placed_at)


def keyed_order_from(entry: object) -> tuple[str, PlaceOrder]:
    """One order of a batch: its idempotency key and its placement.

    Raises:
        InvalidRequest: with one problem for each bad field, by JSON pointer into the entry.
    """
    read = command_from(KeyedOrder, entry)
    return read.idempotency_key, _placement_in(read)


def _placement_in(read: PlaceOrder) -> PlaceOrder:
    """The placement alone, its fields checked already."""
    return restore(PlaceOrder, {name: getattr(read, name) for name in _PLACEMENT})


_PLACEMENT = tuple(each.name for each in fields(PlaceOrder))


def structure(value: object, kind: Any) -> Any:
    """One value of that type.

    Raises:
        InvalidRequest: with pointers relative to the value.
    """
    if value is None and kind is not type(None) and _allows_none(kind):
        return None
    return _exact(_without_none(kind), value)


class _Collected:
    """Problems of the parts of one payload."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def add(self, pointer: str, detail: str, code: str) -> None:
        self.problems.append(FieldProblem(pointer=pointer, detail=detail, code=code))

    def take(self, prefix: str, part: Callable[[], T]) -> Any:
        """The part, or nothing and its problems with their pointers prefixed."""
        try:
            return part()
        except InvalidRequest as refusal:
            for problem in refusal.problems:
                self.add(prefix + problem.pointer, problem.detail, problem.code)
            return None

    def refuse(self) -> None:
        if self.problems:
            raise InvalidRequest(problems=tuple(self.problems[:MAX_PROBLEMS]))


# -- the careful way ----------------------------------------------------------------------------------------------


class _Absent:
    """Stands for a field that could not be read while its neighbours are checked."""


_ABSENT = _Absent()


def _careful(cls: type[T], payload: object, given: Mapping[str, object]) -> T:
    """The command, or every problem of the payload."""
    if type(payload) is not dict:
        raise _wrong("must be an object")
    collected = _Collected()
    known = {each.name: each for each in fields(cls)}  # type: ignore[arg-type] # commands are attrs classes
    for name in payload:
        if name not in known or name in given:
            collected.add(f"/{_escaped(name)}", "is not a known field", "unknown_field")
    draft = types.SimpleNamespace()
    for name, attribute in known.items():
        setattr(draft, name, given[name] if name in given else _field(cls, attribute, payload, collected))
    for name, attribute in known.items():
        if name not in given:
            _check(draft, attribute, collected)
    collected.refuse()
    return cls(**vars(draft))


def _field(cls: type[Any], attribute: Attribute[Any], payload: Mapping[str, Any], collected: _Collected) -> Any:
    """The field's value before its own check, converted, or _ABSENT."""
    name = attribute.name
    if name not in payload:
        if attribute.default is NOTHING:
            collected.add(f"/{name}", "is required", "missing")
            return _ABSENT
        return attribute.default
    most = getattr(attribute.validator, "schema", {}).get("maxItems", MAX_ENTRIES)
    if type(payload[name]) is list and len(payload[name]) > most:
        collected.add(f"/{name}", f"must have at most {most} entries, not {len(payload[name])}", "wrong_length")
        return _ABSENT
    before = len(collected.problems)
    value = collected.take(f"/{name}", lambda: structure(payload[name], get_type_hints(cls)[name]))
    if len(collected.problems) > before:
        return _ABSENT
    return attribute.converter(value) if callable(attribute.converter) else value


def _check(draft: object, attribute: Attribute[Any], collected: _Collected) -> None:
    """Run a field's own check, cross-field ones included, on the draft."""
    value = getattr(draft, attribute.name)
    if value is not _ABSENT and attribute.validator is not None:
        collected.take("", lambda: attribute.validator(draft, attribute, value))  # type: ignore[misc] # checked above


def _exact(kind: Any, value: object) -> Any:
    if kind == Payload:
        return _payload(value, kind)
    if get_origin(kind) is tuple:
        return _several(get_args(kind)[0], value)
    if kind == Contact | CustomerReference:
        return _careful(_buyer_class(value), value, {})
    if has(kind) and kind is not Money:
        return _careful(kind, value, {})
    return _quick.structure(value, kind)


def _several(kind: Any, value: object) -> tuple[Any, ...]:
    if type(value) is not list:
        raise _wrong("must be a list")
    collected = _Collected()
    entries = [collected.take(f"/{index}", partial(structure, entry, kind)) for index, entry in enumerate(value)]
    collected.refuse()
    return tuple(entries)


# -- the quick way ------------------------------------------------------------------------------------------------


def _text(value: object, _: object) -> str:
    if type(value) is not str:
        raise _wrong("must be text")
    return value


def _whole_number(value: object, _: object) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise _wrong("must be a whole number")


def _payload(value: object, _: object) -> Payload:
    if type(value) is not dict:
        raise _wrong("must be an object")
    return value


def _uuid(value: object, _: object) -> UUID:
    if isinstance(value, UUID):
        return value
    if type(value) is str:
        try:
            id = UUID(value)
        except ValueError:
            pass
        else:
            if str(id) == value.lower():
                return id
    raise _wrong("must be a UUID", "not_a_uuid")


def _time(value: object, _: object) -> datetime:
    if type(value) is str and _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise _wrong("must be a time with a zone such as 2017-01-01T11:53:26Z", "not_a_time")


def _money(value: object, _: object) -> Money:
    if type(value) is not dict:
        raise _wrong('must be an object such as {"amount": "12.50", "currency": "EUR"}')
    amount, currency = value.get("amount"), value.get("currency")
    if len(value) == 2 and type(amount) is str and type(currency) is str:
        return Money.of(amount, currency)
    collected = _Collected()
    for name in ("amount", "currency"):
        if name not in value:
            collected.add(f"/{name}", "is required", "missing")
        elif type(value[name]) is not str:
            collected.add(f"/{name}", 'must be text such as "12.50" and "EUR"', "wrong_type")
    for name in value:
        if name not in ("amount", "currency"):
            collected.add(f"/{_escaped(name)}", "is not a known field", "unknown_field")
    raise InvalidRequest(problems=tuple(collected.problems[:MAX_PROBLEMS]))


def _choice(value: object, cls: type[StrEnum]) -> StrEnum:
    if type(value) is str:
        try:
            return cls(value)
        except ValueError:
            pass
    raise _wrong(f"must be one of: {', '.join(cls)}", "unknown_choice")


def _buyer_class(value: object) -> type[Contact] | type[CustomerReference]:
    return CustomerReference if isinstance(value, dict) and "id" in value else Contact


def _made() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=False)
    for kind, hook in ((str, _text), (int, _whole_number), (UUID, _uuid), (datetime, _time), (StrEnum, _choice)):
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_factory(_is_tuple, _tuple_hook)
    converter.register_structure_hook_factory(lambda kind: isinstance(kind, type) and has(kind), _object_hook)
    converter.register_structure_hook_func(
        lambda kind: kind == Contact | CustomerReference,
        lambda value, _: converter.structure(value, _buyer_class(value)),
    )
    converter.register_structure_hook(Money, _money)
    converter.register_structure_hook_func(lambda kind: kind == Payload, _payload)
    return converter


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _tuple_hook(kind: Any, converter: BaseConverter) -> Callable[[object, object], tuple[Any, ...]]:
    entry = get_args(kind)[0]
    hook = converter.get_structure_hook(entry)

    def structured(value: object, _: object) -> tuple[Any, ...]:
        if type(value) is not list:
            raise _wrong("must be a list")
        if len(value) > MAX_ENTRIES:
            raise _wrong(f"must have at most {MAX_ENTRIES} entries", "wrong_length")
        return tuple([hook(each, entry) for each in value])

    return structured


def _object_hook(cls: type[Any], converter: BaseConverter) -> Callable[[object, object], Any]:
    inner = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=False)

    def structured(value: object, _: object) -> Any:
        if type(value) is not dict:
            raise _wrong("must be an object")
        return inner(value, cls)

    return structured


# -- types and words ----------------------------------------------------------------------------------------------


def _allows_none(kind: Any) -> bool:
    return type(None) in get_args(kind)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    rest = tuple(each for each in get_args(kind) if each is not type(None))
    return rest[0] if len(rest) == 1 else Union[rest]  # noqa: UP007 - a tuple of types at run time


def _wrong(detail: str, code: str = "wrong_type") -> InvalidRequest:
    return InvalidRequest.of("", detail, code)


def _escaped(name: str) -> str:
    """RFC 6901; a hostile name is not repeated at full length."""
    return name[:100].replace("~", "~0").replace("/", "~1")


_quick = _made()
