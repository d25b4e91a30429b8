"""The only place that checks single fields where data enters: each check names the field and what would be right.

Objects restored from rows do not pass here; a rule that grows stricter never makes an old row unreadable.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from unicodedata import category

from attrs import Attribute

from ordercore.domain.card_numbers import holds_card_number
from ordercore.domain.countries import COUNTRIES
from ordercore.domain.errors import InvalidRequest, UnknownResource
from ordercore.domain.limits import MAX_EMAIL_LENGTH, MAX_PHONE_LENGTH

T = TypeVar("T")
Check = Callable[[Any, "Attribute[Any]", Any], None]

_UNPRINTED = "\n\t\u200c\u200d"
"""Line ends, tabs, and the (non-)joiners that Persian and Hindi spelling needs; spaces of every script are text too."""


def restore(cls: type[T], values: dict[str, Any]) -> T:
    """A frozen, unslotted object from values that were checked when they entered; no validator runs."""
    instance = object.__new__(cls)
    instance.__dict__.update(values)
    return instance


def trimmed(value: Any) -> Any:
    """Converter: text without spaces around it; anything else as it is, for the check to refuse."""
    return value.strip() if isinstance(value, str) else value


def as_tuple(value: Any) -> Any:
    """Converter: a list becomes a tuple; anything else as it is, for the check to refuse."""
    return tuple(value) if isinstance(value, list) else value


def refuse_unstorable(kind: str, name: str) -> None:
    """Raises UnknownResource for a name that no store can hold: a NUL, or a lone surrogate, in it."""
    if "\0" in name or any("\ud800" <= character <= "\udfff" for character in name):
        raise UnknownResource(kind=kind, name=ascii(name))


def text(*, most: int, least: int = 1, is_card: bool = False) -> Check:
    """Printable text between `least` and `most` characters; no control characters, no lone surrogates.

    And no number of a card in it, since texts are kept, unless it `is_card` details on their way to the vault. The
    refusal does not repeat it.
    """

    def check(_: Any, attribute: Attribute[Any], value: Any) -> None:
        if not isinstance(value, str):
            _refuse(attribute, "must be text", "wrong_type")
        if not least <= len(value) <= most:
            _refuse(attribute, f"must have {least} to {most} characters, not {len(value)}", "wrong_length")
        if not _is_clean(value):
            _refuse(attribute, "must not contain control characters or lone surrogates", "bad_characters")
        if not is_card and holds_card_number(value):
            _refuse(attribute, "must not hold the number of a card", "card_number")

    check.schema = {"type": "string", "minLength": least, "maxLength": most}  # type: ignore[attr-defined] # for OpenAPI
    return check


def whole_number(*, least: int, most: int) -> Check:
    """An integer within bounds; a boolean is none."""

    def check(_: Any, attribute: Attribute[Any], value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            _refuse(attribute, "must be a whole number", "wrong_type")
        if not least <= value <= most:
            _refuse(attribute, f"must be between {least} and {most}, not {value}", "out_of_range")

    check.schema = {"type": "integer", "minimum": least, "maximum": most}  # type: ignore[attr-defined] # for OpenAPI
    return check


def optional(inner: Check) -> Check:
    """Nothing, or what the inner check takes."""

    def check(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        if value is not None:
            inner(instance, attribute, value)

    check.schema = getattr(inner, "schema", {})  # type: ignore[attr-defined] # for OpenAPI
    return check


def instance_of(cls: type[Any] | tuple[type[Any], ...]) -> Check:
    """A value of that class."""

    def check(_: Any, attribute: Attribute[Any], value: Any) -> None:
        if not isinstance(value, cls):
            names = cls.__name__ if isinstance(cls, type) else " or ".join(each.__name__ for each in cls)
            _refuse(attribute, f"must be a {names}", "wrong_type")

    return check


def several_of(cls: type[Any], *, least: int, most: int) -> Check:
    """A tuple of `least` to `most` values of that class."""

    def check(_: Any, attribute: Attribute[Any], value: Any) -> None:
        if not isinstance(value, tuple) or not all(isinstance(each, cls) for each in value):
            _refuse(attribute, f"must be a list of {cls.__name__}", "wrong_type")
        if not least <= len(value) <= most:
            _refuse(attribute, f"must have {least} to {most} entries, not {len(value)}", "wrong_length")

    check.schema = {"minItems": least, "maxItems": most}  # type: ignore[attr-defined] # for OpenAPI
    return check


def email(_: Any, attribute: Attribute[Any], value: Any) -> None:
    """One `@` with something on both sides and a dot-free or dotted host; delivery is the real test."""
    text(most=MAX_EMAIL_LENGTH, least=3)(_, attribute, value)
    local, at, host = value.rpartition("@")
    if not (at and local and host) or any(character.isspace() for character in value) or "@" in local:
        _refuse(attribute, "must be an e-mail address such as name@example.com", "not_an_email")


email.schema = {"type": "string", "minLength": 3, "maxLength": MAX_EMAIL_LENGTH, "format": "email"}  # type: ignore[attr-defined] # for OpenAPI


def phone(_: Any, attribute: Attribute[Any], value: Any) -> None:
    """Digits with the usual separators, an optional leading plus; 5 to 15 digits (ITU-T E.164)."""
    text(most=MAX_PHONE_LENGTH, least=5)(_, attribute, value)
    digits = [character for character in value.removeprefix("+") if character not in " -./()"]
    if not all(character.isascii() and character.isdigit() for character in digits) or not 5 <= len(digits) <= 15:
        _refuse(attribute, "must be a phone number such as +15135550100", "not_a_phone")


phone.schema = {"type": "string", "minLength": 5, "maxLength": MAX_PHONE_LENGTH}  # type: ignore[attr-defined] # for OpenAPI


def country(_: Any, attribute: Attribute[Any], value: Any) -> None:
    """The two capital letters of a country that there is (ISO 3166-1 alpha-2)."""
    if not (isinstance(value, str) and value in COUNTRIES):
        _refuse(attribute, "must be the two capital letters of a country (ISO 3166-1), such as US", "not_a_country")


country.schema = {"type": "string", "enum": sorted(COUNTRIES)}  # type: ignore[attr-defined] # for OpenAPI


def aware(_: Any, attribute: Attribute[Any], value: Any) -> None:
    """A time with its zone, in the years 1 to 9999 of UTC too; naive times are refused."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        _refuse(attribute, "must be a time with a zone such as 2017-01-01T11:53:26Z", "naive_time")
    try:
        value.astimezone(UTC)
    except OverflowError:
        _refuse(attribute, "must be in the years 1 to 9999 of UTC", "out_of_range")


def _refuse(attribute: Attribute[Any], detail: str, code: str) -> None:
    raise InvalidRequest.of(f"/{attribute.alias or attribute.name}", detail, code)


def _is_clean(value: str) -> bool:
    return value.isprintable() or all(
        character.isprintable() or character in _UNPRINTED or category(character) == "Zs" for character in value
    )
