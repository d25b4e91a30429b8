"""The only place for options that several commands share, and for what they are turned into."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from ordercore import PageRequest
from ordercore.domain.customer import Address, Contact
from ordercore.domain.errors import FieldProblem, InvalidRequest
from ordercore.domain.limits import MAX_PAGE
from ordercore.domain.money import Money
from ordercore.entrypoints.cli.exits import Exit, Refusal

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

key_option = click.option(
    "--key", metavar="KEY", help="Idempotency key: the same command with the same key takes effect once."
)
reason_option = click.option("--reason", metavar="TEXT", help="Why; kept with the event.")
version_option = click.option(
    "--expected-version", type=int, metavar="N", help="Refuse if somebody changed it since this version."
)
amount_option = click.option("--amount", metavar="MONEY", help='How much, such as "12.50 EUR"; all of it without.')
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Check and say what would happen; write nothing.")


def several(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Options as one decorator, shown in this order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


page_options = several(
    click.option("--limit", type=click.IntRange(1, MAX_PAGE), default=50, show_default=True, help="Rows a page."),
    click.option("--after", metavar="CURSOR", help="The page after this cursor; each page names the next."),
)
change_options = several(reason_option, version_option, key_option)
address_options = several(
    click.option("--line1", metavar="TEXT", help="Street and number."),
    click.option("--line2", default="", metavar="TEXT", help="The rest of the street address."),
    click.option("--city", metavar="TEXT"),
    click.option("--region", default="", metavar="TEXT", help="State or province."),
    click.option("--postal-code", default="", metavar="TEXT"),
    click.option("--country", metavar="XX", help="Two letters, such as US."),
)
contact_options = several(
    click.option("--name", metavar="TEXT", help="The customer's name."),
    click.option("--email", metavar="ADDRESS"),
    click.option("--phone", metavar="NUMBER", help="Such as +15135550100."),
)


def page(limit: int, after: str | None) -> PageRequest:
    """The page that was asked for."""
    return PageRequest(limit=limit, after=after)


def contact(given: Mapping[str, Any], *, before: Contact | None = None) -> Contact:
    """Contact information from its options; what was not given stays as before.

    Raises:
        InvalidRequest: a field is missing or wrong.
    """
    phone = before.phone if before is not None and given["phone"] is None else given["phone"]
    return Contact(
        name=_needed("name", given["name"], before.name if before else None),
        email=_needed("email", given["email"], before.email if before else None),
        phone=phone or None,
    )


def address(given: Mapping[str, Any]) -> Address | None:
    """An address from its options; None where none of them was given.

    Raises:
        InvalidRequest: a field is missing or wrong.
    """
    names = ("line1", "line2", "city", "region", "postal_code", "country")
    if not any(given[name] for name in names):
        return None
    missing = [name for name in ("line1", "city", "country") if not given[name]]
    if missing:
        raise InvalidRequest(problems=tuple(_missing(name) for name in missing))
    return Address(**{name: given[name] for name in names})


def money(text: str | None, field: str = "amount") -> Money | None:
    """Money as it is printed: "12.50 EUR".

    Raises:
        InvalidRequest: it is written differently; the field is named.
    """
    if text is None:
        return None
    amount, _, currency = text.strip().partition(" ")
    return _money(amount, currency.strip(), {"/amount": f"/{field}", "/currency": f"/{field}"})


def price(amount: str, currency: str) -> Money:
    """Money that came as a price and a currency.

    Raises:
        InvalidRequest: it is none; `/price` or `/currency` is named.
    """
    return _money(amount, currency, {"/amount": "/price", "/currency": "/currency"})


def moment(text: str | None) -> datetime | None:
    """A time such as 2017-01-01T11:53:26Z, or a day such as 2017-01-01 (its start, in UTC).

    Raises:
        InvalidRequest: it is neither, or a time without a zone.
    """
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is not None and value.tzinfo is None and len(text) == len("2017-01-01"):
        return value.replace(tzinfo=UTC)
    if value is None or value.tzinfo is None:
        raise InvalidRequest.of("/time", "must be a day such as 2017-01-01 or a time such as 2017-01-01T11:53:26Z")
    return value.astimezone(UTC)


def confirm(question: str, *, yes: bool) -> None:
    """Ask, unless told not to; no is an end without effect.

    Raises:
        Refusal: nobody is there to answer.
    """
    if not yes and not asked(lambda: click.confirm(question, err=True), otherwise="give --yes to go on unasked"):
        raise click.Abort


def asked(ask: Callable[[], T], *, otherwise: str) -> T:
    """What the person answered. An answer may also be piped; where the input just ends, nobody is there.

    Raises:
        Refusal: nobody is there to answer; it says what to do otherwise.
    """
    try:
        return ask()
    except click.Abort as end:
        if isinstance(end.__context__, EOFError) and not sys.stdin.isatty():
            raise Refusal(f"nobody is there to answer; {otherwise}", Exit.MALFORMED) from None
        raise


def say(text: str) -> None:
    """To the person, beside the output."""
    click.echo(text, err=True)


def again(words: str) -> str:
    """How another command is called on the same database: with --database where it was on this one's line."""
    context = click.get_current_context()
    if context.get_parameter_source("database") is not ParameterSource.COMMANDLINE:
        return f"ordercore {words}"
    database = str(context.params["database"])
    return f"ordercore {words} --database {'URL' if urlsplit(database).password else shlex.quote(database)}"


def _money(amount: str, currency: str, names: Mapping[str, str]) -> Money:
    try:
        return Money.of(amount, currency)
    except InvalidRequest as refusal:
        problems = tuple(FieldProblem(names[each.pointer], each.detail, each.code) for each in refusal.problems)
        raise InvalidRequest(problems=problems) from refusal


def _needed(name: str, given: str | None, before: str | None) -> str:
    value = given if given is not None else before
    if value is None:
        raise InvalidRequest(problems=(_missing(name),))
    return value


def _missing(name: str) -> FieldProblem:
    return FieldProblem(pointer=f"/{name}", detail=f"is needed: give --{name.replace('_', '-')}", code="missing")
