"""The part of the store suite on what is claimed: all or nothing, each name once."""

from __future__ import annotations

from datetime import timedelta
from threading import Event, Thread

import pytest
from attrs import evolve

from ordercore.domain.errors import OrderCoreError
from ordercore.domain.order import Order
from ordercore.ports.store import Store, UnitOfWork
from ordercore.testing.store_samples import (
    ACTOR_ID,
    AT,
    a_customer,
    a_product,
    a_shipment,
    a_token,
    an_admin,
    an_import,
    an_order,
    new_id,
)
from ordercore.testing.store_steps import (
    a_claim,
    change,
    place,
    rolled_back,
    saved,
)

LONG = timedelta(days=365)


class ClaimTests:
    """Units of work as a whole, and their first phase."""

    # -- all or nothing ----------------------------------------------------------------------------------------------

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
            work.imports.save(ended[sign])
            return order

        ended = {"lost": an_import(), "kept": an_import()}
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
            assert not lookups.events("import", ended["lost"].id)
            assert lookups.events("import", ended["kept"].id)
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

    # -- requests ----------------------------------------------------------------------------------------------------

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

    def test_a_request_stays_while_its_order_or_its_attempt_has_no_answer(self, store: Store) -> None:
        order = place(store)
        (attempt,) = order.payment.attempts
        about = {"order": order.id, "attempt": attempt.id, "another": new_id()}
        claims = [evolve(a_claim(key), outcome="done", resource_id=id) for key, id in about.items()]
        with store.begin() as work:
            work.requests.claim(claims)
        with store.begin() as work:
            assert work.requests.delete_finished(work.now + LONG, 10) == 1
        with store.reading() as lookups:
            kept = [key for key in about if lookups.request_outcome(ACTOR_ID, key) is not None]
        assert kept == ["order", "attempt"]

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

    # -- other claims ------------------------------------------------------------------------------------------------

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
        with store.reading() as lookups:
            assert lookups.order_ids(ACTOR_ID, ("A-1", "A-2")) == {"A-1": mine}
            assert lookups.order_ids(somebody, ("A-1",)) == {"A-1": others}
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

    def test_a_reference_of_this_unit_of_work_is_passed_on_to_another_order(self, store: Store) -> None:
        with store.begin() as work:
            work.orders.claim_references({(ACTOR_ID, "earlier"): (holder := new_id())})
        with store.begin() as work:
            work.orders.claim_references({(ACTOR_ID, "earlier"): new_id(), (ACTOR_ID, "mine"): new_id()})
            work.orders.pass_on_references({(ACTOR_ID, "earlier"): new_id(), (ACTOR_ID, "mine"): (heir := new_id())})
        with store.begin() as work:
            names = {(ACTOR_ID, "earlier"): new_id(), (ACTOR_ID, "mine"): new_id()}
            assert work.orders.claim_references(names) == {(ACTOR_ID, "earlier"): holder, (ACTOR_ID, "mine"): heir}

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

    def test_a_username_is_taken_and_found_in_every_case(self, store: Store) -> None:
        earlier, lower = an_admin(username="Zoë"), an_admin(username="ann")
        with store.begin() as work:
            assert work.admins.claim_usernames((earlier, lower)) == {}
        with store.begin() as work:
            again = (an_admin(username="ZOË"), an_admin(username="zoë"), an_admin(username="Ann"))
            assert work.admins.claim_usernames(again) == {"ZOË": earlier.id, "zoë": earlier.id, "Ann": lower.id}
        with store.reading() as lookups:
            found = [lookups.admin_id(name) for name in ("Zoë", "zoë", "zOË", "ann", "ANN", "anne")]
        assert found == [earlier.id, earlier.id, earlier.id, lower.id, lower.id, None]

    def test_whoever_is_spelled_so_is_found_before_others(self, store: Store) -> None:
        first, second, third = (an_admin(username=name) for name in ("BOB", "Bob", "bob"))
        with store.begin() as work:
            work.admins.save(first, second, third)  # from before names were kept in lower case
        with store.reading() as lookups:
            found = [lookups.admin_id(name) for name in ("BOB", "Bob", "bob", "bOb")]
        assert found == [first.id, second.id, third.id, first.id]

    def test_order_numbers_are_unique_and_rise(self, store: Store) -> None:
        with store.begin() as work:
            numbers = [*work.orders.next_numbers(3), *work.orders.next_numbers(1)]
        assert numbers == sorted(set(numbers))
        assert len(numbers) == 4
        of_orders = [place(store).number for _ in range(3)]
        assert of_orders == sorted(set(of_orders))
