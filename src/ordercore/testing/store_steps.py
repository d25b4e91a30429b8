"""The only place for what the store suite does over and over: hold, step, save, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar
from uuid import UUID

import pytest
from attrs import evolve

from ordercore.domain.aggregates import Aggregate
from ordercore.domain.errors import OrderCoreError
from ordercore.domain.order import Order
from ordercore.ports.queries import Lookups
from ordercore.ports.store import Collection, RequestClaim, Store, UnitOfWork
from ordercore.testing.store_samples import (
    ACTOR_ID,
    Step,
    a_customer,
    a_product,
    an_order,
    new_id,
)

A = TypeVar("A", bound=Aggregate)
Kind = Callable[[UnitOfWork], Collection[A]]


class Interruption(Exception):
    """Raised by tests inside a unit of work."""


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
    yield lookups.work_items(ids)
    yield lookups.product_ids(("no such sku",))
    yield lookups.order_id(987_654_321)
    yield lookups.order_ids(nobody, ("no such reference",))
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
