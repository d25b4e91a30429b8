"""The part of the store suite on what is read: snapshots, histories, candidates for a worker."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest
from attrs import evolve

from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.domain.order import OnDecline
from ordercore.ports.store import Store
from ordercore.testing.store_samples import (
    ACTOR_ID,
    AT,
    ORDER_LIVES,
    a_customer,
    a_product,
    a_shipment,
    a_token,
    an_admin,
    an_order,
    new_id,
    shipment_in,
)
from ordercore.testing.store_steps import (
    change,
    live,
    place,
)


class ReadingTests:
    """What readers and workers see."""

    isolates_readers: ClassVar[bool] = True
    """False for a store whose readers wait for the writer (one shared connection)."""

    # -- reading -----------------------------------------------------------------------------------------------------

    def test_a_reader_sees_one_moment(self, store: Store) -> None:
        if not self.isolates_readers:
            pytest.skip("readers of this store wait for the writer")
        product = a_product(quantity=1)
        with store.begin() as work:
            work.products.claim_skus((product,))
        with store.reading() as before:
            assert before.products((product.id,))[product.id].on_hand == 1
            with store.begin() as work:
                held = work.products.hold((product.id,))[product.id]
                work.products.save(held.receive(1, at=AT, actor_id=ACTOR_ID))
                with store.reading() as during:
                    assert during.products((product.id,))[product.id].on_hand == 1
            assert before.products((product.id,))[product.id].on_hand == 1
            assert len(before.events("product", product.id)) == 1
        with store.reading() as after:
            assert after.products((product.id,))[product.id].on_hand == 2

    def test_events_are_numbered_without_gaps_and_say_what_happened(self, store: Store) -> None:
        order = live(store, place(store, on_decline=OnDecline.HOLD), ORDER_LIVES["delivered"])
        with store.reading() as lookups:
            events = lookups.events("order", order.id)
        assert [event.number for event in events] == list(range(1, order.event_count + 1))
        assert {(event.stream, event.stream_id, event.actor_id) for event in events} == {("order", order.id, ACTOR_ID)}
        assert {event.occurred_at for event in events} == {AT}
        assert [event.type for event in events] == [
            "order.placed.v1",
            "payment.recorded.v1",
            "order.confirmed.v1",
            "payment.attempt_started.v1",
            "payment.recorded.v1",
            "order.shipment_claimed.v1",
            "order.shipped.v1",
            "order.delivered.v1",
        ]
        placed = events[0].payload
        assert (placed["number"], placed["customer_id"]) == (order.number, str(order.customer_id))
        assert isinstance(placed["lines"], list)
        assert placed["lines"][0]["sku"] == order.items[0].sku
        assert "note" not in placed

    def test_a_reason_is_kept_with_the_event(self, store: Store) -> None:
        token = a_token()
        with store.begin() as work:
            work.tokens.save(evolve(token, facts=tuple(evolve(fact, note="for the till") for fact in token.facts)))
        with store.reading() as lookups:
            (event,) = lookups.events("token", token.id)
        assert event.payload == {"permissions": ["orders:place", "orders:read"], "note": "for the till"}

    def test_an_order_is_found_by_its_number(self, store: Store) -> None:
        order = place(store)
        with store.reading() as lookups:
            assert lookups.order_id(order.number) == order.id
            assert lookups.order_id(order.number + 1_000_000) is None

    def test_holders_of_a_product_are_named_lowest_number_first(self, store: Store) -> None:
        orders = [place(store) for _ in range(2)]
        product_id = orders[0].items[0].product_id
        items = tuple(evolve(item, product_id=product_id) for item in orders[1].items[:1])
        with store.begin() as work:
            extra = work.orders.next_numbers(2)
            customer = a_customer()
            work.customers.save(customer)
            product = work.products.hold((product_id,))[product_id]
            holder = an_order(number=extra[0], customer=customer, products=[product])
            gone = an_order(number=extra[1], customer=customer, products=[product])
            work.orders.save(holder, evolve(gone, items=tuple(evolve(each, allocations=()) for each in gone.items)))
        assert items
        with store.reading() as lookups:
            assert list(lookups.holders_of(product_id, 10)) == [orders[0].number, holder.number]
            assert list(lookups.holders_of(product_id, 1)) == [orders[0].number]
            assert list(lookups.holders_of(new_id(), 10)) == []

    def test_open_work_is_what_was_begun_long_ago_and_has_no_end(self, store: Store) -> None:
        with store.reading() as lookups:
            now = lookups.now
        waiting = place(store, at=now - timedelta(minutes=30))
        unknown = live(store, place(store, at=now - timedelta(minutes=20)), ORDER_LIVES["unknown"])
        young = place(store, at=now)
        shipping = live(store, place(store), ORDER_LIVES["claimed"])
        shipment = evolve(a_shipment(shipping), started_at=now - timedelta(minutes=25))
        ended = shipment_in(ShipmentStatus.FAILED, evolve(a_shipment(shipping), started_at=now - timedelta(minutes=26)))
        with store.begin() as work:
            work.orders.hold((shipping.id,))
            work.shipments.save(shipment, ended)
        with store.reading() as lookups:
            found = lookups.open_work(now - timedelta(minutes=10), 10)
            first = lookups.open_work(now - timedelta(minutes=10), 1)
        assert [(each.order_id, each.attempt_id, each.shipment_id) for each in found] == [
            (waiting.id, waiting.payment.attempts[0].id, None),
            (shipping.id, None, shipment.id),
            (unknown.id, unknown.payment.attempts[0].id, None),
        ]
        assert [each.is_left for each in found] == [False, False, True]
        assert [each.since for each in found] == [now - timedelta(minutes=age) for age in (30, 25, 20)]
        assert [each.order_id for each in first] == [waiting.id]
        assert young.id not in {each.order_id for each in found}

    # -- candidates --------------------------------------------------------------------------------------------------

    def test_expired_are_waiting_orders_beyond_their_time(self, store: Store) -> None:
        with store.reading() as lookups:
            past, future = lookups.now - timedelta(minutes=1), lookups.now + timedelta(minutes=10)
        declined = ORDER_LIVES["declined"]
        over = [live(store, place(store, expires_at=past, on_decline=OnDecline.HOLD), declined).id for _ in range(2)]
        live(store, place(store, expires_at=future, on_decline=OnDecline.HOLD), declined)
        place(store, expires_at=past)
        live(store, place(store, expires_at=past), ORDER_LIVES["unknown"])
        live(store, place(store, expires_at=past), ORDER_LIVES["confirmed"])
        with store.begin() as work:
            assert set(work.orders.expired(10, unanswered_before=work.now - timedelta(hours=1))) == set(over)
        with store.begin() as work:
            assert len(work.orders.expired(1, unanswered_before=work.now)) == 1

    def test_where_an_answer_is_outstanding_an_order_expires_later(self, store: Store) -> None:
        with store.reading() as lookups:
            past, long_past = lookups.now - timedelta(minutes=1), lookups.now - timedelta(hours=2)
        place(store, expires_at=past)
        late = [place(store, expires_at=long_past).id]
        late.append(live(store, place(store, expires_at=long_past), ORDER_LIVES["unknown"]).id)
        abandoned = live(store, place(store, expires_at=past), ORDER_LIVES["with the customer"])
        with store.begin() as work:
            found = set(work.orders.expired(10, unanswered_before=work.now - timedelta(hours=1)))
        assert found == {*late, abandoned.id}

    def test_open_orders_of_inactive_admins_are_found(self, store: Store) -> None:
        admin = an_admin()
        with store.begin() as work:
            work.admins.claim_usernames((admin,))
        mine = [place(store, manager_id=admin.id).id for _ in range(2)]
        live(store, place(store, manager_id=admin.id), ORDER_LIVES["delivered"])
        place(store)
        with store.begin() as work:
            assert not work.orders.managed_by_inactive(10)
        change(store, lambda work: work.admins, admin, lambda held: held.deactivate(at=AT, actor_id=ACTOR_ID))
        with store.begin() as work:
            assert set(work.orders.managed_by_inactive(10)) == set(mine)
        with store.begin() as work:
            assert len(work.orders.managed_by_inactive(1)) == 1

    def test_the_stores_own_admin_manages_while_nobody_else_does(self, store: Store) -> None:
        admins = sorted((an_admin(), an_admin()), key=lambda admin: admin.id)
        with store.begin() as work:
            assert list(work.admins.managers()) == [STORE_ADMIN]
        with store.begin() as work:
            work.admins.claim_usernames(admins)
        with store.begin() as work:
            assert list(work.admins.managers()) == [admin.id for admin in admins]
        for admin in admins:
            change(store, lambda work: work.admins, admin, lambda held: held.deactivate(at=AT, actor_id=ACTOR_ID))
        with store.begin() as work:
            assert list(work.admins.managers()) == [STORE_ADMIN]
