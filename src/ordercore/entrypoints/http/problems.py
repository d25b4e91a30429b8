"""The only place that maps refusals to HTTP statuses, and writes them as problem documents (RFC 9457)."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping

import orjson
from attrs import asdict
from flask import Flask, Response
from werkzeug.exceptions import BadRequest, HTTPException

from ordercore.domain.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    InvalidRequest,
    Malformed,
    NotFound,
    NotificationRefused,
    OrderCoreError,
    PaymentDeclined,
    Rejected,
    Stale,
    Unauthenticated,
    Unavailable,
    UnreadableRequest,
)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:ordercore:problem:"

STATUSES: Mapping[type[OrderCoreError], int] = {
    Malformed: 422,
    UnreadableRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Stale: 412,
    Rejected: 422,
    NotificationRefused: 400,
    PaymentDeclined: 402,
    Unavailable: 503,
}
"""A family's status holds for its leaves, unless a leaf is named itself."""

HTTP_CODES: Mapping[int, str] = {
    400: "bad_request",
    404: "no_such_address",
    405: "method_not_allowed",
    413: "body_too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    500: "internal_error",
}
"""Codes of what is refused by HTTP itself, before any use case is asked."""

_STANDARD = ("type", "title", "status", "detail", "code", "errors")
_RENAMED = {"status": "current_status"}
_KEPT_OUT = ("summary", "problems", "detail", "pointer")

logger = logging.getLogger("ordercore.http")


class IdempotencyKeyRequired(BadRequest):
    """A POST that moves money or stock came without a key."""

    code_name = "idempotency_key_required"
    description = "Money or stock moves here: send an Idempotency-Key header, a fresh one for each new request."


def status_of(error: OrderCoreError | type[OrderCoreError]) -> int:
    """The status of a refusal: its own, else its family's."""
    cls = error if isinstance(error, type) else type(error)
    return next(STATUSES[each] for each in cls.__mro__ if each in STATUSES)


def document_of(error: OrderCoreError) -> dict[str, object]:
    """The refusal as a problem document: what RFC 9457 names, a stable code, its typed fields, its bad fields."""
    facts = {_RENAMED.get(name, name): fact for name, fact in error.facts.items() if name not in _KEPT_OUT}
    document = {
        **facts,
        "type": TYPE_PREFIX + error.code,
        "title": _title(type(error)),
        "status": status_of(error),
        "detail": str(error),
        "code": error.code,
    }
    errors = _errors(error)
    return document if not errors else {**document, "errors": errors}


def refusal(error: OrderCoreError) -> Response:
    """The refusal as a response."""
    response = _response(document_of(error), status_of(error))
    retry_after_seconds = getattr(error, "retry_after_seconds", None)
    if retry_after_seconds is not None:
        response.headers["Retry-After"] = str(retry_after_seconds)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="ordercore"'
    if error.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def install(app: Flask) -> None:
    """Every error that leaves the application leaves as a problem document."""
    app.register_error_handler(OrderCoreError, refusal)
    app.register_error_handler(HTTPException, _http_refusal)
    app.register_error_handler(Exception, _internal)


def _errors(error: OrderCoreError) -> list[dict[str, object]]:
    if isinstance(error, InvalidRequest):
        return [_located(problem) for problem in error.problems]
    pointer = getattr(error, "pointer", "")
    return [asdict(FieldProblem(pointer=pointer, detail=str(error), code=error.code))] if pointer else []


def _located(problem: FieldProblem) -> dict[str, object]:
    """What is no JSON pointer is a header's name, and said to be one."""
    where = "header" if problem.pointer and not problem.pointer.startswith("/") else "pointer"
    return {where: problem.pointer, "detail": problem.detail, "code": problem.code}


def _title(cls: type[object]) -> str:
    """The first clause of what the class says of itself."""
    return re.split(r" \(HTTP|;|\.$", (cls.__doc__ or cls.__name__).strip().splitlines()[0])[0]


def _http_refusal(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(error.get_body(), status, error.get_headers())
    code = getattr(error, "code_name", None) or HTTP_CODES.get(status, error.name.lower().replace(" ", "_"))
    document = {
        "type": TYPE_PREFIX + code,
        "title": error.name,
        "status": status,
        "detail": error.description or error.name,
        "code": code,
    }
    response = _response(document, status)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _internal(error: Exception) -> Response:
    """Our fault. What was being processed may be personal, so the log gets the places but not the values."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("internal error: %s\n%s", type(error).__name__, frames)
    document = {
        "type": TYPE_PREFIX + HTTP_CODES[500],
        "title": "Internal error",
        "status": 500,
        "detail": "Something went wrong on our side; it is in the log.",
        "code": HTTP_CODES[500],
    }
    return _response(document, 500)


def _response(document: Mapping[str, object], status: int) -> Response:
    return Response(orjson.dumps(document, default=str), status, mimetype=MEDIA_TYPE)
