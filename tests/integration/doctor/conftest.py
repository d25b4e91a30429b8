from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from attrs import frozen
from sqlalchemy import make_url

import ordercore
from ordercore.ports.health import Finding, Verdict
from tests.integration.doctor.filled import disagree, fill
from tests.support.postgres import PostgresServer


@frozen
class Patient:
    """A filled database of its own, to be broken behind the core's back."""

    url: str

    @property
    def is_postgres(self) -> bool:
        return self.url.startswith("postgresql")

    def suffer(self, *statements: str, unchecked: Sequence[str] = ()) -> None:
        """Raw SQL without foreign keys and CHECKs; PostgreSQL is told which (`table.constraint`) and has them back."""
        if self.is_postgres:
            self._suffer_on_postgres(statements, unchecked)
        else:
            with closing(sqlite3.connect(str(make_url(self.url).database), isolation_level=None)) as connection:
                connection.execute("PRAGMA ignore_check_constraints=ON")
                for statement in statements:
                    connection.execute(statement)

    def forget_constraints(self, table: str) -> None:
        """The same rows in a table that refuses nothing."""
        cascade = " CASCADE" if self.is_postgres else ""
        self.suffer(
            f"CREATE TABLE careless AS SELECT * FROM {table}",
            f"DROP TABLE {table}{cascade}",
            f"ALTER TABLE careless RENAME TO {table}",
        )

    def examined(self) -> Sequence[Finding]:
        with ordercore.open(self.url) as shop:
            return shop.examine()

    def broken(self) -> dict[str, Finding]:
        """What is broken, by name. Durability is the server's, and tested with a server that has it."""
        return {
            each.check: each
            for each in self.examined()
            if each.verdict is Verdict.BROKEN and each.check != "durability"
        }

    def note(self, check: str) -> Finding:
        """One finding, which is a note."""
        (found,) = [each for each in self.examined() if each.check == check]
        assert found.verdict is Verdict.NOTE
        return found

    def _suffer_on_postgres(self, statements: Sequence[str], unchecked: Sequence[str]) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            back = []
            for name in unchecked:
                table, constraint = name.split(".")
                wanted = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s"
                ((definition,),) = connection.execute(wanted, (constraint,)).fetchall()
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}".encode())
                back.append(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition} NOT VALID")
            for statement in [*statements, *back]:
                connection.execute(statement.encode())


@pytest.fixture(scope="session")
def filled_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled file, to be copied."""
    file = tmp_path_factory.mktemp("doctor") / "filled.db"
    fill(f"sqlite:///{file}")
    disagree(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def filled_postgres(postgres: PostgresServer) -> str:
    """A filled database, to be copied."""
    url = postgres.create_database()
    ordercore.migrate(url)
    fill(url)
    disagree(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def patient(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    """A filled database on each of both."""
    monkeypatch.setenv("ORDERCORE_FAKE_PROVIDERS", str(tmp_path / "providers"))
    if request.param == "sqlite":
        file = tmp_path / "shop.db"
        shutil.copyfile(request.getfixturevalue("filled_sqlite"), file)
        yield Patient(f"sqlite:///{file}")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.create_database(request.getfixturevalue("filled_postgres"))
        yield Patient(url)
        server.drop_database(url)
