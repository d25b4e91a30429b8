"""The settings on which "answered is on disk" rests, and whether the store answers at all."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

import ordercore
from ordercore import OrderCore
from ordercore.adapters.sql.health import SqlHealth
from ordercore.adapters.sql.store import SqlStore
from ordercore.ports.health import Finding, Verdict
from ordercore.testing.builders import a_customer
from tests.support.postgres import PostgresServer


def durability(shop: OrderCore) -> Finding:
    (found,) = [each for each in shop.examine() if each.check == "durability"]
    assert found.guarantee == 7
    return found


@pytest.fixture
def durable_postgres() -> Iterator[PostgresServer]:
    """A server of its own, with fsync: settings change and the server falls."""
    server = PostgresServer(fsync=True).start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCORE_FAKE_PROVIDERS", str(tmp_path / "providers"))


def test_a_new_file_is_durable(tmp_path: Path) -> None:
    with ordercore.open(f"sqlite:///{tmp_path}/shop.db") as shop:
        found = durability(shop)
    assert found.verdict is Verdict.HOLDS
    assert "journal_mode=wal, synchronous=FULL" in found.detail


@pytest.mark.parametrize("level", ["OFF", "NORMAL"])
def test_a_file_that_is_not_synced_is_seen(tmp_path: Path, level: str) -> None:
    with ordercore.open(f"sqlite:///{tmp_path}/shop.db") as shop:
        store = shop._core.store
        assert isinstance(store, SqlStore)
        with store.writing.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        found = durability(shop)
    assert found.verdict is Verdict.BROKEN
    assert f"(synchronous={level})" in found.detail


def test_a_file_without_a_write_ahead_log_is_seen(tmp_path: Path) -> None:
    with ordercore.open(f"sqlite:///{tmp_path}/shop.db") as shop:
        store = shop._core.store
        assert isinstance(store, SqlStore)
        store.reading_engine.dispose()
        with store.writing.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
        assert "(journal_mode=delete)" in SqlHealth(store, payment_provider="fake")._durability().detail


def test_a_store_in_memory_says_so() -> None:
    with ordercore.in_memory() as shop:
        found = durability(shop)
    assert found.verdict is Verdict.NOTE
    assert "in memory" in found.detail


def test_a_database_that_would_rather_not_wait_for_its_disk_is_overruled(durable_postgres: PostgresServer) -> None:
    url = durable_postgres.create_database()
    ordercore.migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off".encode())
    with ordercore.open(url) as shop:
        assert durability(shop).verdict is Verdict.HOLDS


def test_a_server_that_does_not_guard_its_pages_is_seen(durable_postgres: PostgresServer) -> None:
    url = durable_postgres.create_database()
    ordercore.migrate(url)
    with psycopg.connect(url, autocommit=True) as connection, ordercore.open(url) as shop:
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("SELECT pg_reload_conf()")
        try:
            wait_until(lambda: durability(shop).verdict is Verdict.BROKEN)
            assert "(full_page_writes=off)" in durability(shop).detail
        finally:
            connection.execute("ALTER SYSTEM RESET full_page_writes")
            connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: durability(shop).verdict is Verdict.HOLDS)


def wait_until(is_so: Callable[[], bool]) -> None:
    """A reload reaches a session between two of its statements; a bounded number of them is enough."""
    assert any(is_so() for _ in range(2_000))


def test_a_server_without_fsync_is_seen(postgres_url: str) -> None:
    ordercore.migrate(postgres_url)
    with ordercore.open(postgres_url) as shop:
        found = durability(shop)
    assert found.verdict is Verdict.BROKEN
    assert "(fsync=off, full_page_writes=off)" in found.detail


def test_a_store_in_memory_is_ready() -> None:
    with ordercore.in_memory() as shop:
        assert shop.is_ready()


def test_a_file_at_another_schema_is_not_ready(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    with ordercore.open(f"sqlite:///{file}") as shop:
        assert shop.is_ready()
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert not shop.is_ready()
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("DROP TABLE alembic_version")
        assert not shop.is_ready()


def test_a_shop_is_ready_while_its_server_runs(durable_postgres: PostgresServer) -> None:
    url = durable_postgres.create_database()
    ordercore.migrate(url)
    with ordercore.open(url) as shop:
        assert shop.is_ready()
        durable_postgres.kill()
        assert not shop.is_ready()
        durable_postgres.restart()
        assert shop.is_ready()


def test_in_memory_who_asks_waits_for_whoever_writes() -> None:
    """All share one connection there: an answer in between would undo what is being written."""
    with ordercore.in_memory() as shop:
        store = shop._core.store
        asking = threading.Thread(target=shop.is_ready)
        with store.begin() as work:
            work.customers.save(a_customer())
            asking.start()
            asking.join(timeout=0.1)
            assert asking.is_alive()
        asking.join()
        assert len(shop.customers.list().data) == 1
