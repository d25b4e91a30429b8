from collections.abc import Iterator
from typing import Any, ClassVar

import psycopg
import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from ordercore.adapters.sql.postgres_wire import PostgresWire

PARENTS = Table("parents", MetaData(), Column("id", Integer), Column("first", Integer), Column("second", Integer))
CHILDREN = Table("children", MetaData(), Column("id", Integer), Column("parent_id", Integer))


class Listening(psycopg.Cursor[Any]):
    """A cursor that keeps what it was told to send."""

    sent: ClassVar[list[str]] = []

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        self.sent.append(str(query))
        return super().execute(query, params, **options)


@pytest.fixture
def connection(postgres_template: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_template, cursor_factory=Listening) as connection:
        connection.execute("CREATE TEMP TABLE parents (id integer PRIMARY KEY, first integer, second integer)")
        connection.execute("CREATE TEMP TABLE children (id integer, parent_id integer REFERENCES parents)")
        yield connection
        connection.rollback()


def contents(connection: psycopg.Connection, table: Table) -> list[tuple[int, ...]]:
    return connection.execute(f"SELECT * FROM {table.name} ORDER BY id").fetchall()


def test_all_writes_are_one_statement_and_may_refer_to_one_another(connection: psycopg.Connection) -> None:
    wire = PostgresWire(connection.cursor())
    Listening.sent.clear()
    with wire.together():
        wire.insert(CHILDREN, [(10, 1), (11, 2)])
        wire.insert(PARENTS, [(1, 0, 0), (2, 0, 0)])
    assert len(Listening.sent) == 1
    assert contents(connection, CHILDREN) == [(10, 1), (11, 2)]


def test_a_row_that_is_written_twice_keeps_both_writes(connection: psycopg.Connection) -> None:
    wire = PostgresWire(connection.cursor())
    wire.insert(PARENTS, [(1, 0, 0)])
    with wire.together():
        wire.update(PARENTS, ("first",), ("id",), [(7, 1)])
        wire.insert(CHILDREN, [(10, 1)])
        wire.update(PARENTS, ("second",), ("id",), [(8, 1)])
    assert contents(connection, PARENTS) == [(1, 7, 8)]
    with wire.together():
        wire.delete(CHILDREN, ("id",), [(10,)])
        wire.insert(CHILDREN, [(10, 1)])
    assert contents(connection, CHILDREN) == [(10, 1)]


def test_a_failure_inside_sends_nothing_and_leaves_the_wire_usable(connection: psycopg.Connection) -> None:
    wire = PostgresWire(connection.cursor())

    def fail() -> None:
        with wire.together():
            wire.insert(PARENTS, [(1, 0, 0)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    wire.insert(PARENTS, [(2, 0, 0)])
    assert contents(connection, PARENTS) == [(2, 0, 0)]
