"""The only place for what the memory store keeps: one dict a table, and the refusals a database would have."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from attrs import define, evolve, field, fields, frozen, has

from ordercore.domain.admin import AdminUser, ApiToken, normalised_username
from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.customer import Customer
from ordercore.domain.order import Order
from ordercore.domain.payment import LedgerEntry, Payment
from ordercore.domain.product import Movement, Product
from ordercore.domain.shipment import Shipment
from ordercore.domain.work_item import WorkItem
from ordercore.ports.queries import EventRow
from ordercore.ports.store import RequestClaim, StoredRequest


class WriteRefused(AssertionError):
    """A write that a database would refuse: a bug of the caller, never an outcome."""


@frozen(kw_only=True)
class RequestRow:
    """An idempotency key with its times; `finished_at` is None while its outcome is."""

    claim: RequestClaim
    claimed_at: datetime
    finished_at: datetime | None

    @property
    def stored(self) -> StoredRequest:
        """The row as the port shows it."""
        return StoredRequest(claim=self.claim, claimed_at=self.claimed_at)

    def finished(self, outcome: str, at: datetime) -> RequestRow:
        """The row with its outcome."""
        return evolve(self, claim=evolve(self.claim, outcome=outcome), finished_at=at)


@define(kw_only=True)
class State:
    """Everything that is kept. A committed state is never changed again: a transaction works on its own copy."""

    customers: dict[UUID, Customer] = field(factory=dict)
    orders: dict[UUID, Order] = field(factory=dict)
    products: dict[UUID, Product] = field(factory=dict)
    shipments: dict[UUID, Shipment] = field(factory=dict)
    admins: dict[UUID, AdminUser] = field(factory=dict)
    tokens: dict[UUID, ApiToken] = field(factory=dict)
    work_items: dict[UUID, WorkItem] = field(factory=dict)
    requests: dict[tuple[UUID, str], RequestRow] = field(factory=dict)
    references: dict[tuple[UUID, str], UUID] = field(factory=dict)
    guests: dict[str, UUID] = field(factory=dict)
    skus: dict[str, UUID] = field(factory=dict)
    usernames: dict[str, UUID] = field(factory=dict)
    numbers: dict[int, UUID] = field(factory=dict)
    events: dict[tuple[str, UUID], tuple[EventRow, ...]] = field(factory=dict)
    movements: dict[UUID, tuple[Movement, ...]] = field(factory=dict)
    ledger: dict[UUID, tuple[LedgerEntry, ...]] = field(factory=dict)
    last_number: int = 0

    def copied(self) -> State:
        """The same in dicts of its own; the values are frozen and shared."""
        return State(**{each.name: copy(getattr(self, each.name)) for each in fields(State)})

    def admin_in_any_case(self, username: str) -> UUID | None:
        """The admin user with that name; where nobody is spelled so, the oldest with the name in another case."""
        name = normalised_username(username)
        others = [id for spelled, id in self.usernames.items() if normalised_username(spelled) == name]
        return self.usernames.get(username, min(others, default=None))

    def append_events(self, aggregate: Aggregate) -> None:
        """The aggregate's facts, numbered on from its saved ones."""
        if not aggregate.facts:
            return
        stream = (aggregate.stream, aggregate.id)
        earlier = self.events.get(stream, ())
        self.events[stream] = earlier + tuple(
            _row(aggregate, number, fact) for number, fact in enumerate(aggregate.facts, start=len(earlier) + 1)
        )


def take(index: dict[Any, UUID], name: object, id: UUID) -> None:
    """Enter a name in a unique index.

    Raises:
        WriteRefused: it is another's.
    """
    if index.setdefault(name, id) != id:
        raise WriteRefused(f"{name} is taken by {index[name]}")


def check_levels(product: Product) -> None:
    """Raises WriteRefused unless 0 <= reserved <= on_hand at every location."""
    for level in product.levels:
        if not 0 <= level.reserved <= level.on_hand:
            raise WriteRefused(f"{product.sku}: {level}")


def check_sums(payment: Payment) -> None:
    """Raises WriteRefused where more was asked for than is due."""
    holds = (
        payment.authorised + payment.authorise_pending <= payment.amount.amount_minor
        and payment.captured + payment.capture_pending <= payment.authorised
        and payment.refunded + payment.refund_pending <= payment.captured
    )
    if not holds:
        raise WriteRefused(f"more than is due: {payment}")


def check_quantities(order: Order) -> None:
    """Raises WriteRefused where more pieces ended than were ordered."""
    for item in order.items:
        if item.quantity_open < 0 or item.quantity_delivered > item.quantity_shipped:
            raise WriteRefused(f"order {order.number}: {item}")


def check_neighbours(state: State, order: Order) -> None:
    """Raises WriteRefused where a foreign key points at nothing."""
    there = (
        order.customer_id in state.customers
        and order.manager_id in state.admins
        and all(item.product_id in state.products for item in order.items)
    )
    if not there:
        raise WriteRefused(f"order {order.number} names somebody or something that is not there")


def _row(aggregate: Aggregate, number: int, fact: Event) -> EventRow:
    told = {name: value for name, value in _fields(fact).items() if value is not None}
    payload = {name: value for name, value in told.items() if name not in ("occurred_at", "actor_id")}
    return EventRow(
        stream=aggregate.stream,
        stream_id=aggregate.id,
        number=number,
        type=fact.type,
        occurred_at=fact.occurred_at,
        actor_id=fact.actor_id,
        payload=payload,
    )


def _fields(value: Any) -> Mapping[str, object]:
    return {each.name: _plain(getattr(value, each.name)) for each in fields(type(value))}


def _plain(value: Any) -> object:
    """What JSON can say."""
    if has(type(value)):
        return _fields(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value
