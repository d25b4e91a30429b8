"""Placing: the command, and the transaction that turns many of them into orders with reserved stock.

The batch is the primitive: each order has its own outcome and sees its predecessors' reservations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import field, frozen

from ordercore.application.pricing import ItemRequest, PricedLine, price, refuse_other_total
from ordercore.application.requests import DONE, Repeated, claimed
from ordercore.domain import cards, fields
from ordercore.domain.customer import Address, Contact, Customer, normalised_email
from ordercore.domain.errors import (
    AlreadyExists,
    InvalidRequest,
    KeyReused,
    OrderCoreError,
    UnknownCustomer,
)
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.limits import MAX_LINES_PER_ORDER, MAX_NAME_LENGTH
from ordercore.domain.money import Money, total_of
from ordercore.domain.order import Allocation, OnDecline, Order, OrderItem
from ordercore.domain.payment import Payment, PaymentMethod
from ordercore.domain.product import DEFAULT_LOCATION, Product
from ordercore.ports.commits import Change
from ordercore.ports.store import RequestClaim, UnitOfWork


@frozen(kw_only=True, slots=False)
class CustomerReference:
    """A customer that is known already."""

    id: UUID = field(validator=fields.instance_of(UUID))


@frozen(kw_only=True, slots=False)
class PaymentDetails:
    """How it is paid. `token` stands for the card; the provider's client-side fields or vault made it."""

    method: PaymentMethod = field(default=PaymentMethod.CARD, validator=fields.instance_of(PaymentMethod))
    token: str = field(repr=False, validator=cards.token)


@frozen(kw_only=True, slots=False)
class PlaceOrder:
    """An order to be placed and paid.

    `ship_to` may be left out where a known customer has an address; `payment` where the total is zero.
    `expected_total` refuses any other total; `on_decline` says what a declined payment does to the order;
    `external_reference` is unique for the actor, for ever.
    """

    customer: Contact | CustomerReference = field(validator=fields.instance_of((Contact, CustomerReference)))
    ship_to: Address | None = field(default=None, validator=fields.optional(fields.instance_of(Address)))
    items: tuple[ItemRequest, ...] = field(
        converter=fields.as_tuple,
        validator=fields.several_of(ItemRequest, least=1, most=MAX_LINES_PER_ORDER),
    )
    payment: PaymentDetails | None = field(default=None, validator=fields.optional(fields.instance_of(PaymentDetails)))
    expected_total: Money | None = field(default=None, validator=fields.optional(fields.instance_of(Money)))
    on_decline: OnDecline = field(default=OnDecline.CANCEL, validator=fields.instance_of(OnDecline))
    external_reference: str | None = field(default=None, validator=fields.optional(fields.text(most=MAX_NAME_LENGTH)))


@frozen(kw_only=True, slots=False)
class Placement:
    """A command with all it needs to be repeatable.

    `ids` are those of the order, its guest, its payment, its first attempt, two ledger entries, and one an item.
    `placed_at` is the order date where it was placed elsewhere; `is_paid_elsewhere` asks no provider; `is_silent` tells
    the customer nothing.
    """

    actor_id: UUID
    command: PlaceOrder
    at: datetime
    reservation: timedelta
    ids: tuple[UUID, ...]
    claim: RequestClaim | None
    placed_at: datetime | None = None
    is_paid_elsewhere: bool = False
    is_silent: bool = False

    @property
    def order_id(self) -> UUID:
        """The id of the order to be."""
        return self.ids[0]

    @property
    def reference(self) -> tuple[UUID, str] | None:
        """The name under which the actor knows the order, where there is one."""
        reference = self.command.external_reference
        return None if reference is None else (self.actor_id, reference)


IDS_BESIDE_ITEMS = 6

LARGEST_SKEW = timedelta(days=1)
"""Another system's clock, or its time zone, may be ahead of ours by so much."""


Outcome = Order | Repeated | OrderCoreError


