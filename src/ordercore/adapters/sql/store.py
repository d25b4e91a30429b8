"""The only place where transactions over SQL begin and end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine

from ordercore.adapters.sql import engines
from ordercore.adapters.sql.database_clock import DatabaseClock
from ordercore.adapters.sql.file_lock import FileLock
from ordercore.adapters.sql.postgres_wire import PostgresWire
from ordercore.adapters.sql.queries import SqlQueries
from ordercore.adapters.sql.sqlite_wire import SqliteWire
from ordercore.adapters.sql.wire import Wire
from ordercore.adapters.sql.work import SqlUnitOfWork
from ordercore.domain.errors import OutcomeUnknown, StoreUnavailable
from ordercore.ports.queries import Lookups, Queries
from ordercore.ports.sealer import Sealer
from ordercore.ports.store import UnitOfWork

POSTGRES_WRITERS = 2
"""While one of its transactions waits for PostgreSQL, another may work; more made groups small and orders dear."""


class SqlStore:
    """A store on SQLite or PostgreSQL.

    SQLite has one writing connection (in a process a lock, between processes a file lock, held for the transaction) and
    reading ones that never wait. `now` replaces the database's clock: the owner of the clock then answers for it.
    """

    def __init__(self, url: str, sealer: Callable[[bytes], Sealer], now: Callable[[], datetime] | None = None) -> None:
        self.address = engines.parsed(url)
        self.is_postgres = self.address.get_backend_name() == "postgresql"
        self.writing: Engine = engines.writing_engine(self.address)
        self.reading_engine: Engine = engines.reading_engine(self.address, self.writing)
        self._make_sealer = sealer
        self._sealer: Sealer | None = None
        self._now = now
        self._database_clock = DatabaseClock()
        self._writer = threading.RLock()
        self._own: Any = None
        self._in_transaction = threading.local()
        file = engines.database_file(self.address)
        self._file_lock = None if file is None else FileLock(file)
        self._is_shared = engines.is_in_memory(self.address)
        self._is_closed = False

    @property
    def sealer(self) -> Sealer:
        """What protects personal data in this store; its key is the store's own."""
        if self._sealer is None:
            with engines.translated(), self.reading_engine.connect() as connection:
                row = connection.exec_driver_sql("SELECT value FROM meta WHERE name = 'digest_key'").scalar_one()
            self._sealer = self._make_sealer(bytes(row))
        return self._sealer

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        """A writing transaction."""
        self._refuse_closed()
        self._refuse_nesting()
        sealer = self.sealer
        self._in_transaction.open = True
        try:
            with self._alone(), engines.translated(), self._writing_connection() as connection:
                yield from self._transaction(connection, sealer)
        finally:
            self._in_transaction.open = False

    @contextmanager
    def reading(self) -> Iterator[Lookups]:
        """A snapshot of single aggregates."""
        with self.listing() as queries:
            yield queries

    @contextmanager
    def listing(self) -> Iterator[Queries]:
        """A snapshot that can list and search."""
        self._refuse_closed()
        sealer = self.sealer
        with self.snapshot() as (connection, wire):
            yield SqlQueries(connection, wire, sealer, self.clock)

    @contextmanager
    def snapshot(self) -> Iterator[tuple[Connection, Wire]]:
        """What every reader reads from: a transaction that waits for no writer and writes nothing."""
        self._refuse_closed()
        if self._is_shared:
            self._refuse_nesting()  # the one connection is in the middle of a transaction
        with engines.translated(), self._shared(), self.reading_engine.connect() as connection:
            if self.is_postgres:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            elif not self._is_shared:
                connection.exec_driver_sql("BEGIN")
            try:
                yield connection, self._wire(connection.connection.cursor())
            finally:
                if not self.is_postgres and not self._is_shared:
                    connection.exec_driver_sql("ROLLBACK")

    @property
    def writers_at_once(self) -> int:
        """How many transactions of one process are worth running side by side: on SQLite the writer is alone."""
        return POSTGRES_WRITERS if self.is_postgres else 1

    def durability(self) -> dict[str, str]:
        """The settings on which "answered is on disk" rests, as the writing connection has them."""
        with engines.translated(), self._alone():
            return engines.durability(self.writing)

    def clock(self, wire: Wire) -> datetime:
        """The database's clock, or the one that stands in for it."""
        if self._now is not None:
            return self._now()
        if self.is_postgres:
            return self._database_clock.now(wire)
        return datetime.now(UTC)

    @property
    def is_in_memory(self) -> bool:
        """Whether the store lives and dies with this process."""
        return self._is_shared

    def is_transient(self, failure: BaseException) -> bool:
        """Whether the same transaction may well succeed when tried again: a deadlock, a serialization failure, or a
        connection that was lost before the commit.
        """
        is_lost = self.is_postgres and isinstance(failure, StoreUnavailable)
        return is_lost or str(getattr(failure, "sqlstate", None) or "").startswith("40")

    def close(self) -> None:
        """Give connections and files back."""
        self._is_closed = True
        if self._own is not None:
            self._own.close()
            self._own = None
        self.reading_engine.dispose()
        self.writing.dispose()
        if self._file_lock is not None:
            with self._writer:
                self._file_lock.close()

    @contextmanager
    def _writing_connection(self) -> Iterator[Any]:
        """The driver's connection: from the pool on PostgreSQL; on SQLite the one writer's, kept at hand."""
        if self.is_postgres:
            with self.writing.connect() as connection:
                driver: Any = connection.connection
                try:
                    yield driver
                except BaseException:
                    if driver.driver_connection.closed:  # the pool would try to roll it back, and log that it cannot
                        connection.invalidate()
                    raise
        else:
            if self._own is None:
                self._own = self.writing.raw_connection()
            yield self._own

    def _transaction(self, connection: Any, sealer: Sealer) -> Iterator[UnitOfWork]:
        cursor = connection.cursor()
        wire = self._wire(cursor)
        if not self.is_postgres:
            cursor.execute("BEGIN IMMEDIATE")
        try:
            work = SqlUnitOfWork(wire, sealer, self.clock)
            yield work
            work.flush()
        except BaseException:
            self._roll_back(connection, cursor)
            raise
        self._commit(connection, cursor)

    def _refuse_closed(self) -> None:
        """The engines would connect again: to a file that its user thinks is free, or to nothing in memory."""
        if self._is_closed:
            raise StoreUnavailable(reason="the shop was closed")

    def _refuse_nesting(self) -> None:
        if getattr(self._in_transaction, "open", False):
            raise RuntimeError("a unit of work is open in this thread already; they do not nest, read through it")

    def _commit(self, connection: Any, cursor: Any) -> None:
        try:
            if self.is_postgres:
                connection.commit()
            else:
                cursor.execute("COMMIT")
        except Exception as failure:
            if self.is_postgres and engines.is_connection_failure(failure):
                raise OutcomeUnknown from failure
            self._roll_back(connection, cursor)
            raise

    def _roll_back(self, connection: Any, cursor: Any) -> None:
        if self.is_postgres:
            connection.rollback()
        elif connection.driver_connection.in_transaction:
            cursor.execute("ROLLBACK")

    def _wire(self, cursor: Any) -> Wire:
        return PostgresWire(cursor) if self.is_postgres else SqliteWire(cursor)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """SQLite's writer is alone: in this process and among processes. PostgreSQL needs neither."""
        if self.is_postgres:
            yield
        else:
            with self._writer, self._file_lock or nullcontext():
                yield

    def _shared(self) -> AbstractContextManager[object]:
        """In memory everybody shares one connection, readers too."""
        return self._writer if self._is_shared else nullcontext()
