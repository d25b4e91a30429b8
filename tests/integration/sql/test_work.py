import gc
import weakref
from collections.abc import Iterator

import pytest

from ordercore.adapters.sql.store import SqlStore
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
