import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from ordercore.adapters.sql import engines, schema, tables
from ordercore.bootstrap import migrate, open
from ordercore.domain.errors import SchemaIsForeign

MIGRATOR = """
import sys
from ordercore.bootstrap import migrate
print("ready", flush=True)
sys.stdin.readline()
print(migrate(sys.argv[1]))
"""


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = engines.writing_engine(engines.parsed(url))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def test_migrations_and_tables_agree(database_url: str) -> None:
    assert differences(database_url) == []


def test_a_difference_would_be_seen(database_url: str) -> None:
    with connected(database_url) as connection:
        connection.execute(text("DROP INDEX ix_orders_status"))
        connection.execute(text("ALTER TABLE products ADD COLUMN colour text"))
        connection.commit()
    found = [difference[0] for difference in differences(database_url)]
    assert sorted(found) == ["add_index", "remove_column"]


def differences(url: str) -> list[Any]:
    with connected(url) as connection:
        context = MigrationContext.configure(connection, opts=schema.options(connection))
        found: list[Any] = compare_metadata(context, tables.metadata)
    return found


def test_made_at_once_is_the_same_as_migrated(database_url: str, empty_url: str) -> None:
    with connected(empty_url) as made, connected(database_url) as migrated:
        schema.create(made)
        assert described(made) == described(migrated)
        assert seeded(made) == seeded(migrated)


def described(connection: Connection) -> dict[str, object]:
    """Everything about a schema that the database itself knows, by name."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        return {name: _parts(sql) for name, sql in connection.execute(text(query))}
    return {f"{table}.{name}": what for query in POSTGRES for table, name, what in connection.execute(text(query))}


POSTGRES = (
    "SELECT table_name, column_name, concat_ws(' ', ordinal_position, data_type, is_nullable, column_default)"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT sequencename, '', start_value::text FROM pg_sequences WHERE schemaname = 'public'",
)


def _parts(sql: str) -> list[str]:
    """A table's statement by its parts, whose order differs: tables list keys where Alembic lists columns first, and a
    column that was added later stands behind the constraints.
    """
    parts = (" ".join(part.split()).strip("() ") for part in re.split(r"[,\n]", sql))
    return sorted(part for part in parts if part)


def seeded(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """What every store is born with; its key and its birthday are its own."""
    queries: Iterable[tuple[str, str]] = (
        ("meta", "SELECT name, length(value) FROM meta"),
        ("locations", "SELECT id, name FROM locations"),
        (
            "admins",
            "SELECT id, username, role, is_active, password_hash, version, event_count FROM admin_users",
        ),
        ("schema", "SELECT version_num FROM alembic_version"),
    )
    return {name: [tuple(row) for row in connection.execute(text(query))] for name, query in queries}


def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    assert migrate(empty_url) == "The database was at schema none and is at 0002 now."
    with connected(empty_url) as connection:
        key = connection.execute(text("SELECT value FROM meta")).scalar_one()
    assert migrate(empty_url) == "The database is at schema 0002 already; nothing to do."
    with connected(empty_url) as connection:
        assert connection.execute(text("SELECT value FROM meta")).scalar_one() == key


def test_of_processes_that_migrate_at_once_one_does_it(empty_url: str) -> None:
    migrators = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATOR, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for migrator in migrators:
        assert migrator.stdout is not None
        assert migrator.stdout.readline() == "ready\n"
    for migrator in migrators:
        assert migrator.stdin is not None
        migrator.stdin.write("go\n")
        migrator.stdin.flush()
    said = [migrator.communicate(timeout=60) for migrator in migrators]
    assert [(migrator.returncode, errors) for migrator, (_, errors) in zip(migrators, said, strict=True)] == [
        (0, "")
    ] * 4
    assert sorted(answer for answer, _ in said) == [
        "The database is at schema 0002 already; nothing to do.\n",
        "The database is at schema 0002 already; nothing to do.\n",
        "The database is at schema 0002 already; nothing to do.\n",
        "The database was at schema none and is at 0002 now.\n",
    ]
    with open(empty_url) as shop:
        assert shop.admins.list().data


def test_a_failed_migration_leaves_nothing_behind(empty_url: str) -> None:
    with connected(empty_url) as connection:
        connection.execute(text("CREATE TABLE payments (kept int)"))
        connection.commit()
    with pytest.raises(Exception, match="payments"):
        migrate(empty_url)
    with connected(empty_url) as connection:
        assert schema.revision_in(connection) is None
        assert connection.execute(text("SELECT count(*) FROM payments")).scalar_one() == 0
        with pytest.raises(Exception, match="orders"):
            connection.execute(text("SELECT count(*) FROM orders"))


def test_a_database_of_another_release_is_left_alone(database_url: str) -> None:
    with connected(database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    for attempt in (migrate, open):
        with pytest.raises(SchemaIsForeign, match=r"schema 9999.*needs 0002.*ordercore init --database"):
            attempt(database_url)


def test_postgresql_is_migrated_only_when_told(postgres_url: str) -> None:
    with pytest.raises(SchemaIsForeign, match=r"schema none.*run: ordercore init"):
        open(postgres_url)
    migrate(postgres_url)
    with open(postgres_url) as shop:
        assert shop.admins.list().data


def test_a_sqlite_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    with open(f"sqlite:///{tmp_path / 'new.db'}") as shop:
        assert shop.admins.list().data
    assert not list(tmp_path.glob("*.before-*"))