def reserve(work: UnitOfWork, placements: Sequence[Placement]) -> Sequence[Outcome]:
    """Step 1 of an order's path: orders `pending` with stock reserved and the attempt to be made, or their refusals.

    Claim, hold, decide one after the other, write at the end.
    """
    outcomes, wanted = _claim(work, placements)
    fresh = [placement for placement, outcome in zip(placements, outcomes, strict=True) if outcome is None]
    guests = work.customers.claim_guests(_guests(fresh))
    customers = work.customers.read(_named_customers(fresh))
    ids = work.products.ids_of(item.sku for each in fresh for item in each.command.items if item.sku is not None)
    before = work.products.hold(
        {*ids.values(), *(item.product_id for each in fresh for item in each.command.items if item.product_id)}
    )
    products = dict(before)
    managers = work.admins.managers()
    numbers = iter(work.orders.next_numbers(len(fresh)))
    named: dict[tuple[UUID, str], UUID] = {}
    for index, placement in enumerate(placements):
        if outcomes[index] is None:
            number = next(numbers)
            outcome = outcomes[index] = _decide(
                placement, number, managers[number % len(managers)], guests, customers, ids, products, named, work.now
            )
            if placement.reference is not None and isinstance(outcome, Order):
                named[placement.reference] = outcome.id
    passed_on = {name: id for name, id in named.items() if wanted[name] != id}
    if passed_on:
        work.orders.pass_on_references(passed_on)
    _share_refusals(placements, outcomes)
    work.products.save(*(product for id, product in products.items() if product is not before[id]))
    work.orders.save(*(outcome for outcome in outcomes if isinstance(outcome, Order)))
    _release_refused(work, placements, outcomes, guests)
    _finish_settled(work, outcomes)
    return [outcome for outcome in outcomes if outcome is not None]


RESERVE: Change[Placement, Order | Repeated] = Change(
    "place_order", reserve, weigh=lambda placement: len(placement.command.items)
)


def _claim(
    work: UnitOfWork, placements: Sequence[Placement]
) -> tuple[list[Outcome | None], Mapping[tuple[UUID, str], UUID]]:
    """Keys first, then external references; each placement's verdict, None where it may go on.

    And the references that were claimed, each for the first order that names it: whether that one is placed, or the
    next that names it, is not known yet.
    """
    verdicts: list[Repeated | KeyReused | None] = list(claimed(work, [each.claim for each in placements]))
    outcomes: list[Outcome | None] = list(verdicts)
    wanted: dict[tuple[UUID, str], UUID] = {}
    for placement, verdict in zip(placements, verdicts, strict=True):
        if verdict is None and placement.reference is not None:
            wanted.setdefault(placement.reference, placement.order_id)
    if not wanted:
        return outcomes, wanted
    taken = work.orders.claim_references(wanted)
    for index, placement in enumerate(placements):
        reference = placement.reference
        if outcomes[index] is None and reference is not None and reference in taken:
            outcomes[index] = _reference_taken(reference[1])
    return outcomes, wanted


def _reference_taken(name: str) -> AlreadyExists:
    return AlreadyExists(kind="order with the external reference", name=name, pointer="/external_reference")


def _guests(fresh: Iterable[Placement]) -> list[Customer]:
    """One guest to be for each e-mail address, from the first order that names it."""
    guests: dict[str, Customer] = {}
    for placement in fresh:
        contact = placement.command.customer
        if isinstance(contact, Contact):
            email = normalised_email(contact.email)
            if email not in guests:
                guests[email] = Customer.register(
                    id=placement.ids[1],
                    contact=contact,
                    address=placement.command.ship_to,
                    locale="en",
                    is_guest=True,
                    at=placement.at,
                    actor_id=placement.actor_id,
                )
    return list(guests.values())


def _named_customers(fresh: Iterable[Placement]) -> set[UUID]:
    return {
        placement.command.customer.id
        for placement in fresh
        if isinstance(placement.command.customer, CustomerReference)
    }


def _decide(
    placement: Placement,
    number: int,
    manager_id: UUID,
    guests: Mapping[str, UUID],
    customers: Mapping[UUID, Customer],
    ids: Mapping[str, UUID],
    products: dict[UUID, Product],
    named: Mapping[tuple[UUID, str], UUID],
    now: datetime,
) -> Order | OrderCoreError:
    """The order with its reservations made in `products`, or its refusal with nothing changed.

    `named` are the external references of the orders that were placed before it in this transaction.
    """
    if placement.reference is not None and placement.reference in named:
        return _reference_taken(placement.reference[1])
    try:
        return _placed(placement, number, manager_id, guests, customers, ids, products, now)
    except OrderCoreError as refusal:
        return refusal


