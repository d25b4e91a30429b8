"""The only place that describes the HTTP interface as OpenAPI 3.1, from the operations and their types."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from attrs import fields

from ordercore.domain.errors import (
    InvalidRequest,
    OrderCoreError,
    Overloaded,
    PermissionMissing,
    StoreUnavailable,
    Unauthenticated,
    UnreadableRequest,
)
from ordercore.domain.limits import MAX_KEY_LENGTH, MAX_NAME_LENGTH, MAX_PAGE
from ordercore.entrypoints.http.examples import EXAMPLES
from ordercore.entrypoints.http.inputs import MAX_CURSOR_LENGTH
from ordercore.entrypoints.http.operations import Key, Operation
from ordercore.entrypoints.http.problems import HTTP_CODES, MEDIA_TYPE, TYPE_PREFIX, IdempotencyKeyRequired, status_of
from ordercore.entrypoints.http.schemas import Schema, Schemas
from ordercore.entrypoints.http.shapes import FieldProblemShape, HeaderProblemShape, HealthShape

ALWAYS = (Unauthenticated, PermissionMissing, InvalidRequest, StoreUnavailable, Overloaded)
BY_TOKEN = (Unauthenticated, PermissionMissing)
_PATH_NAME = re.compile(r"<(?:\w+:)?(\w+)>")


def document(operations: Iterable[Operation], *, version: str) -> Schema:
    """The whole description."""
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(path_of(operation), {})[operation.method.lower()] = _operation(operation, schemas)
    for path, summary in (("/healthz", "Whether the process lives."), ("/readyz", "Whether the store answers.")):
        paths[path] = {"get": _health(path.strip("/"), summary, schemas)}
    problem = schemas.of(FieldProblemShape | HeaderProblemShape)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "ordercore",
            "version": version,
            "description": "An order-management core: orders, stock, payments, fulfilment. Errors are problem documents"
            " (RFC 9457) with a stable `code`; lists are pages with a cursor.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas.components, "Problem": _problem(problem)},
        },
    }


def path_of(operation: Operation) -> str:
    """The operation's address, its names in braces."""
    return "/v1" + _PATH_NAME.sub(r"{\1}", operation.path)


def _operation(operation: Operation, schemas: Schemas) -> Schema:
    described: Schema = {
        "operationId": operation.view.__name__,
        "tags": [operation.tag],
        "summary": _summary(operation),
        "parameters": [*_path_parameters(operation), *_headers(operation), *_query(operation, schemas)],
        "responses": _responses(operation, schemas),
    }
    if operation.body is not None:
        schema = schemas.payload(operation.body, operation.payload_fields)
        described["requestBody"] = {
            "required": operation.needs_body,
            "content": {"application/json": {"schema": schema, "example": _example(operation)}},
        }
    if operation.is_open:
        described["security"] = []
        described["requestBody"] = {"required": True, "content": {"*/*": {"schema": {}}}}
    return described


def _example(operation: Operation) -> Schema:
    return EXAMPLES[operation.view.__name__] if operation.needs_body else {}


def _summary(operation: Operation) -> str:
    return " ".join((operation.view.__doc__ or "").split())


def _path_parameters(operation: Operation) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "description": _PATH_WORDS[name], "schema": {"type": "string"}}
        for name in _PATH_NAME.findall(operation.path)
    ]


_PATH_WORDS = {
    "order": "The order's id or number.",
    "product": "The product's id or sku; `sku:` may stand before a sku, and has to before one with a slash (`%2F`).",
    "customer": "The customer's id.",
    "shipment": "The shipment's id.",
    "admin": "The admin user's id.",
    "webhook": "The subscription's id.",
    "letter": "The dead letter's id.",
    "item": "The work item's id.",
    "provider": "The payment provider's name.",
}


def _headers(operation: Operation) -> list[Schema]:
    headers = []
    if operation.key is not Key.NONE:
        headers.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": operation.key is Key.REQUIRED,
                "description": "Repeating a request with its key never repeats its effect; another request takes"
                " another key.",
                "example": f"{operation.view.__name__}-1",
                "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": "^[!-~]+$"},
            }
        )
    if operation.has_version:
        headers.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "The ETag of the version that was looked at.",
                "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
            }
        )
    return headers


def _query(operation: Operation, schemas: Schemas) -> list[Schema]:
    if operation.which is None:
        return []
    filters = [(each.name, schemas.parameter(each, operation.which)) for each in fields(operation.which)]
    bounded = [
        (name, {**schema, "maxLength": MAX_NAME_LENGTH} if schema == {"type": "string"} else schema)
        for name, schema in filters
    ]
    paging = [
        ("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50}),
        ("after", {"type": "string", "maxLength": MAX_CURSOR_LENGTH}),
    ]
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in bounded + paging]


def _responses(operation: Operation, schemas: Schemas) -> Schema:
    responses: Schema = {}
    for status in (operation.status, *operation.also):
        responses[str(status)] = {"description": _STATUS_WORDS[status], "content": _content(operation, schemas)}
    codes: dict[int, list[str]] = {}
    for refusal in _refusals(operation):
        codes.setdefault(status_of(refusal), []).append(refusal.code)
    if operation.key is Key.REQUIRED:
        codes.setdefault(400, []).append(IdempotencyKeyRequired.code_name)
    codes.setdefault(404, []).append(HTTP_CODES[404])
    if operation.body is not None:
        for status in (413, 415):
            codes[status] = [HTTP_CODES[status]]
    for status, named in sorted(codes.items()):
        responses[str(status)] = _refused(", ".join(sorted(set(named))))
    responses["default"] = _refused("any other refusal")
    return responses


def _refusals(operation: Operation) -> tuple[type[OrderCoreError], ...]:
    unreadable = (UnreadableRequest,) if operation.body is not None else ()
    always = (refusal for refusal in ALWAYS if not (operation.is_open and refusal in BY_TOKEN))
    return (*always, *unreadable, *operation.refusals)


_STATUS_WORDS = {200: "Done.", 201: "Made.", 202: "Accepted; an answer from outside is outstanding: see Location."}


def _content(operation: Operation, schemas: Schemas) -> Schema:
    if operation.answer is bytes:
        return {"*/*": {"schema": {}}}
    if not operation.listed:
        return {"application/json": {"schema": schemas.of(operation.answer)}}
    return {"application/json": {"schema": _page(schemas.of(operation.answer))}}


def _page(row: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": row},
            "next": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["data", "next"],
        "additionalProperties": False,
    }


def _refused(codes: str) -> Schema:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": f"Refused: {codes}.", "content": {MEDIA_TYPE: {"schema": schema}}}


def _problem(field_problem: Schema) -> Schema:
    return {
        "type": "object",
        "description": "A problem document (RFC 9457), with the refusal's own facts beside these members.",
        "properties": {
            "type": {"type": "string", "pattern": f"^{TYPE_PREFIX}"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "errors": {"type": "array", "items": field_problem},
        },
        "required": ["type", "title", "status", "detail", "code"],
    }


def _health(name: str, summary: str, schemas: Schemas) -> Schema:
    content = {"application/json": {"schema": schemas.of(HealthShape)}}
    return {
        "operationId": name,
        "tags": ["health"],
        "summary": summary,
        "security": [],
        "responses": {
            "200": {"description": "It does.", "content": content},
            "503": {"description": "Not now.", "content": content},
        },
    }
