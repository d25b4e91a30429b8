from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from attrs import field, frozen

from ordercore.domain import fields
from ordercore.domain.countries import COUNTRIES
from ordercore.domain.customer import Contact
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.limits import MAX_EMAIL_LENGTH


def problem_of(check: fields.Check, value: Any) -> str | None:
    """The code with which a field of that check refuses the value; None where it takes it."""

    @frozen
    class Form:
        value: Any = field(validator=check)

    try:
        Form(value)
    except InvalidRequest as refusal:
        (problem,) = refusal.problems
        assert problem.pointer == "/value"
        assert problem.detail.startswith("must")
        return problem.code
    return None


@pytest.mark.parametrize(
    "value",
    [
        "a",
        "Ångström",
        "東京都\u3000千代田区",
        "नमस्\u200cते",
        "👩\u200d🚀",
        "non\u00a0breaking",
        "two\nlines",
        "a\ttab",
        "x" * 40,
    ],
)
def test_text_of_every_script_is_taken(value: str) -> None:
    assert problem_of(fields.text(most=40), value) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (5, "wrong_type"),
        (None, "wrong_type"),
        (b"bytes", "wrong_type"),
        ("", "wrong_length"),
        ("x" * 41, "wrong_length"),
        ("nul\x00", "bad_characters"),
        ("bell\x07", "bad_characters"),
        ("return\r", "bad_characters"),
        ("lone \ud800 surrogate", "bad_characters"),
        ("turned \u202e around", "bad_characters"),
        ("paragraph\u2029", "bad_characters"),
    ],
)
def test_what_is_no_clean_text_is_refused(value: Any, code: str) -> None:
    assert problem_of(fields.text(most=40), value) == code


def test_text_may_be_allowed_to_be_empty() -> None:
    assert problem_of(fields.text(most=4, least=0), "") is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1, None),
        (9, None),
        (0, "out_of_range"),
        (10, "out_of_range"),
        (1.5, "wrong_type"),
        (2.0, "wrong_type"),
        ("2", "wrong_type"),
        (True, "wrong_type"),
        (None, "wrong_type"),
        (float("nan"), "wrong_type"),
    ],
)
def test_a_whole_number_is_an_integer_within_its_bounds(value: Any, code: str | None) -> None:
    assert problem_of(fields.whole_number(least=1, most=9), value) == code


def test_an_optional_field_is_nothing_or_right() -> None:
    check = fields.optional(fields.whole_number(least=1, most=9))
    assert [problem_of(check, value) for value in (None, 5, 10)] == [None, None, "out_of_range"]


def test_an_instance_is_of_its_class_or_one_of_several() -> None:
    assert problem_of(fields.instance_of(UUID), UUID(int=1)) is None
    assert problem_of(fields.instance_of(UUID), "1") == "wrong_type"
    assert problem_of(fields.instance_of((UUID, str)), "1") is None
    with pytest.raises(InvalidRequest, match="must be a UUID or str"):
        refuse(fields.instance_of((UUID, str)), 1)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ((1,), None),
        ((1, 2), None),
        ((), "wrong_length"),
        ((1, 2, 3), "wrong_length"),
        ([1], "wrong_type"),
        (("1",), "wrong_type"),
        (None, "wrong_type"),
        ("12", "wrong_type"),
    ],
)
def test_several_are_a_tuple_of_one_class_within_bounds(value: Any, code: str | None) -> None:
    assert problem_of(fields.several_of(int, least=1, most=2), value) == code


@pytest.mark.parametrize(
    "value", ["anna@example.com", "a@b", "anna+shop@example.co.uk", "jürgen@müller.de", '"quoted"@example.com']
)
def test_an_email_address_is_taken(value: str) -> None:
    assert problem_of(fields.email, value) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("anna.example.com", "not_an_email"),
        ("@example.com", "not_an_email"),
        ("anna@", "not_an_email"),
        ("anna@home@example.com", "not_an_email"),
        ("anna meyer@example.com", "not_an_email"),
        ("anna@example.com\nbcc:x@y", "not_an_email"),
        ("a@", "wrong_length"),
        ("a@" + "b" * MAX_EMAIL_LENGTH, "wrong_length"),
        (None, "wrong_type"),
    ],
)
def test_what_no_mail_reaches_is_refused(value: Any, code: str) -> None:
    assert problem_of(fields.email, value) == code


