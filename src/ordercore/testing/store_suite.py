"""The contract of ports/store.py as tests: subclass `StoreSuite`, give it a `store` fixture, and it runs on yours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

import pytest

from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.errors import StoreUnavailable
from ordercore.ports.store import Store
from ordercore.testing.store_claims import ClaimTests
from ordercore.testing.store_holding import HoldingTests
from ordercore.testing.store_keeping import KeepingTests
from ordercore.testing.store_reading import ReadingTests
from ordercore.testing.store_samples import (
    ACTOR_ID,
    new_id,
)
from ordercore.testing.store_steps import (
    every_lookup,
)


class StoreSuite(ClaimTests, KeepingTests, HoldingTests, ReadingTests):
    """What every store does. Nothing here depends on what else the store holds."""

    @pytest.fixture
    def store(self) -> Store | Iterator[Store]:
        """An empty store, closed afterwards where it needs closing."""
        raise NotImplementedError("a subclass gives the store")

    # -- being born and beginning ------------------------------------------------------------------------------------

    def test_a_new_store_has_its_own_admin_user(self, store: Store) -> None:
        with store.reading() as lookups:
            assert lookups.admin_id("shop") == STORE_ADMIN
            own = lookups.admins((STORE_ADMIN,))[STORE_ADMIN]
        assert (own.username, own.password_hash, own.is_active) == ("shop", None, True)

    def test_the_time_is_aware_utc_and_read_once(self, store: Store) -> None:
        with store.begin() as work:
            now = work.now
            assert now.tzinfo is not None
            assert now.utcoffset() == UTC.utcoffset(None)
            assert work.now == now
        with store.reading() as lookups:
            assert lookups.now >= now

    def test_a_unit_of_work_inside_another_is_refused(self, store: Store) -> None:
        with store.begin(), pytest.raises((AssertionError, RuntimeError)), store.begin():
            pytest.fail("began inside another")
        with store.begin() as work:
            assert work.orders.next_numbers(1)

    def test_a_closed_store_is_not_available(self, store: Store) -> None:
        store.close()
        with pytest.raises(StoreUnavailable, match="closed"), store.begin():
            pytest.fail("began in a closed store")
        with pytest.raises(StoreUnavailable, match="closed"), store.reading():
            pytest.fail("read from a closed store")
        store.close()

    def test_what_is_not_there_is_absent_from_answers(self, store: Store) -> None:
        nobody = new_id()
        with store.begin() as work:
            assert work.customers.hold((nobody,)) == {}
            assert work.customers.read((nobody,)) == {}
            assert work.orders.hold((nobody,)) == {}
            assert work.products.hold((nobody,)) == {}
            assert work.products.ids_of(("no such sku",)) == {}
            assert work.shipments.hold((nobody,)) == {}
            assert work.admins.hold((nobody,)) == {}
            assert work.tokens.hold((nobody,)) == {}
            assert work.work_items.hold((nobody,)) == {}
        with store.reading() as lookups:
            for found in every_lookup(lookups, nobody):
                assert not found

    def test_asking_for_nothing_answers_nothing(self, store: Store) -> None:
        with store.begin() as work:
            assert work.requests.claim(()) == {}
            assert work.customers.claim_guests(()) == {}
            assert work.orders.claim_references({}) == {}
            assert work.products.claim_skus(()) == {}
            assert work.admins.claim_usernames(()) == {}
            assert list(work.orders.next_numbers(0)) == []
            assert work.orders.hold(()) == {}
            work.orders.save()
            work.imports.save()
            work.requests.release(())
            work.customers.release(())
            work.orders.release_references(())
            work.requests.finish("place_order", {})
        with store.reading() as lookups:
            assert lookups.orders(()) == {}
            assert lookups.product_ids(()) == {}
            assert lookups.order_ids(ACTOR_ID, ()) == {}
