from datetime import UTC, datetime

import pytest
from attrs import evolve

from ordercore.adapters.memory.state import WriteRefused
from ordercore.adapters.memory.store import MemoryStore, NestedTransaction
from ordercore.domain.errors import StoreUnavailable
from ordercore.domain.payment import LedgerKind
from ordercore.domain.product import MovementKind
from ordercore.ports.store import Store
from ordercore.testing.store_samples import ACTOR_ID, AT, ORDER_LIVES, a_customer, a_product, a_shipment, a_token
from ordercore.testing.store_steps import a_claim, change, live, place
from ordercore.testing.store_suite import StoreSuite


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    def store(self) -> Store:
        return a_memory_store()


def a_memory_store() -> MemoryStore:
    return MemoryStore(now=lambda: datetime.now(UTC))


def test_it_lists_nothing_and_says_what_does() -> None:
    with pytest.raises(StoreUnavailable, match=r"in_memory\(\)"):
        a_memory_store().listing()


def test_nesting_names_the_bug() -> None:
    store = a_memory_store()
    with store.begin(), pytest.raises(NestedTransaction), store.begin():
        pytest.fail("began inside another")


def test_the_books_show_every_movement_and_entry() -> None:
    store = a_memory_store()
    order = live(store, place(store), ORDER_LIVES["captured"])
    product_id = order.items[0].product_id
    books = store.books()
    assert [entry.kind for entry in books.ledger[order.payment.id]] == [LedgerKind.AUTHORISED, LedgerKind.CAPTURED]
    assert [(movement.kind, movement.quantity) for movement in books.movements[product_id]] == [
        (MovementKind.INITIAL, 100)
    ]
    store.close()


def test_a_change_of_what_was_not_held_is_a_bug() -> None:
    store = a_memory_store()
    order = place(store)
    with store.reading() as lookups:
        unheld = lookups.orders((order.id,))[order.id]
    with pytest.raises(WriteRefused, match="without having been held"), store.begin() as work:
        work.orders.save(unheld)


def test_a_stale_copy_cannot_be_saved() -> None:
    store = a_memory_store()
    product = a_product()
    with store.begin() as work:
        work.products.claim_skus((product,))
    change(store, lambda work: work.products, product, lambda held: held.receive(1, at=AT, actor_id=ACTOR_ID))
    with store.begin() as work:
        work.products.hold((product.id,))
        with pytest.raises(WriteRefused, match="stale"):
            work.products.save(product)


def test_a_name_claimed_twice_at_once_is_a_bug() -> None:
    with pytest.raises(WriteRefused, match="claimed twice"), a_memory_store().begin() as work:
        work.requests.claim((a_claim("key"), a_claim("key")))


def test_a_shipment_of_no_order_cannot_be_written() -> None:
    store = a_memory_store()
    shipment = evolve(a_shipment(place(store)), order_id=a_token().id)
    with pytest.raises(WriteRefused, match="belongs to no order"), store.begin() as work:
        work.shipments.save(shipment)


def test_two_guests_with_one_address_cannot_be_written() -> None:
    guests = [a_customer(email="a@example.com", is_guest=True) for _ in range(2)]
    with pytest.raises(WriteRefused, match="is taken"), a_memory_store().begin() as work:
        work.customers.save(*guests)
