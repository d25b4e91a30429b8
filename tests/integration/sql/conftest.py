"""Stores on migrated databases: migrated once a session, copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.sql import schema
from ordercore.adapters.sql.store import SqlStore
from ordercore.bootstrap import migrate
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "shop.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    url = postgres.create_database()
    migrate(url)
    return url


@pytest.fixture
def sqlite_file(sqlite_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "shop.db"))


@pytest.fixture
def migrated_postgres(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    url = postgres.create_database(template=postgres_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database; each test that asks for one runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest) -> str:
    """A migrated, otherwise empty database."""
    if kind == "postgresql":
        return str(request.getfixturevalue("migrated_postgres"))
    return f"sqlite:///{request.getfixturevalue('sqlite_file')}"


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if kind == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'new.db'}"


@pytest.fixture
def sql_store(database_url: str) -> Iterator[SqlStore]:
    store = SqlStore(database_url, PlainSealer)
    yield store
    store.close()


@pytest.fixture
def memory_store() -> Iterator[SqlStore]:
    """SQLite in memory."""
    store = SqlStore("sqlite://", PlainSealer)
    with store.writing.connect() as connection:
        schema.create(connection)
    yield store
    store.close()
