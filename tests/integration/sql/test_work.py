import gc
import weakref
from collections.abc import Iterator

import psycopg
import pytest

from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.sql.store import SqlStore
from ordercore.domain.errors import Unavailable
from ordercore.testing.builders import a_product


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_what_a_transaction_held_goes_with_it_and_waits_for_no_collector(sql_store: SqlStore) -> None:
    product = a_product()
    with sql_store.begin() as work:
        work.products.claim_skus([product])
    with sql_store.begin() as work:
        held = weakref.ref(work.products.hold([product.id])[product.id])
    del work
    assert held() is None


def test_a_connection_lost_in_a_transaction_is_dropped_without_noise(
    migrated_postgres: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqlStore(migrated_postgres, PlainSealer)

    def lose() -> None:
        with store.begin() as work:
            work.products.claim_skus([a_product()])
            with psycopg.connect(migrated_postgres, autocommit=True) as other:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                other.execute(f"{others} AND datname = current_database()")

    with pytest.raises(Unavailable):
        lose()
    with store.begin() as work:
        assert not work.products.claim_skus([a_product()])
    store.close()
    assert not caplog.records
