"""The part of the store suite on what is held, and on what the store itself refuses to write."""

from __future__ import annotations

from threading import Thread

from attrs import evolve

from ordercore.domain.product import Product
from ordercore.ports.store import Store
from ordercore.testing.store_samples import (
    ACTOR_ID,
    AT,
    a_customer,
    a_product,
    a_token,
    an_order,
    new_id,
)
from ordercore.testing.store_steps import (
    a_claim,
    change,
    order_violated,
    place,
    refused_write,
    saved,
)


class HoldingTests:
    """Locks, and the last line of defence."""

    # -- holding -----------------------------------------------------------------------------------------------------

    def test_held_again_is_what_was_saved_in_this_unit_of_work(self, store: Store) -> None:
        product = a_product(quantity=10)
        with store.begin() as work:
            work.products.claim_skus((product,))
        with store.begin() as work:
            first = work.products.hold((product.id,))[product.id]
            work.products.save(first.receive(5, at=AT, actor_id=ACTOR_ID))
            second = work.products.hold((product.id,))[product.id]
            assert second.on_hand == 15
            work.products.save(second.receive(7, at=AT, actor_id=ACTOR_ID))
        with store.reading() as lookups:
            after = lookups.products((product.id,))[product.id]
            events = lookups.events("product", product.id)
        assert (after.on_hand, after.event_count) == (22, 3)
        assert [event.number for event in events] == [1, 2, 3]
        assert [event.payload.get("on_hand") for event in events] == [10, 15, 22]

    def test_what_was_made_in_this_unit_of_work_can_be_held(self, store: Store) -> None:
        token, product = a_token(), a_product(quantity=1)
        with store.begin() as work:
            work.products.claim_skus((product,))
            held = work.products.hold((product.id,))[product.id]
            work.products.save(held.reserve(1, at=AT, actor_id=ACTOR_ID))
            work.tokens.save(token)
            revoked = work.tokens.hold((token.id,))[token.id].revoke(at=AT, actor_id=ACTOR_ID)
            work.tokens.save(revoked)
        with store.reading() as lookups:
            assert lookups.tokens((token.id,))[token.id].is_revoked
            assert lookups.products((product.id,))[product.id].available == 0
            assert [event.number for event in lookups.events("token", token.id)] == [1, 2]

    def test_saving_without_facts_changes_no_history(self, store: Store) -> None:
        order = place(store)
        with store.begin() as work:
            work.orders.save(*work.orders.hold((order.id,)).values())
        with store.reading() as lookups:
            assert lookups.orders((order.id,)) == {order.id: saved(order)}
            assert len(lookups.events("order", order.id)) == 1

    def test_locks_out_of_order_are_caught(self, store: Store) -> None:
        with order_violated(), store.begin() as work:
            work.products.hold((new_id(),))
            work.orders.hold((new_id(),))
        with order_violated(), store.begin() as work:
            work.orders.hold((new_id(),))
            work.customers.hold((new_id(),))
        with order_violated(), store.begin() as work:
            work.orders.hold((new_id(),))
            work.requests.claim((a_claim("too late"),))
        with order_violated(), store.begin() as work:
            work.work_items.hold((new_id(),))
            work.products.hold((new_id(),))
        with order_violated(), store.begin() as work:
            low, high = new_id(), new_id()
            work.orders.hold((high,))
            work.orders.hold((low,))

    def test_locks_may_be_taken_again_and_further_on(self, store: Store) -> None:
        low, high = new_id(), new_id()
        with store.begin() as work:
            work.orders.hold((low,))
            work.orders.hold((low, high))
            work.products.hold((low,))
            work.orders.hold((high,))
            work.shipments.hold((low,))

    def test_two_writers_of_one_product_lose_nothing(self, store: Store) -> None:
        product = a_product(quantity=0)
        with store.begin() as work:
            work.products.claim_skus((product,))

        def receive(held: Product) -> Product:
            return held.receive(1, at=AT, actor_id=ACTOR_ID)

        def ten_times() -> None:
            for _ in range(10):
                change(store, lambda work: work.products, product, receive)

        writers = [Thread(target=ten_times) for _ in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
        with store.reading() as lookups:
            assert lookups.products((product.id,))[product.id].on_hand == 40
            numbers = [event.number for event in lookups.events("product", product.id)]
        assert numbers == list(range(1, 42))

    # -- what the store itself refuses -------------------------------------------------------------------------------

    def test_more_reserved_than_there_is_cannot_be_written(self, store: Store) -> None:
        product = a_product(quantity=1)
        with store.begin() as work:
            work.products.claim_skus((product,))
        with refused_write(), store.begin() as work:
            held = work.products.hold((product.id,))[product.id]
            work.products.save(evolve(held, levels=(evolve(held.levels[0], reserved=2),)))

    def test_more_captured_than_authorised_cannot_be_written(self, store: Store) -> None:
        order = place(store)
        with refused_write(), store.begin() as work:
            held = work.orders.hold((order.id,))[order.id]
            work.orders.save(evolve(held, payment=evolve(held.payment, captured=1)))

    def test_more_pieces_shipped_than_ordered_cannot_be_written(self, store: Store) -> None:
        order = place(store)
        with refused_write(), store.begin() as work:
            held = work.orders.hold((order.id,))[order.id]
            first, *others = held.items
            work.orders.save(evolve(held, items=(evolve(first, quantity_shipped=3), *others)))

    def test_two_orders_with_one_number_cannot_be_written(self, store: Store) -> None:
        order = place(store)
        with refused_write(), store.begin() as work:
            customer, product = a_customer(), a_product()
            work.products.claim_skus((product,))
            work.customers.save(customer)
            work.orders.save(an_order(number=order.number, customer=customer, products=[product]))

    def test_an_order_of_nobody_cannot_be_written(self, store: Store) -> None:
        with refused_write(), store.begin() as work:
            product = a_product()
            work.products.claim_skus((product,))
            (number,) = work.orders.next_numbers(1)
            work.orders.save(an_order(number=number, customer=a_customer(), products=[product]))
