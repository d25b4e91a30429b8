"""From every released schema to this one, with data: a shop filled as that release would have left it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, inspect, select, text

import ordercore
from ordercore.adapters.sql import engines, schema, tables
from ordercore.application.shop import OrderCore
from tests.integration.doctor.filled import fill
from tests.integration.sql.test_schema import connected, differences
from tests.support.audit import broken
from tests.support.cores import a_command
from tests.support.postgres import PostgresServer

RELEASED = "0001"


def begin_at(url: str, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty database as that release made it."""
    engine = engines.writing_engine(engines.parsed(url))
    with monkeypatch.context() as past:
        past.setattr(schema, "REVISION", revision)
        assert schema.migrate(engine) == (None, revision)
    engine.dispose()


def pour(source: Connection, target: Connection) -> None:
    """Every row into the tables and columns that the target has; what it was born with gives way."""
    known = inspect(target)
    kept = [table for table in tables.metadata.sorted_tables if known.has_table(table.name)]
    for table in kept:
        target.execute(table.delete())
    for table in kept:
        names = [each["name"] for each in known.get_columns(table.name)]
        rows = [dict(row._mapping) for row in source.execute(select(*(table.c[name] for name in names)))]
        if rows:
            target.execute(insert(table), rows)
    if target.dialect.name == "postgresql":
        latest = target.execute(select(func.max(tables.orders.c.number))).scalar_one()
        target.execute(text("SELECT setval('order_numbers', :latest)"), {"latest": latest})
    target.commit()


@pytest.fixture
def old_url(empty_url: str, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A filled database of the first release."""
    begin_at(empty_url, RELEASED, monkeypatch)
    with connected(request.getfixturevalue(f"filled_{kind}")) as source, connected(empty_url) as target:
        pour(source, target)
    return empty_url


@pytest.fixture(scope="module")
def filled_sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('upgrade') / 'filled.db'}"
    fill(url)
    return url


@pytest.fixture(scope="module")
def filled_postgresql(postgres: PostgresServer) -> Iterator[str]:
    url = postgres.create_database()
    ordercore.migrate(url)
    fill(url)
    yield url
    postgres.drop_database(url)


def counts(url: str) -> dict[str, int]:
    with connected(url) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
            if inspect(connection).has_table(table.name)
        }


def test_a_filled_database_of_the_first_release_is_upgraded_whole(old_url: str) -> None:
    before = counts(old_url)
    assert before["ledger_entries"] > 10
    assert "work_items" not in before
    said = ordercore.migrate(old_url)
    assert said == f"The database was at schema {RELEASED} and is at {schema.REVISION} now."
    assert counts(old_url) == {**before, "work_items": 0}
    assert differences(old_url) == []
    with ordercore.open(old_url) as shop:
        assert isinstance(shop, OrderCore)
        assert broken(shop, is_synced=False) == []
        number = shop.ordering.place(a_command({"MUG": 1})).number
        assert number == max(row.number for row in shop.ordering.list().data)
        assert broken(shop, is_synced=False) == []


def test_a_sqlite_file_of_the_first_release_is_copied_and_upgraded_at_start(
    filled_sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shop.db"
    begin_at(f"sqlite:///{file}", RELEASED, monkeypatch)
    with connected(filled_sqlite) as source, connected(f"sqlite:///{file}") as target:
        pour(source, target)
    with ordercore.open(f"sqlite:///{file}") as shop:
        orders = len(shop.ordering.list().data)
    copy = tmp_path / f"shop.db.before-{schema.REVISION}"
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT version_num FROM alembic_version").fetchone() == (RELEASED,)
        assert kept.execute("SELECT count(*) FROM orders").fetchone() == (orders,)
        assert not kept.execute("SELECT 1 FROM sqlite_master WHERE name = 'work_items'").fetchall()
