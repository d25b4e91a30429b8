"""The only place that opens databases: engines, the settings durability needs, and what they were read back as."""

from __future__ import annotations

import select
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool, StaticPool

from ordercore.domain.errors import InvalidRequest, StoreUnavailable

BUSY_TIMEOUT_SECONDS = 30
STATEMENTS_KEPT = 512
READERS = 64


def parsed(url: str) -> URL:
    """The database's address.

    Raises:
        InvalidRequest: it is none that the core can open.
    """
    hint = "must be a database URL such as sqlite:///shop.db or postgresql://user@host/name"
    try:
        address = make_url(url)
    except ArgumentError:
        raise InvalidRequest.of("/database", hint, "bad_url") from None
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise InvalidRequest.of("/database", hint, "bad_url")
    return address


def is_in_memory(address: URL) -> bool:
    """Whether the database lives and dies with this process."""
    return address.get_backend_name() == "sqlite" and address.database in (None, "", ":memory:")


def database_file(address: URL) -> Path | None:
    """The file of a SQLite database."""
    if address.get_backend_name() != "sqlite" or is_in_memory(address):
        return None
    return Path(str(address.database))


def writing_engine(address: URL) -> Engine:
    """The engine of writers: one connection on SQLite, a pool on PostgreSQL."""
    if address.get_backend_name() == "postgresql":
        return _postgres_engine(address)
    engine = _sqlite_engine(address, poolclass=StaticPool)
    _prepare(engine, ["PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON", f"PRAGMA cache_size={-64 * 1024}"])
    return engine


def reading_engine(address: URL, writing: Engine) -> Engine:
    """The engine of readers, who wait for no writer: connections that refuse to write on SQLite."""
    if address.get_backend_name() == "postgresql" or is_in_memory(address):
        return writing
    engine = _sqlite_engine(address, poolclass=QueuePool, pool_size=READERS, max_overflow=0)
    _prepare(engine, ["PRAGMA query_only=ON"])
    return engine


def durability(engine: Engine) -> dict[str, str]:
    """The settings on which "answered is on disk" rests, read back from the database."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            names = ("fsync", "synchronous_commit", "full_page_writes")
            return {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in names}
        synchronous = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        return {"journal_mode": str(journal), "synchronous": synchronous[level]}


@contextmanager
def translated() -> Iterator[None]:
    """A database that cannot be reached is said in the core's own words.

    Raises:
        StoreUnavailable: the connection failed or was lost, or none became free in time.
        InvalidRequest: the driver of this database is not installed.
    """
    try:
        yield
    except (ModuleNotFoundError, NoSuchModuleError) as missing:
        detail = f"needs its driver: pip install 'ordercore[postgres]' ({missing})"
        raise InvalidRequest.of("/database", detail, "driver_missing") from None
    except PoolTimeout as failure:
        raise StoreUnavailable(reason="all its connections are in use") from failure
    except DBAPIError as failure:
        if is_connection_failure(failure.orig):
            raise StoreUnavailable(reason=first_line(failure.orig)) from failure
        raise
    except Exception as failure:
        if is_connection_failure(failure):
            raise StoreUnavailable(reason=first_line(failure)) from failure
        raise


def is_connection_failure(failure: BaseException | None) -> bool:
    """Whether this is the database being away, and not a statement being wrong or a deadlock."""
    if isinstance(failure, sqlite3.Error):
        return any(word in str(failure) for word in ("unable to open", "disk", "locked", "readonly", "not a database"))
    if not {"OperationalError", "InterfaceError"} & {each.__name__ for each in type(failure).__mro__}:
        return False
    state = getattr(failure, "sqlstate", None)
    return state is None or state.startswith(("08", "57P", "53"))


def first_line(failure: BaseException | None) -> str:
    """The failure in one line."""
    return (str(failure).strip() or type(failure).__name__).splitlines()[0]


def _postgres_engine(address: URL) -> Engine:
    with translated():
        engine = create_engine(address, pool_size=READERS, max_overflow=0, isolation_level="READ COMMITTED")

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, *_: object) -> None:
        if _has_word(connection.fileno()):
            raise DisconnectionError("the server closed the connection while nobody used it")

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            cursor.execute("SET default_transaction_isolation TO 'read committed'")
            cursor.execute("SET synchronous_commit TO on")  # whatever the role or the database would rather have
        connection.commit()

    return engine


def _has_word(socket: int) -> bool:
    """Whether an idle connection has something to read: its end, after a restart. Looking costs no round trip."""
    if not hasattr(select, "poll"):  # pragma: no cover - Windows
        return bool(select.select([socket], [], [], 0)[0])
    watch = select.poll()
    watch.register(socket, select.POLLIN)
    return bool(watch.poll(0))


def _sqlite_engine(address: URL, **pool: Any) -> Engine:
    return create_engine(
        address,
        connect_args={
            "check_same_thread": False,
            "isolation_level": None,
            "timeout": BUSY_TIMEOUT_SECONDS,
            "cached_statements": STATEMENTS_KEPT,
        },
        **pool,
    )


def _prepare(engine: Engine, pragmas: list[str]) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: object) -> None:
        ((journal,),) = connection.execute("PRAGMA journal_mode=WAL").fetchall()
        if journal not in ("wal", "memory"):
            raise StoreUnavailable(reason=f"SQLite cannot keep a write-ahead log here, only {journal}")
        for pragma in pragmas:
            connection.execute(pragma)
        # SQLite's own lower() knows ASCII only: a search for "crème" would not find "CRÈME"
        connection.create_function("lower", 1, str.lower, deterministic=True)
