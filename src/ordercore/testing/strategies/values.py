"""The only place with Hypothesis strategies for the domain's values: ids, times, money, texts, addresses, actors.

Each is made once: what costs most of a draw is to check a strategy that is new.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ordercore.domain import limits
from ordercore.domain.actor import Actor, ActorKind, Permission
from ordercore.domain.card_numbers import holds_card_number
from ordercore.domain.countries import COUNTRIES
from ordercore.domain.customer import Address, Contact
from ordercore.domain.money import CURRENCY_PLACES, Money
from ordercore.testing.faults import uuid7_of

# Pure character sets: Hypothesis draws a text of them in one go, several times as fast as character by character.
_TEXT = st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" \n\t\u00a0")
_NO_SPACE = st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="@")


@cache
def texts(*, most: int, least: int = 1) -> SearchStrategy[str]:
    """Text that the domain takes: printable, without spaces around it, in any script; rarely long."""
    stripped = st.text(_TEXT, min_size=least, max_size=min(most, 40)).map(str.strip)
    short = stripped.filter(lambda value: len(value) >= least)
    longest = st.sampled_from("aé漢😀").map(lambda character: character * most)
    return short | short | short | longest


@cache
def uuid7s() -> SearchStrategy[UUID]:
    """Ids as the core makes them, of any time until 2100."""
    return st.builds(
        lambda milliseconds, random: uuid7_of(milliseconds=milliseconds, random=random),
        st.integers(0, 4_102_444_800_000),
        st.integers(0, (1 << 74) - 1),
    )


@cache
def times() -> SearchStrategy[datetime]:
    """Aware, in UTC, with microseconds, from 2000 to 2100."""
    return st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zoned there


@cache
def currencies() -> SearchStrategy[str]:
    """ISO 4217 codes; those with two, no and three places first."""
    return st.sampled_from(("EUR", "JPY", "BHD")) | st.sampled_from(sorted(CURRENCY_PLACES))


@cache
def moneys(
    currency: str | None = None, *, least: int = 0, most: int = limits.MAX_AMOUNT_MINOR
) -> SearchStrategy[Money]:
    """Money of one currency or any, in minor units."""
    return st.builds(Money, st.integers(least, most), currencies() if currency is None else st.just(currency))


@cache
def countries() -> SearchStrategy[str]:
    """Two capital letters of a country that there is."""
    return st.sampled_from(sorted(COUNTRIES))


@cache
def emails() -> SearchStrategy[str]:
    """One @ with something on both sides."""
    part = st.text(_NO_SPACE, min_size=1, max_size=20)
    return st.builds("{}@{}".format, part, part)


@cache
def phones() -> SearchStrategy[str]:
    """Five to fifteen digits with the usual separators, no number of a card."""
    pairs = st.lists(st.tuples(st.sampled_from("0123456789"), st.sampled_from(("", "-", " "))), min_size=5, max_size=15)
    return st.builds(
        lambda plus, drawn: plus + "".join(digit + separator for digit, separator in drawn).strip(" "),
        st.sampled_from(("", "+")),
        pairs,
    ).filter(lambda drawn: not holds_card_number(drawn))


@cache
def skus() -> SearchStrategy[str]:
    """Names of products."""
    return texts(most=limits.MAX_SKU_LENGTH)


@cache
def quantities(most: int = limits.MAX_QUANTITY) -> SearchStrategy[int]:
    """Pieces, at least one."""
    return st.integers(1, most)


@cache
def addresses() -> SearchStrategy[Address]:
    """Where parcels go."""
    line, optional = texts(most=limits.MAX_ADDRESS_LINE_LENGTH), texts(most=limits.MAX_ADDRESS_LINE_LENGTH, least=0)
    return st.builds(
        Address,
        line1=line,
        city=line,
        country=countries(),
        line2=optional,
        region=optional,
        postal_code=texts(most=20, least=0),
    )


@cache
def contacts() -> SearchStrategy[Contact]:
    """Names and how to reach them."""
    return st.builds(Contact, name=texts(most=limits.MAX_NAME_LENGTH), email=emails(), phone=st.none() | phones())


@cache
def permissions() -> SearchStrategy[frozenset[Permission]]:
    """At least one permission."""
    return st.frozensets(st.sampled_from(Permission), min_size=1)


@cache
def actors() -> SearchStrategy[Actor]:
    """Who asks."""
    origins = st.sampled_from(("library", "http", "cli", "worker"))
    return st.builds(Actor, st.sampled_from(ActorKind), uuid7s(), permissions(), origins)


@cache
def locales() -> SearchStrategy[str]:
    """BCP 47 tags."""
    return st.sampled_from(("en", "de", "de-AT", "zh-Hant-TW"))
