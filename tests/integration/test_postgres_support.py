from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from tests.support.postgres import PostgresServer


@pytest.fixture
def crashable() -> Iterator[PostgresServer]:
    server = PostgresServer(fsync=True, settings={"log_checkpoints": "off"}).start()
    yield server
    server.stop()


def test_a_fresh_database_is_empty_and_real(postgres_url: str) -> None:
    engine = engine_for(postgres_url)
    assert scalar(engine, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    assert str(scalar(engine, "SHOW server_version")).startswith("18.")
    assert scalar(engine, "SHOW synchronous_commit") == "on"


def test_databases_do_not_see_each_other(postgres: PostgresServer, postgres_url: str) -> None:
    write(postgres_url, "CREATE TABLE here (id int)")
    other = postgres.create_database()
    assert scalar(engine_for(other), "SELECT to_regclass('here')") is None
    postgres.drop_database(other)


def test_a_copy_of_a_template_holds_its_rows(postgres: PostgresServer, postgres_url: str) -> None:
    write(postgres_url, "CREATE TABLE kept AS SELECT 7 AS id")
    copy = postgres.create_database(template=postgres_url)
    assert scalar(engine_for(copy), "SELECT id FROM kept") == 7
    postgres.drop_database(copy)


def test_a_dropped_database_cuts_off_who_is_connected(postgres: PostgresServer) -> None:
    url = postgres.create_database()
    with engine_for(url).connect() as connection:
        postgres.drop_database(url)
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT 1"))


def test_a_killed_server_keeps_what_was_committed_and_nothing_else(crashable: PostgresServer) -> None:
    url = crashable.create_database()
    engine = engine_for(url)
    assert scalar(engine, "SHOW fsync") == "on"
    assert scalar(engine, "SHOW log_checkpoints") == "off"
    write(url, "CREATE TABLE orders AS SELECT 1 AS id")
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO orders VALUES (2)"))
        crashable.kill()
        crashable.restart()  # waits until the last backend of the killed server is gone
        with pytest.raises(OperationalError):
            connection.commit()
    assert scalar(engine, "SELECT array_agg(id) FROM orders") == [1]


def test_a_restarted_server_keeps_its_databases(crashable: PostgresServer) -> None:
    url = crashable.create_database()
    crashable.restart()
    assert scalar(engine_for(url), "SELECT 1") == 1


def engine_for(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool)


def scalar(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def write(url: str, statement: str) -> None:
    with engine_for(url).begin() as connection:
        connection.execute(text(statement))