def _placed(
    placement: Placement,
    number: int,
    manager_id: UUID,
    guests: Mapping[str, UUID],
    customers: Mapping[UUID, Customer],
    ids: Mapping[str, UUID],
    products: dict[UUID, Product],
    now: datetime,
) -> Order:
    command, at = placement.command, placement.at
    if placement.placed_at is not None and placement.placed_at > at + LARGEST_SKEW:
        raise InvalidRequest.of("/placed_at", "must not be in the future", "out_of_range")
    customer_id, contact, ship_to = _buyer(command, guests, customers)
    lines = price(command.items, ids, products)
    reserved = [
        line.product.reserve(line.quantity, at=at, actor_id=placement.actor_id, pointer=line.pointer) for line in lines
    ]
    items = tuple(_item(id, line) for id, line in zip(placement.ids[IDS_BESIDE_ITEMS:], lines, strict=False))
    total = total_of((item.line_total for item in items), items[0].line_total.currency)
    refuse_other_total(command.expected_total, total)
    is_free = total.amount_minor == 0 or placement.is_paid_elsewhere
    if not is_free and command.payment is None:
        raise InvalidRequest.of("/payment", f"is needed: {total} are due", "missing")
    payment = Payment(
        id=placement.ids[2],
        amount=total,
        method=command.payment.method if command.payment else PaymentMethod.CARD,
        status=PaymentStatus.PENDING,
        is_external=placement.is_paid_elsewhere,
        changed_at=at,
    )
    order = Order(
        id=placement.order_id,
        number=number,
        customer_id=customer_id,
        contact=contact,
        ship_to=ship_to,
        manager_id=manager_id,
        placed_by=placement.actor_id,
        external_reference=command.external_reference,
        ordered_at=placement.placed_at or at,
        status=OrderStatus.PENDING,
        on_decline=command.on_decline,
        expires_at=now + placement.reservation,
        items=items,
        total=total,
        payment=payment,
    )
    for product in reserved:
        products[product.id] = product
    token = command.payment.token if command.payment is not None and not is_free else None
    placed = order.placed(
        token=token, attempt_id=placement.ids[3], at=at, started_at=now, is_silent=placement.is_silent
    )
    if not is_free:
        return placed
    return placed.confirm_paid(entry_ids=(placement.ids[4], placement.ids[5]), at=at, actor_id=placement.actor_id)


def _buyer(
    command: PlaceOrder, guests: Mapping[str, UUID], customers: Mapping[UUID, Customer]
) -> tuple[UUID, Contact, Address]:
    """Who buys, with the order's own copy of name, contact and address."""
    if isinstance(command.customer, Contact):
        if command.ship_to is None:
            raise InvalidRequest.of("/ship_to", "is needed: the customer has no stored address", "missing")
        return guests[normalised_email(command.customer.email)], command.customer, command.ship_to
    customer = customers.get(command.customer.id)
    if customer is None:
        raise UnknownCustomer(customer_id=command.customer.id)
    ship_to = command.ship_to or customer.address
    if ship_to is None:
        raise InvalidRequest.of("/ship_to", "is needed: the customer has no stored address", "missing")
    return customer.id, customer.contact, ship_to


def _item(id: UUID, line: PricedLine) -> OrderItem:
    product = line.product
    return OrderItem(
        id=id,
        product_id=product.id,
        sku=product.sku,
        name=product.name,
        unit_price=product.price,
        quantity=line.quantity,
        line_total=product.price * line.quantity,
        allocations=(Allocation(location_id=DEFAULT_LOCATION, quantity=line.quantity),),
    )


def _share_refusals(placements: Sequence[Placement], outcomes: list[Outcome | None]) -> None:
    """Of two equal requests in one batch the second shares the refusal of the first."""
    refusals = {
        placement.order_id: outcome
        for placement, outcome in zip(placements, outcomes, strict=True)
        if isinstance(outcome, OrderCoreError)
    }
    if not refusals:
        return
    for index, outcome in enumerate(outcomes):
        if isinstance(outcome, Repeated):
            outcomes[index] = refusals.get(outcome.stored.claim.resource_id, outcome)


def _release_refused(
    work: UnitOfWork,
    placements: Sequence[Placement],
    outcomes: Sequence[Outcome | None],
    guests: Mapping[str, UUID],
) -> None:
    """A refusal leaves its key and its reference free, and no guest behind."""
    refused = [
        placement
        for placement, outcome in zip(placements, outcomes, strict=True)
        if isinstance(outcome, OrderCoreError) and not isinstance(outcome, KeyReused)
    ]
    if not refused:
        return
    work.requests.release(each.claim for each in refused if each.claim is not None)
    kept = {(order.placed_by, order.external_reference) for order in outcomes if isinstance(order, Order)}
    work.orders.release_references(
        each.reference for each in refused if each.reference is not None and each.reference not in kept
    )
    buying = {outcome.customer_id for outcome in outcomes if isinstance(outcome, Order)}
    work.customers.release(id for id in guests.values() if id not in buying)


def _finish_settled(work: UnitOfWork, outcomes: Sequence[Outcome | None]) -> None:
    """Orders that need no provider have their outcome at once."""
    settled = {
        outcome.id: DONE for outcome in outcomes if isinstance(outcome, Order) and outcome.payment.open_attempt is None
    }
    if settled:
        work.requests.finish(RESERVE.name, settled)
