"""The only place that listens at the driver: every statement that an engine sends, as it sends it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, event

Statement = tuple[str, Any]
"""Its text and its parameters."""


@contextmanager
def driver_log() -> Iterator[list[Statement]]:
    """Statements of every engine that connects within the block, begins and commits that the drivers send themselves
    aside: one `execute` or `executemany` each."""
    log: list[Statement] = []

    class SqliteCursor(sqlite3.Cursor):
        def execute(self, statement: str, parameters: Any = ()) -> Any:
            log.append((statement, parameters))
            return super().execute(statement, parameters)

        def executemany(self, statement: str, parameters: Any) -> Any:
            log.append((statement, parameters))
            return super().executemany(statement, parameters)

    class SqliteConnection(sqlite3.Connection):
        def cursor(self, factory: Any = SqliteCursor) -> Any:
            return super().cursor(factory)

    class PostgresCursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            log.append((str(query), params))
            return super().execute(query, params, **options)

    def connect(dialect: Any, _: Any, __: Any, parameters: dict[str, Any]) -> None:
        if dialect.name == "sqlite":
            parameters["factory"] = SqliteConnection
        else:
            parameters["cursor_factory"] = PostgresCursor

    event.listen(Engine, "do_connect", connect)
    try:
        yield log
    finally:
        event.remove(Engine, "do_connect", connect)
