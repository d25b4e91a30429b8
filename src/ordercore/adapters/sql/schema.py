"""The only place that makes and moves schemas: what release a database is at, and how it gets to this one."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.engines import database_file, translated
from ordercore.domain.admin import STORE_ADMIN, AdminRole
from ordercore.domain.errors import SchemaIsForeign
from ordercore.domain.product import DEFAULT_LOCATION

REVISION = "0002"
"""The schema that this release needs: the newest of migrations/versions."""

_ADVISORY_LOCK = 0x6F72646572636F72  # "ordercor": PostgreSQL's name for "somebody migrates"


_VERSION_TABLE = """CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)"""


def revision_of(engine: Engine) -> str | None:
    """The schema that a database has; None where it has none of ours."""
    with translated(), engine.connect() as connection:
        return revision_in(connection)


def revision_in(connection: Connection) -> str | None:
    """The schema of the database behind a connection."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def refuse_foreign(engine: Engine) -> None:
    """Raises SchemaIsForeign where the database is not at this release's schema."""
    actual = revision_of(engine)
    if actual != REVISION:
        raise SchemaIsForeign(expected=REVISION, actual=actual or "none")


def create(connection: Connection) -> None:
    """This release's schema in an empty database, as the migrations would leave it (a test compares them)."""
    tables.metadata.create_all(connection)
    connection.execute(text(_VERSION_TABLE))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION})
    connection.execute(tables.meta.insert(), {"name": "digest_key", "value": secrets.token_bytes(32)})
    connection.execute(tables.locations.insert(), {"id": DEFAULT_LOCATION, "name": "default"})
    connection.execute(
        tables.admin_users.insert(),
        {
            "id": STORE_ADMIN,
            "username": "shop",
            "role": AdminRole.OWNER.value,
            "is_active": True,
            "password_hash": None,
            "added_at": datetime.now(UTC),
            "version": 1,
            "event_count": 0,
        },
    )
    connection.commit()


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring a database to this release's schema; answers the schema before and after.

    On PostgreSQL one migrator works at a time, the others wait. A SQLite file with data is copied first, to
    `<file>.before-<revision>`.

    Raises:
        SchemaIsForeign: the database is at a schema that this release does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "ordercore:adapters/sql/migrations")
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with translated(), engine.connect() as connection, _alone(connection):
        before = revision_in(connection)
        if before is not None and before not in known:
            raise SchemaIsForeign(expected=REVISION, actual=before)
        if before != REVISION:
            _copy_before(engine, before)
            config.attributes["connection"] = connection
            command.upgrade(config, REVISION)
    return before, REVISION


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """One migrator at a time, all or nothing: both databases can undo changes of schema."""
    is_postgres = connection.dialect.name == "postgresql"
    if is_postgres:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    yield
    connection.exec_driver_sql("COMMIT")
    connection.commit()


def _copy_before(engine: Engine, before: str | None) -> Path | None:
    file = database_file(engine.url)
    if before is None or file is None:
        return None
    copy = file.with_name(f"{file.name}.before-{REVISION}")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def options(connection: Any) -> dict[str, Any]:
    """How Alembic compares and changes: the same for migrating and for the test that looks for drift."""
    return {
        "target_metadata": tables.metadata,
        "render_as_batch": connection.dialect.name == "sqlite",
        "compare_type": True,
    }
