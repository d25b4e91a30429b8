"""The contract of ports/store.py as tests: subclass `StoreSuite`, give it a `store` fixture, and it runs on yours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, timedelta
from threading import Event, Thread
from typing import ClassVar, TypeVar
from uuid import UUID

import pytest
from attrs import evolve

from ordercore.domain.admin import STORE_ADMIN, AdminUser
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.customer import Customer
from ordercore.domain.errors import OrderCoreError
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus
from ordercore.domain.order import OnDecline, Order
from ordercore.domain.product import Product
from ordercore.ports.queries import Lookups
from ordercore.ports.store import Collection, RequestClaim, Store, UnitOfWork
from ordercore.testing.store_samples import (
    ACTOR_ID,
    AT,
    EXTERNAL_LIVES,
    ORDER_LIVES,
    Step,
    a_customer,
    a_product,
    a_shipment,
    a_token,
    an_admin,
    an_order,
    new_id,
    shipment_in,
)

A = TypeVar("A", bound=Aggregate)
Kind = Callable[[UnitOfWork], Collection[A]]

LONG = timedelta(days=365)


class Interruption(Exception):
    """Raised by tests inside a unit of work."""


class StoreSuite:
    """What every store does. Nothing here depends on what else the store holds."""

    isolates_readers: ClassVar[bool] = True
    """False for a store whose readers wait for the writer (one shared connection)."""

    @pytest.fixture
    def store(self) -> Store | Iterator[Store]:
        """An empty store, closed afterwards where it needs closing."""
        raise NotImplementedError("a subclass gives the store")

    # -- being born and beginning -------------------------------------------------------------------------------

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
            work.requests.release(())
            work.customers.release(())
            work.orders.release_references(())
            work.requests.finish("place_order", {})
        with store.reading() as lookups:
            assert lookups.orders(()) == {}
            assert lookups.product_ids(()) == {}

    # -- all or nothing -----------------------------------------------------------------------------------------

    def test_leaving_commits_and_raising_rolls_everything_back(self, store: Store) -> None:
        def everything(work: UnitOfWork, sign: str) -> Order:
            work.requests.claim((a_claim(f"key-{sign}"),))
            work.orders.claim_references({(ACTOR_ID, f"ref-{sign}"): new_id()})
            guest = a_customer(email=f"{sign}@example.com", is_guest=True)
            work.customers.claim_guests((guest,))
            product = a_product(sku=f"sku-{sign}")
            work.products.claim_skus((product,))
            admin = an_admin(username=f"name-{sign}")
            work.admins.claim_usernames((admin,))
            order = an_order(number=work.orders.next_numbers(1)[0], customer=guest, products=[product])
            work.orders.save(order)
            work.shipments.save(a_shipment(order))
            work.tokens.save(a_token())
            return order

        with rolled_back(store) as work:
            lost = everything(work, "lost")
        with store.begin() as work:
            kept = everything(work, "kept")
        with store.reading() as lookups:
            assert lookups.orders((lost.id, kept.id)).keys() == {kept.id}
            assert lookups.customers((lost.customer_id, kept.customer_id)).keys() == {kept.customer_id}
            assert lookups.product_ids(("sku-lost", "sku-kept")).keys() == {"sku-kept"}
            assert (lookups.admin_id("name-lost"), lookups.admin_id("name-kept") is None) == (None, False)
            assert lookups.request_outcome(ACTOR_ID, "key-lost") is None
            assert lookups.request_outcome(ACTOR_ID, "key-kept") is not None
            assert not lookups.shipment_ids(lost.id)
            assert lookups.shipment_ids(kept.id)
            assert not lookups.events("order", lost.id)
            assert not lookups.events("customer", lost.customer_id)
        with store.begin() as work:
            assert not work.requests.claim((a_claim("key-lost"),))
            assert not work.orders.claim_references({(ACTOR_ID, "ref-lost"): new_id()})
            assert not work.products.claim_skus((a_product(sku="sku-lost"),))

    def test_a_refusal_of_the_core_rolls_back_too(self, store: Store) -> None:
        token = a_token()

        def refuse() -> None:
            with store.begin() as work:
                work.tokens.save(token)
                raise OrderCoreError

        with pytest.raises(OrderCoreError):
            refuse()
        with store.reading() as lookups:
            assert not lookups.tokens((token.id,))

    # -- requests -----------------------------------------------------------------------------------------------

    def test_a_key_is_taken_once_for_an_actor(self, store: Store) -> None:
        first, other_actor = a_claim("key"), evolve(a_claim("key"), actor_id=new_id())
        with store.begin() as work:
            assert work.requests.claim((first,)) == {}
            claimed_at = work.now
        with store.begin() as work:
            taken = work.requests.claim(sorted((a_claim("key"), other_actor), key=lambda each: each.actor_id))
        assert taken.keys() == {(ACTOR_ID, "key")}
        assert taken[ACTOR_ID, "key"].claim == first
        assert taken[ACTOR_ID, "key"].claimed_at == claimed_at

    def test_an_outcome_is_kept_once_it_is_known(self, store: Store) -> None:
        claim, other = a_claim("key"), a_claim("other key")
        with store.begin() as work:
            work.requests.claim((claim, other))
        with store.reading() as lookups:
            assert lookups.request_outcome(ACTOR_ID, "key") == (claim.resource_id, None)
        with store.begin() as work:
            work.requests.finish("another operation", {claim.resource_id: "done"})
            work.requests.finish("place_order", {claim.resource_id: "payment_declined", new_id(): "done"})
        with store.begin() as work:
            work.requests.finish("place_order", {claim.resource_id: "done"})
        with store.reading() as lookups:
            assert lookups.request_outcome(ACTOR_ID, "key") == (claim.resource_id, "payment_declined")
            assert lookups.request_outcome(ACTOR_ID, "other key") == (other.resource_id, None)

    def test_a_request_can_be_finished_where_it_is_claimed(self, store: Store) -> None:
        at_once, later = evolve(a_claim("at once"), outcome="done"), a_claim("later")
        with store.begin() as work:
            work.requests.claim((at_once, later))
            work.requests.finish("place_order", {later.resource_id: "done"})
        with store.reading() as lookups:
            assert lookups.request_outcome(ACTOR_ID, "at once") == (at_once.resource_id, "done")
            assert lookups.request_outcome(ACTOR_ID, "later") == (later.resource_id, "done")

    def test_only_claims_of_this_unit_of_work_are_released(self, store: Store) -> None:
        earlier, mine = a_claim("earlier"), a_claim("mine")
        with store.begin() as work:
            work.requests.claim((earlier,))
        with store.begin() as work:
            work.requests.claim((earlier, mine))
            work.requests.release((earlier, mine))
        with store.reading() as lookups:
            assert lookups.request_outcome(ACTOR_ID, "earlier") == (earlier.resource_id, None)
            assert lookups.request_outcome(ACTOR_ID, "mine") is None

    def test_only_finished_requests_are_deleted_and_never_too_many(self, store: Store) -> None:
        claims = [evolve(a_claim(f"key {number}"), outcome="done") for number in range(3)]
        with store.begin() as work:
            work.requests.claim((*claims, a_claim("running")))
        with store.begin() as work:
            assert work.requests.delete_finished(work.now - LONG, 10) == 0
        with store.begin() as work:
            assert work.requests.delete_finished(work.now + LONG, 2) == 2
        with store.begin() as work:
            assert work.requests.delete_finished(work.now + LONG, 2) == 1
        with store.reading() as lookups:
            assert all(lookups.request_outcome(ACTOR_ID, claim.key) is None for claim in claims)
            assert lookups.request_outcome(ACTOR_ID, "running") is not None

    def test_of_two_threads_with_one_key_the_second_finds_the_first(self, store: Store) -> None:
        first, second = a_claim("raced"), a_claim("raced")
        claimed, found = Event(), []

        def come_second() -> None:
            claimed.wait(10)
            with store.begin() as work:
                found.append(work.requests.claim((second,)))

        rival = Thread(target=come_second)
        rival.start()
        with store.begin() as work:
            assert not work.requests.claim((first,))
            claimed.set()
        rival.join(30)
        assert [taken[ACTOR_ID, "raced"].claim for taken in found] == [first]

    # -- other claims -------------------------------------------------------------------------------------------

    def test_guests_are_one_an_email_address(self, store: Store) -> None:
        first = a_customer(email="Ann@Example.com", is_guest=True)
        again = a_customer(email="ann@example.COM ", is_guest=True)
        other = a_customer(email="bob@example.com", is_guest=True)
        with store.begin() as work:
            assert work.customers.claim_guests((first,)) == {"ann@example.com": first.id}
        with store.begin() as work:
            ids = work.customers.claim_guests((again, other))
            assert ids == {"ann@example.com": first.id, "bob@example.com": other.id}
            assert work.customers.read((first.id, again.id, other.id)).keys() >= {first.id}
        with store.reading() as lookups:
            assert lookups.customers((first.id, again.id, other.id)) == {first.id: saved(first), other.id: saved(other)}
            assert [event.type for event in lookups.events("customer", first.id)] == ["customer.registered.v1"]

    def test_registered_customers_may_share_a_guests_address(self, store: Store) -> None:
        guest, registered = a_customer(email="a@x.org", is_guest=True), a_customer(email="a@x.org")
        with store.begin() as work:
            work.customers.save(registered, a_customer(email="a@x.org"))
        with store.begin() as work:
            assert work.customers.claim_guests((guest,)) == {"a@x.org": guest.id}

    def test_only_guests_of_this_unit_of_work_are_released(self, store: Store) -> None:
        earlier = a_customer(email="earlier@example.com", is_guest=True)
        mine = a_customer(email="mine@example.com", is_guest=True)
        with store.begin() as work:
            work.customers.claim_guests((earlier,))
        with store.begin() as work:
            work.customers.claim_guests((earlier, mine))
            work.customers.release((earlier.id, mine.id))
        with store.reading() as lookups:
            assert lookups.customers((earlier.id, mine.id)).keys() == {earlier.id}
            assert not lookups.events("customer", mine.id)
        with store.begin() as work:
            assert work.customers.claim_guests((evolve(mine, id=(again := new_id())),)) == {"mine@example.com": again}

    def test_a_guest_with_another_address_frees_the_old_one(self, store: Store) -> None:
        guest, successor = (a_customer(email="old@example.com", is_guest=True) for _ in range(2))
        with store.begin() as work:
            work.customers.claim_guests((guest,))
        contact = evolve(guest.contact, email="new@example.com")
        change(
            store,
            lambda work: work.customers,
            guest,
            lambda held: held.edit(contact=contact, address=None, locale="en", at=AT, actor_id=ACTOR_ID),
        )
        with store.begin() as work:
            assert work.customers.claim_guests((successor,)) == {"old@example.com": successor.id}

    def test_external_references_are_one_an_actor(self, store: Store) -> None:
        mine, again, others = new_id(), new_id(), new_id()
        somebody = new_id()
        with store.begin() as work:
            assert not work.orders.claim_references({(ACTOR_ID, "A-1"): mine})
        with store.begin() as work:
            taken = work.orders.claim_references({(ACTOR_ID, "A-1"): again, (somebody, "A-1"): others})
        assert taken == {(ACTOR_ID, "A-1"): mine}

    def test_only_references_of_this_unit_of_work_are_released(self, store: Store) -> None:
        with store.begin() as work:
            work.orders.claim_references({(ACTOR_ID, "earlier"): (holder := new_id())})
        with store.begin() as work:
            work.orders.claim_references({(ACTOR_ID, "earlier"): new_id(), (ACTOR_ID, "mine"): new_id()})
            work.orders.release_references(((ACTOR_ID, "earlier"), (ACTOR_ID, "mine")))
        with store.begin() as work:
            names = {(ACTOR_ID, "earlier"): new_id(), (ACTOR_ID, "mine"): new_id()}
            assert work.orders.claim_references(names) == {(ACTOR_ID, "earlier"): holder}

    def test_skus_are_claimed_with_their_products(self, store: Store) -> None:
        first, again, other = a_product(sku="MUG"), a_product(sku="MUG"), a_product(sku="PLATE", quantity=0)
        with store.begin() as work:
            assert work.products.claim_skus((first,)) == {}
        with store.begin() as work:
            assert work.products.claim_skus((again, other)) == {"MUG": first.id}
            assert work.products.ids_of(("MUG",)) == {"MUG": first.id}
        with store.reading() as lookups:
            assert lookups.product_ids(("MUG", "PLATE", "BOWL")) == {"MUG": first.id, "PLATE": other.id}
            products = lookups.products((first.id, again.id, other.id))
            assert products == {first.id: saved(first), other.id: saved(other)}

    def test_usernames_are_claimed_with_their_admin_users(self, store: Store) -> None:
        first, again = an_admin(username="ann"), an_admin(username="ann")
        with store.begin() as work:
            assert work.admins.claim_usernames((first,)) == {}
        with store.begin() as work:
            assert work.admins.claim_usernames((again, an_admin(username="bob"))) == {"ann": first.id}
        with store.reading() as lookups:
            assert lookups.admin_id("ann") == first.id
            assert lookups.admins((first.id, again.id)) == {first.id: saved(first)}

    def test_order_numbers_are_unique_and_rise(self, store: Store) -> None:
        with store.begin() as work:
            numbers = [*work.orders.next_numbers(3), *work.orders.next_numbers(1)]
        assert numbers == sorted(set(numbers))
        assert len(numbers) == 4
        of_orders = [place(store).number for _ in range(3)]
        assert of_orders == sorted(set(of_orders))

    # -- keeping ------------------------------------------------------------------------------------------------

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

    # -- holding ------------------------------------------------------------------------------------------------

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

    # -- what the store itself refuses --------------------------------------------------------------------------

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

    # -- reading ------------------------------------------------------------------------------------------------

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
        assert [each.since for each in found] == [now - timedelta(minutes=age) for age in (30, 25, 20)]
        assert [each.order_id for each in first] == [waiting.id]
        assert young.id not in {each.order_id for each in found}

    # -- candidates ---------------------------------------------------------------------------------------------

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
            assert set(work.orders.expired(10)) == set(over)
        with store.begin() as work:
            assert len(work.orders.expired(1)) == 1

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


# -- helpers --------------------------------------------------------------------------------------------------------


def a_claim(key: str) -> RequestClaim:
    """A claim for a placement, of the embedding actor."""
    return RequestClaim(
        actor_id=ACTOR_ID, key=key, operation="place_order", fingerprint=b"\x01\xff", resource_id=new_id()
    )


def saved(aggregate: A) -> A:
    """The aggregate as it is after it was saved."""
    return evolve(aggregate, event_count=aggregate.event_count + len(aggregate.facts), facts=())


def place(store: Store, **wishes: object) -> Order:
    """A pending order of two products in a store that has what the order points at."""
    customer, products = a_customer(), [a_product(), a_product()]
    with store.begin() as work:
        work.products.claim_skus(sorted(products, key=lambda product: product.sku))
        work.customers.save(customer)
        (number,) = work.orders.next_numbers(1)
        order = an_order(number=number, customer=customer, products=products, **wishes)  # type: ignore[arg-type] # the callers name its keywords
        work.orders.save(order)
    return order


def change(store: Store, kind: Kind[A], aggregate: A, step: Callable[[A], A]) -> A:
    """Hold, step and save in one unit of work; answers what the next reader will get."""
    with store.begin() as work:
        after = step(kind(work).hold((aggregate.id,))[aggregate.id])
        kind(work).save(after)
    return saved(after)


def live(store: Store, order: Order, steps: tuple[Step, ...]) -> Order:
    """Take the order through the steps, a unit of work each; at each it is read back as it was saved."""
    expected = saved(order)
    for step in (None, *steps):
        if step is not None:
            expected = change(store, lambda work: work.orders, order, step)
        with store.reading() as lookups:
            assert lookups.orders((order.id,)) == {order.id: expected}
    return expected


def every_lookup(lookups: Lookups, nobody: UUID) -> Iterator[object]:
    """What each lookup answers when nothing is there."""
    ids = (nobody,)
    yield lookups.orders(ids)
    yield lookups.products(ids)
    yield lookups.customers(ids)
    yield lookups.shipments(ids)
    yield lookups.admins(ids)
    yield lookups.tokens(ids)
    yield lookups.product_ids(("no such sku",))
    yield lookups.order_id(987_654_321)
    yield lookups.shipment_ids(nobody)
    yield lookups.admin_id("nobody")
    yield lookups.request_outcome(nobody, "no such key")
    yield lookups.events("order", nobody)
    yield lookups.holders_of(nobody, 10)


@contextmanager
def refused_write() -> Iterator[None]:
    """A write that breaks a rule of the store is a bug: an unexpected error, never an outcome."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each database has an error of its own
        yield
    assert not isinstance(caught.value, OrderCoreError)


@contextmanager
def order_violated() -> Iterator[None]:
    """Locks taken out of order are a bug too."""
    with pytest.raises(AssertionError):
        yield


@contextmanager
def rolled_back(store: Store) -> Iterator[UnitOfWork]:
    """A unit of work that raises at its end."""
    with suppress(Interruption), store.begin() as work:
        yield work
        raise Interruption
