"""The only place that reads requests: bodies, headers and queries, strictly and within bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

import orjson
from attrs import frozen
from flask import Request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge, UnsupportedMediaType

from ordercore import PageRequest
from ordercore.application.requests import refuse_bad_key
from ordercore.domain.errors import FieldProblem, InvalidRequest, UnreadableRequest
from ordercore.domain.limits import MAX_BODY_BYTES, MAX_NAME_LENGTH, MAX_PAGE
from ordercore.entrypoints.http.problems import IdempotencyKeyRequired
from ordercore.entrypoints.payloads import structure

Q = TypeVar("Q")

MAX_CURSOR_LENGTH = 1000

_KEY_TOKEN = re.compile(rb'"[ \t\r\n]*:')
_ETAG = re.compile(r'"([0-9]{1,10})"', re.ASCII)


@frozen
class NoFilter:
    """A list that cannot be narrowed."""


def read_json(request: Request, *, optional: bool = False) -> object:
    """The body as JSON; an empty one is an empty object where the body is optional.

    Raises:
        RequestEntityTooLarge: over the limit; nothing of it was read where its length was announced.
        UnsupportedMediaType: it is not JSON.
        UnreadableRequest: no valid JSON, or one object names a field twice.
    """
    raw = _read(request)
    if not raw and optional:
        return {}
    if not request.is_json:
        raise UnsupportedMediaType("The body must be JSON, with the header Content-Type: application/json.")
    try:
        parsed: object = orjson.loads(raw)
    except orjson.JSONDecodeError as failure:
        raise UnreadableRequest(detail=f"The body is no valid JSON: {failure.msg[:200]}.") from failure
    _refuse_repeated_names(raw, parsed)
    return parsed


def refuse_other_address(request: Request) -> None:
    """Raises NotFound where the address begins with several slashes: the router would take them for one."""
    if request.environ["PATH_INFO"].startswith("//"):
        raise NotFound


def refuse_large(request: Request) -> None:
    """Raises RequestEntityTooLarge where the announced length is over the limit, before anything is read."""
    if request.content_length is not None and request.content_length > MAX_BODY_BYTES:
        raise RequestEntityTooLarge(_TOO_LARGE)


def _read(request: Request) -> bytes:
    """The body; one that announced no length is read no further than it may go."""
    if request.content_length is not None:
        return request.get_data(cache=False)
    parts: list[bytes] = []
    left = MAX_BODY_BYTES + 1
    while left > 0:
        part = request.stream.read(left)
        if not part:
            return b"".join(parts)
        parts.append(part)
        left -= len(part)
    raise RequestEntityTooLarge(_TOO_LARGE)


_TOO_LARGE = f"A body may have at most {MAX_BODY_BYTES} bytes."


def idempotency_key(request: Request, *, required: bool) -> str | None:
    """The key that makes the request repeatable.

    Raises:
        IdempotencyKeyRequired: none came and money or stock moves.
        InvalidRequest: it is none; the header is named.
    """
    key: str | None = request.headers.get("Idempotency-Key")
    if key is None and required:
        raise IdempotencyKeyRequired
    if key is not None:
        refuse_bad_key(key, "Idempotency-Key")
    return key


def expected_version(request: Request) -> int | None:
    """The version of an If-Match header; none where it is missing or `*`.

    Raises:
        InvalidRequest: it is no single ETag of ours; the header is named.
    """
    tag = request.headers.get("If-Match")
    if tag is None or tag.strip() == "*":
        return None
    found = _ETAG.fullmatch(tag.strip())
    if found is None:
        raise InvalidRequest.of("If-Match", 'must be one ETag as we gave it, such as "3"', "bad_etag")
    return int(found[1])


def listing(request: Request, which: type[Q]) -> tuple[Q, PageRequest]:
    """The filter and the page that a query asks for.

    Raises:
        InvalidRequest: an unknown, repeated or ill-typed parameter; its pointer is its name.
    """
    problems: list[FieldProblem] = []
    hints = {**get_type_hints(which), "limit": int, "after": str}
    values: dict[str, object] = {}
    for name, given in request.args.lists():
        try:
            values[name] = _parameter(hints, name, given)
        except InvalidRequest as refusal:
            problems += (FieldProblem(f"/{name[:100]}", each.detail, each.code) for each in refusal.problems)
    if problems:
        raise InvalidRequest(problems=tuple(problems))
    page = PageRequest(**{name: values.pop(name) for name in ("limit", "after") if name in values})  # type: ignore[arg-type] # read as their types
    return which(**values), page


def _parameter(hints: Mapping[str, Any], name: str, given: list[str]) -> object:
    if name not in hints:
        raise InvalidRequest.of("", "is not a known parameter", "unknown_field")
    if len(given) != 1:
        raise InvalidRequest.of("", "must be given once", "repeated")
    (value,) = given
    kind = next((each for each in get_args(hints[name]) if each is not type(None)), hints[name])
    longest = MAX_CURSOR_LENGTH if name == "after" else MAX_NAME_LENGTH
    if len(value) > longest or not value.isprintable():
        raise InvalidRequest.of("", f"must be printable text of at most {longest} characters", "bad_characters")
    if name == "limit":
        return _limit(value)
    return _READERS.get(kind, structure_text)(value, kind)


def _limit(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 6 and 1 <= int(value) <= MAX_PAGE):
        raise InvalidRequest.of("", f"must be a whole number between 1 and {MAX_PAGE}", "out_of_range")
    return int(value)


def _truth(value: str, _: object) -> bool:
    if value not in ("true", "false"):
        raise InvalidRequest.of("", "must be true or false", "unknown_choice")
    return value == "true"


def structure_text(value: str, kind: type[StrEnum] | type[UUID] | type[datetime] | type[str]) -> object:
    """A parameter of a kind that JSON spells as text too."""
    return structure(value, kind)


_READERS = {bool: _truth}


def _refuse_repeated_names(raw: bytes, parsed: object) -> None:
    """orjson keeps the last of two equal names. Counting is cheap; only where counts differ is it looked at closely."""
    if len(_KEY_TOKEN.findall(raw)) == _count_names(parsed):
        return
    try:
        json.loads(raw, object_pairs_hook=_named_once, parse_int=str)
    except (RecursionError, ValueError) as failure:
        raise UnreadableRequest(detail="The body is nested too deeply or not valid JSON.") from failure


def _count_names(parsed: object) -> int:
    count, waiting = 0, [parsed]
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            count += len(value)
            waiting.extend(value.values())
        elif type(value) is list:
            waiting.extend(value)
    return count


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise UnreadableRequest(detail="An object in the body names a field twice.")
    return names
