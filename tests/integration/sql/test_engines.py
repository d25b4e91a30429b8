import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from ordercore.adapters.lock_order import LockOrderViolated
from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.sql import engines
from ordercore.adapters.sql.store import SqlStore
from ordercore.domain.errors import InvalidRequest, OutcomeUnknown, StoreUnavailable
from ordercore.ports.store import RequestClaim
from ordercore.testing.store_samples import ACTOR_ID, AT, a_product, new_id
from ordercore.testing.store_steps import place

PATIENCE_SECONDS = 30


@pytest.fixture
def postgres_store(migrated_postgres: str) -> Iterator[SqlStore]:
    store = SqlStore(migrated_postgres, PlainSealer)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(sqlite_file: Path) -> Iterator[SqlStore]:
    store = SqlStore(f"sqlite:///{sqlite_file}", PlainSealer)
    yield store
    store.close()


# -- durability -----------------------------------------------------------------------------------------------------


def test_sqlite_says_that_what_was_answered_is_on_disk(sqlite_store: SqlStore) -> None:
    assert sqlite_store.durability() == {"journal_mode": "wal", "synchronous": "FULL"}


def test_postgresql_says_what_its_durability_rests_on(postgres_store: SqlStore) -> None:
    assert postgres_store.durability() == {
        "fsync": "off",  # as the tests' server runs
        "synchronous_commit": "on",
        "full_page_writes": "off",
    }


# -- isolation ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_writers_read_committed_whatever_the_server_likes_better(migrated_postgres: str, level: str) -> None:
    with psycopg.connect(migrated_postgres, autocommit=True) as connection:
        name = make_url(migrated_postgres).database
        connection.execute(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation TO '{level}'")
    store = SqlStore(migrated_postgres, PlainSealer)
    try:
        for _ in range(2):
            with store.listing():
                pass
            assert asked(store, "SHOW transaction_isolation") == "read committed"
    finally:
        store.close()


def test_readers_see_one_moment_and_work_in_utc(postgres_store: SqlStore) -> None:
    with postgres_store.snapshot() as (connection, _):
        assert connection.execute(text("SHOW transaction_isolation")).scalar_one() == "repeatable read"
        assert connection.execute(text("SHOW TIME ZONE")).scalar_one() == "UTC"
    assert asked(postgres_store, "SHOW transaction_read_only") == "off"


def test_readers_cannot_write(sql_store: SqlStore) -> None:
    with (
        pytest.raises((DBAPIError, StoreUnavailable), match=r"readonly|read-only"),
        sql_store.snapshot() as (reader, _),
    ):
        reader.execute(text("DELETE FROM locations"))
    assert asked(sql_store, "SELECT count(*) FROM locations") == 1


def test_a_reader_waits_for_no_writer(sql_store: SqlStore) -> None:
    product = a_product(sku="kept")
    with sql_store.begin() as work:
        work.products.claim_skus([product])
    with sql_store.begin() as work:
        work.products.hold([product.id])
        work.products.save(work.products.hold([product.id])[product.id].receive(1, at=AT, actor_id=ACTOR_ID))
        seen: list[Any] = []
        reader = threading.Thread(target=lambda: seen.append(read_one(sql_store, product.id)))
        reader.start()
        reader.join(PATIENCE_SECONDS)
        assert [each.on_hand for each in seen] == [100]


def read_one(store: SqlStore, id: Any) -> Any:
    with store.reading() as lookups:
        return lookups.products([id])[id]


# -- what cannot be reached ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["", "shop.db", "mysql://host/shop", "nonsense://", "postgresql"])
def test_what_is_no_database_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(InvalidRequest, match=r"sqlite:///shop\.db"):
        engines.parsed(url)


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/shop.db", "postgresql://nobody@/shop?host=/no/such/folder"])
def test_a_database_that_cannot_be_reached_is_unavailable(url: str) -> None:
    store = SqlStore(url, PlainSealer)
    with pytest.raises(StoreUnavailable), store.begin():
        pytest.fail("began")
    with pytest.raises(StoreUnavailable), store.listing():
        pytest.fail("read")
    store.close()


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    file.write_text("not a database, but a letter " * 100)
    store = SqlStore(f"sqlite:///{file}", PlainSealer)
    with pytest.raises(StoreUnavailable, match="not a database"), store.begin():
        pytest.fail("began")
    store.close()


def test_a_connection_lost_before_the_commit_changed_nothing(postgres_store: SqlStore, migrated_postgres: str) -> None:
    product = a_product()

    def lose() -> None:
        with postgres_store.begin() as work:
            work.products.claim_skus([product])
            cut_off(migrated_postgres)
            work.products.hold([new_id()])

    with pytest.raises(StoreUnavailable):
        lose()
    with postgres_store.reading() as lookups:
        assert lookups.products([product.id]) == {}


def test_a_connection_lost_in_the_commit_leaves_the_outcome_unknown(
    postgres_store: SqlStore, migrated_postgres: str
) -> None:
    claim = RequestClaim(actor_id=ACTOR_ID, key="k", operation="place", fingerprint=b"1", resource_id=new_id())

    def lose() -> None:
        with postgres_store.begin() as work:
            work.requests.claim([claim])
            cut_off(migrated_postgres)

    with pytest.raises(OutcomeUnknown):
        lose()
    with postgres_store.begin() as work:
        assert work.requests.claim([claim]) == {}


def cut_off(url: str) -> None:
    """The server ends everybody's connections, as when it restarts."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_after_a_restart_connections_that_died_idle_trouble_nobody(postgres_store: SqlStore) -> None:
    held = threading.Barrier(4)

    def read() -> None:
        with postgres_store.reading():
            held.wait(PATIENCE_SECONDS)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    held.wait(PATIENCE_SECONDS)
    for reader in readers:
        reader.join(PATIENCE_SECONDS)
    cut_off(postgres_store.address.render_as_string(hide_password=False))
    for _ in range(5):
        with postgres_store.reading() as lookups:
            assert lookups.order_id(1) is None


# -- locks ----------------------------------------------------------------------------------------------------------


def test_locks_out_of_order_are_a_bug_that_is_named(sql_store: SqlStore) -> None:
    order = place(sql_store)
    product_id = order.items[0].product_id

    def offend() -> None:
        with sql_store.begin() as work:
            work.products.hold([product_id])
            work.orders.hold([order.id])

    with pytest.raises(LockOrderViolated, match="orders must be locked before products"):
        offend()
    with sql_store.begin() as work:
        assert work.orders.hold([order.id])
        assert work.products.hold([product_id])


def test_a_deadlock_is_transient_and_a_broken_rule_is_not(postgres_store: SqlStore) -> None:
    assert postgres_store.is_transient(psycopg.errors.DeadlockDetected())
    assert postgres_store.is_transient(psycopg.errors.SerializationFailure())
    assert not postgres_store.is_transient(psycopg.errors.UniqueViolation())
    assert not postgres_store.is_transient(ValueError())


def asked(store: SqlStore, query: str) -> Any:
    """One value, in a writing transaction."""
    with store.writing.connect() as connection:
        return connection.execute(text(query)).scalar_one()
