"""The only place that makes tables and columns, and names constraints: every area's tables are written with these."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, text

from ordercore.adapters.sql.column_types import Id, Moment

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def table(name: str, *parts: Any) -> Table:
    """A table clustered by its key, on SQLite too: rows of one order lie together."""
    return Table(name, metadata, *parts, sqlite_with_rowid=False)


def key(name: str = "id", *, refers: str | None = None) -> Column[UUID]:
    """An id in the primary key; `refers` names the column it must be found in."""
    return Column(name, Id, *_referring(refers), primary_key=True)


def uuid(name: str, *, refers: str | None = None, null: bool = False) -> Column[UUID]:
    """An id outside the primary key."""
    return Column(name, Id, *_referring(refers), nullable=null)


def count(name: str) -> Column[int]:
    """A number of things."""
    return Column(name, Integer, nullable=False)


def minor(name: str) -> Column[int]:
    """Money in minor units of the row's currency."""
    return Column(name, BigInteger, nullable=False)


def balance(name: str) -> Column[int]:
    """Money in minor units that comes and goes: nothing, where nobody says otherwise."""
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def flag(name: str) -> Column[bool]:
    """A claim that holds or does not."""
    return Column(name, Boolean(create_constraint=False), nullable=False)


def string(name: str, *, null: bool = False) -> Column[str]:
    """Text of any length."""
    return Column(name, Text, nullable=null)


def blob(name: str, *, null: bool = False) -> Column[bytes]:
    """Bytes: sealed, hashed or a file."""
    return Column(name, LargeBinary, nullable=null)


def moment(name: str, *, null: bool = False) -> Column[datetime]:
    """A time with microseconds."""
    return Column(name, Moment, nullable=null)


def versioned() -> tuple[Column[Any], Column[Any]]:
    """What every main aggregate has: its version, and how many events tell of it."""
    return count("version"), count("event_count")


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows for which `where` holds."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def _referring(column: str | None) -> tuple[ForeignKey, ...]:
    return () if column is None else (ForeignKey(column),)
