"""The only place that reads Stripe's forms: `metadata[order]=1&expand[0]=charge` as nested values."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ordercore.testing.stripe.refusals import Refusal, bad_parameter
from ordercore.testing.stripe.shapes import Json


def decode(encoded: str) -> Json:
    """Nested dictionaries; what is numbered (`expand[0]`) becomes a list."""
    nested: Json = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        *path, last = name.replace("]", "").split("[")
        place = nested
        for step in path:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise bad_parameter(name, "parameter_invalid")
        place[last] = value
    return {name: _listed(value) for name, value in nested.items()}


def only(parameters: Json, *known: str) -> None:
    """Raises Refusal for a parameter that the route does not know."""
    for name in parameters:
        if name not in known and name != "expand":
            raise bad_parameter(name, "parameter_unknown")


def text(parameters: Json, name: str) -> str:
    """A parameter that must be there.

    Raises:
        Refusal: it is not.
    """
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise bad_parameter(name, "parameter_missing")
    return value


def whole(parameters: Json, name: str, otherwise: int | None = None) -> int:
    """A whole number, not negative.

    Raises:
        Refusal: it is none.
    """
    if otherwise is not None and name not in parameters:
        return otherwise
    value = text(parameters, name)
    if not (value.isascii() and value.isdigit() and len(value) <= 12):
        raise bad_parameter(name, "parameter_invalid_integer")
    return int(value)


def flag(parameters: Json, name: str) -> bool:
    """`true` or `false`; false where it is not given."""
    return bool(parameters.get(name, "false") == "true")


def nested(parameters: Json, name: str) -> Json:
    """Parameters inside another; none where they are not given.

    Raises:
        Refusal: it is plain text.
    """
    value = parameters.get(name, {})
    if not isinstance(value, dict):
        raise Refusal(400, "invalid_request_error", f"Invalid object: {name}", param=name)
    return value


def _listed(value: object) -> object:
    if isinstance(value, dict) and value and all(name.isdigit() or not name for name in value):
        return list(value.values())
    return value
