"""The part of the store suite on what is kept: every aggregate, in every status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve

from ordercore.domain.admin import AdminUser
from ordercore.domain.customer import Customer
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus
from ordercore.domain.order import OnDecline
from ordercore.domain.product import Product
from ordercore.domain.work_item import WorkItem
from ordercore.ports.store import Store
from ordercore.testing.store_samples import (
    ACTOR_ID,
    AT,
    EXTERNAL_LIVES,
    ORDER_LIVES,
    a_customer,
    a_product,
    a_shipment,
    a_token,
    a_work_item,
    an_admin,
    an_import,
    an_order,
    new_id,
    shipment_in,
)
from ordercore.testing.store_steps import (
    change,
    live,
    place,
    refused_write,
    saved,
)


class KeepingTests:
    """What was saved is what is read."""

    # -- keeping -----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("life", ORDER_LIVES)
    def test_an_order_is_kept_as_it_is_at_every_step_of_its_life(self, store: Store, life: str) -> None:
        live(store, place(store, on_decline=OnDecline.HOLD), ORDER_LIVES[life])

    @pytest.mark.parametrize("life", EXTERNAL_LIVES)
    def test_an_order_paid_elsewhere_is_kept_as_it_is(self, store: Store, life: str) -> None:
        live(store, place(store, is_external=True, expires_at=None), EXTERNAL_LIVES[life])

    def test_the_lives_show_every_status(self) -> None:
        orders, payments = set(), set()
        for is_external, lives in ((False, ORDER_LIVES), (True, EXTERNAL_LIVES)):
            for steps in lives.values():
                order = an_order(
                    number=1,
                    customer=a_customer(),
                    products=[a_product(), a_product()],
                    on_decline=OnDecline.HOLD,
                    is_external=is_external,
                )
                for step in steps:
                    order = step(order)
                orders.add(order.status)
                payments.add(order.payment.status)
        assert orders == set(OrderStatus)
        assert payments == set(PaymentStatus)

    @pytest.mark.parametrize("status", ShipmentStatus)
    def test_a_shipment_is_kept_as_it_is_in_every_status(self, store: Store, status: ShipmentStatus) -> None:
        order = place(store)
        shipment = a_shipment(order)
        with store.begin() as work:
            work.shipments.save(shipment)
        change(store, lambda work: work.shipments, shipment, lambda held: shipment_in(status, held))
        with store.reading() as lookups:
            found = lookups.shipments((shipment.id,))[shipment.id]
        assert found == evolve(saved(shipment_in(status, shipment)), event_count=found.event_count)

    def test_an_orders_shipments_come_oldest_first(self, store: Store) -> None:
        order, other = place(store), place(store)
        first, second = a_shipment(order), a_shipment(order)
        second = evolve(second, started_at=AT + timedelta(microseconds=1))
        with store.begin() as work:
            work.orders.hold((order.id, other.id))
            work.shipments.save(second, first, a_shipment(other))
        with store.begin() as work:
            work.orders.hold((order.id,))
            assert list(work.orders.shipments_of(order.id)) == [first.id, second.id]
        with store.reading() as lookups:
            assert list(lookups.shipment_ids(order.id)) == [first.id, second.id]

    def test_a_product_is_kept_as_it_is_through_its_changes(self, store: Store) -> None:
        product = a_product(quantity=10, threshold=3)
        with store.begin() as work:
            work.products.claim_skus((product,))
        steps: list[Callable[[Product], Product]] = [
            lambda held: held.reserve(8, at=AT, actor_id=ACTOR_ID),
            lambda held: held.consume(5, at=AT, actor_id=ACTOR_ID, shipment_id=new_id()),
            lambda held: held.release(3, at=AT, actor_id=ACTOR_ID),
            lambda held: held.receive(7, at=AT, actor_id=ACTOR_ID, reason="delivery 7"),
            lambda held: held.adjust(-2, at=AT, actor_id=ACTOR_ID),
            lambda held: held.edit(
                name="Bowl",
                description="",
                price=held.price * 2,
                category=None,
                weight_grams=None,
                low_stock_threshold=None,
                at=AT,
                actor_id=ACTOR_ID,
            ),
            lambda held: held.archive(at=AT, actor_id=ACTOR_ID),
        ]
        expected = saved(product)
        for step in steps:
            after = change(store, lambda work: work.products, product, step)
            expected = saved(step(expected))
            assert after == expected
            with store.reading() as lookups:
                assert lookups.products((product.id,)) == {product.id: expected}
        assert (expected.on_hand, expected.reserved, expected.is_archived) == (10, 0, True)

    def test_customers_are_kept_as_they_are(self, store: Store) -> None:
        customer = a_customer(phone="+33 2 38 00 00 00")
        bare = evolve(a_customer(), address=None)
        with store.begin() as work:
            work.customers.save(customer, bare)
        with store.reading() as lookups:
            found = lookups.customers((customer.id, bare.id))
            assert found == {customer.id: saved(customer), bare.id: saved(bare)}

        def edited(held: Customer) -> Customer:
            contact = evolve(held.contact, name="Ann", phone=None)
            return held.edit(contact=contact, address=None, locale="de", at=AT, actor_id=ACTOR_ID)

        assert change(store, lambda work: work.customers, customer, edited) == saved(edited(saved(customer)))

    def test_admin_users_are_kept_as_they_are(self, store: Store) -> None:
        admin = an_admin()
        with store.begin() as work:
            work.admins.claim_usernames((admin,))

        def ended(held: AdminUser) -> AdminUser:
            return held.change_password("other", at=AT, actor_id=ACTOR_ID).deactivate(at=AT, actor_id=ACTOR_ID)

        assert change(store, lambda work: work.admins, admin, ended) == saved(ended(saved(admin)))

    def test_tokens_are_kept_as_they_are(self, store: Store) -> None:
        token = a_token()
        with store.begin() as work:
            work.tokens.save(token)
        with store.reading() as lookups:
            assert lookups.tokens((token.id,)) == {token.id: saved(token)}
        after = change(store, lambda work: work.tokens, token, lambda held: held.revoke(at=AT, actor_id=ACTOR_ID))
        assert after == saved(saved(token).revoke(at=AT, actor_id=ACTOR_ID))

    def test_an_import_keeps_its_summary_and_nothing_else(self, store: Store) -> None:
        ended, other = an_import("low-1", "low-2"), an_import()
        with store.begin() as work:
            work.imports.save(ended, other)
        with store.reading() as lookups:
            (summary,) = lookups.events("import", ended.id)
            assert len(lookups.events("import", other.id)) == 1
            assert not lookups.product_ids(("low-1", "low-2"))
        assert (summary.stream, summary.stream_id, summary.number) == ("import", ended.id, 1)
        assert (summary.type, summary.occurred_at, summary.actor_id) == ("import.products_imported.v1", AT, ACTOR_ID)
        assert summary.payload == {"imported": 3, "known": 7, "low": 2, "low_skus": ["low-1", "low-2"]}

    def test_an_import_is_saved_once(self, store: Store) -> None:
        ended = an_import()
        with store.begin() as work:
            work.imports.save(ended)
        with refused_write(), store.begin() as work:
            work.imports.save(ended)
        with store.reading() as lookups:
            assert len(lookups.events("import", ended.id)) == 1

    def test_work_items_are_kept_as_they_are(self, store: Store) -> None:
        order = place(store)
        item = a_work_item(order)
        with store.begin() as work:
            work.orders.hold((order.id,))
            work.work_items.save(item)
        with store.reading() as lookups:
            assert lookups.work_items((item.id,)) == {item.id: saved(item)}

        def settled(held: WorkItem) -> WorkItem:
            return held.settle("paid back by hand", at=AT, actor_id=ACTOR_ID)

        assert change(store, lambda work: work.work_items, item, settled) == saved(settled(saved(item)))
        with store.reading() as lookups:
            assert lookups.work_items((item.id,)) == {item.id: saved(settled(saved(item)))}
            assert [event.type for event in lookups.events("work_item", item.id)] == [
                "work_item.opened.v1",
                "work_item.settled.v1",
            ]

    def test_times_keep_their_microseconds_whatever_their_zone(self, store: Store) -> None:
        token = evolve(a_token(), created_at=AT + timedelta(microseconds=1))
        with store.begin() as work:
            work.tokens.save(token)
        with store.reading() as lookups:
            found = lookups.tokens((token.id,))[token.id].created_at
        assert found == AT + timedelta(microseconds=1)
        assert found.utcoffset() == timedelta(0)

    def test_many_aggregates_are_kept_at_once(self, store: Store) -> None:
        products = [a_product() for _ in range(300)]
        with store.begin() as work:
            work.products.claim_skus(products)
        with store.begin() as work:
            held = work.products.hold(product.id for product in reversed(products))
            assert list(held) == sorted(product.id for product in products)
            work.products.save(*(product.reserve(1, at=AT, actor_id=ACTOR_ID) for product in held.values()))
        with store.reading() as lookups:
            found = lookups.products(product.id for product in products)
        assert {product.reserved for product in found.values()} == {1}
        assert len(found) == 300