@pytest.mark.parametrize("value", ["+15135550100", "(0513) 555-0100", "030/123456", "12345", "+1.513.555.0100"])
def test_a_phone_number_is_taken(value: str) -> None:
    assert problem_of(fields.phone, value) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("call me", "not_a_phone"),
        ("1-2-3-4", "not_a_phone"),
        ("1234567890123456", "not_a_phone"),
        ("++15135550100", "not_a_phone"),
        ("\u0661\u0662\u0663\u0664\u0665", "not_a_phone"),
        ("123", "wrong_length"),
        ("1" * 33, "wrong_length"),
        (15135550100, "wrong_type"),
    ],
)
def test_what_nobody_can_dial_is_refused(value: Any, code: str) -> None:
    assert problem_of(fields.phone, value) == code


@pytest.mark.parametrize("value", ["US", "DE", "XK", "AQ"])
def test_a_country_is_two_capital_letters(value: str) -> None:
    assert problem_of(fields.country, value) is None


def test_there_are_as_many_countries_as_iso_3166_has_and_kosovo() -> None:
    assert len(COUNTRIES) == 249 + 1
    assert all(len(code) == 2 and code.isascii() and code.isupper() for code in COUNTRIES)


@pytest.mark.parametrize("value", ["us", "USA", "U", "", "U1", "ÄÖ", "ZZ", "AA", "UK", "EU", None, 49, ["US"]])
def test_anything_else_is_no_country(value: Any) -> None:
    assert problem_of(fields.country, value) == "not_a_country"


def test_a_time_has_its_zone() -> None:
    assert problem_of(fields.aware, datetime(2026, 3, 1, tzinfo=UTC)) is None
    assert problem_of(fields.aware, datetime(2026, 3, 1)) == "naive_time"  # noqa: DTZ001 - the claim
    assert problem_of(fields.aware, "2026-03-01T00:00:00Z") == "naive_time"


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=14))),
    ],
)
def test_a_time_that_utc_cannot_say_is_refused_before_a_store_keeps_it_and_cannot_read_it(moment: datetime) -> None:
    assert problem_of(fields.aware, moment) == "out_of_range"


def test_converters_leave_what_they_do_not_know_to_the_check() -> None:
    assert [fields.trimmed(value) for value in (" a ", 5, None)] == ["a", 5, None]
    assert [fields.as_tuple(value) for value in ([1], (1,), "12", None)] == [(1,), (1,), "12", None]


def test_a_restored_object_is_equal_to_a_checked_one_and_passes_no_check() -> None:
    checked = Contact(name="Anna", email="anna@example.com")
    assert fields.restore(Contact, {"name": "Anna", "email": "anna@example.com", "phone": None}) == checked
    assert fields.restore(Contact, {"name": "", "email": "from an older release", "phone": None}).name == ""


@pytest.mark.parametrize(
    ("check", "schema"),
    [
        (fields.text(most=9), {"type": "string", "minLength": 1, "maxLength": 9}),
        (fields.whole_number(least=1, most=9), {"type": "integer", "minimum": 1, "maximum": 9}),
        (fields.optional(fields.text(most=9)), {"type": "string", "minLength": 1, "maxLength": 9}),
        (fields.optional(fields.instance_of(UUID)), {}),
        (fields.several_of(int, least=1, most=9), {"minItems": 1, "maxItems": 9}),
        (fields.email, {"type": "string", "minLength": 3, "maxLength": MAX_EMAIL_LENGTH, "format": "email"}),
        (fields.country, {"type": "string", "enum": sorted(COUNTRIES)}),
    ],
)
def test_a_check_says_what_it_takes_for_the_api_description(check: Any, schema: dict[str, Any]) -> None:
    assert check.schema == schema


def refuse(check: fields.Check, value: Any) -> None:
    @frozen
    class Form:
        value: Any = field(validator=check)

    Form(value)
