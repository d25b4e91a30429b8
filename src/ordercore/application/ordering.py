"""Ordering: place, quote, pay again, cancel, deliver, correct, hand over, find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import evolve

from ordercore.application.core import Core
from ordercore.application.placing import IDS_BESIDE_ITEMS, RESERVE, CustomerReference, Placement, PlaceOrder
from ordercore.application.pricing import Quote, QuoteAnswer, quoted
from ordercore.application.requests import (
    Intent,
    Repeated,
    claim_for,
    existing,
    named,
    perform,
)
from ordercore.application.settling import (
    REFUND,
    drive,
    patience,
    resume,
    tell,
    was_declined,
)
from ordercore.application.steering import (
    CANCEL,
    CORRECT_ADDRESS,
    HAND_OVER,
    PAY,
    CancelOrder,
    CorrectAddress,
    HandOver,
    PayOrder,
)
from ordercore.domain.actor import Actor, ActorKind, Permission, authorise
from ordercore.domain.customer import Contact
from ordercore.domain.errors import (
    InvalidRequest,
    OrderCoreError,
    PaymentDeclined,
    RequestInProgress,
    Unavailable,
    UnknownResource,
)
from ordercore.domain.limits import MAX_LINES_PER_BATCH, MAX_ORDERS_PER_BATCH
from ordercore.domain.order import Order
from ordercore.ports.commits import Change
from ordercore.ports.queries import EventRow, Lookups, OrderFilter, OrderRow, Page, PageRequest
from ordercore.ports.store import StoredRequest

EARLIEST_WAIT_SECONDS = 0.02


class Ordering:
    """Orders, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def place(self, command: PlaceOrder, *, idempotency_key: str | None = None) -> Order:
        """Place one order: stock reserved, money asked for, outcome recorded.

        An answer that never came leaves the order `pending` with `payment.is_unknown`; the worker settles it.

        Raises:
            UnknownProduct, UnknownCustomer, OutOfStock, PriceChanged, CurrencyMismatch, InvalidRequest: refused,
                nothing was written.
            PermissionMissing: it names a customer's id and the actor may not read customers.
            PaymentDeclined: the order is kept, cancelled or waiting as `on_decline` says.
            KeyReused, RequestInProgress: see the idempotency key.
            Unavailable: send the same request again with the same key.
        """
        (outcome,) = self.place_many([command], idempotency_keys=[idempotency_key])
        if isinstance(outcome, OrderCoreError):
            raise outcome
        return outcome

    def place_many(
        self, commands: Sequence[PlaceOrder], *, idempotency_keys: Sequence[str | None] | None = None
    ) -> Sequence[Order | OrderCoreError]:
        """Place any number of orders, each with its own outcome, in their order.

        At most 512 orders and 20,000 lines share a transaction; a longer input takes several. Where the store fails
        between them, what was placed before is answered, and the rest is `Unavailable`.
        """
        authorise(self._actor, Permission.ORDERS_PLACE)
        keys = idempotency_keys if idempotency_keys is not None else [None] * len(commands)
        if len(keys) != len(commands):
            raise InvalidRequest.of("/idempotency_keys", "must be one a command, or none at all")
        placements = [
            placement_of(self._core, self._actor, command, key) for command, key in zip(commands, keys, strict=True)
        ]
        outcomes: list[Order | OrderCoreError] = []
        for group in in_batches(placements):
            try:
                outcomes += self.run(group)
            except Unavailable as failure:
                outcomes += [failure] * len(group)
        return outcomes

    def run(self, placements: Sequence[Placement]) -> Sequence[Order | OrderCoreError]:
        """Intent, call, record for prepared placements of one batch."""
        reserved = self._core.commits.run(RESERVE, placements)
        tell(self._core, [each for each in reserved if isinstance(each, Order)])
        settled = drive(self._core, [each.written() for each in reserved if isinstance(each, Order)], self._actor.id)
        outcomes: list[Order | OrderCoreError] = []
        for outcome in reserved:
            if isinstance(outcome, Repeated):
                outcomes.append(self._repeat(outcome.stored, RESERVE.name))
            elif isinstance(outcome, Order):
                outcomes.append(_judged(settled[outcome.id]))
            else:
                outcomes.append(outcome)
        return outcomes

    def quote(self, command: Quote) -> QuoteAnswer:
        """Price and check an order without writing or reserving anything.

        Raises:
            UnknownProduct, OutOfStock, PriceChanged, CurrencyMismatch: as placing it would.
        """
        authorise(self._actor, Permission.ORDERS_PLACE)
        with self._core.store.reading() as lookups:
            return quoted(lookups, command)

    def pay(self, command: PayOrder, *, idempotency_key: str | None = None) -> Order:
        """Try again to pay an order that waits after a decline.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused, PaymentInFlight: refused, nothing was written.
            PaymentDeclined: declined again.
        """
        authorise(self._actor, Permission.ORDERS_PLACE)
        return self._asking(PAY, command, command.order_id, idempotency_key)

    def cancel(self, command: CancelOrder, *, idempotency_key: str | None = None) -> Order:
        """Cancel an order: stock released at once, then money voided or refunded, as soon as nothing is outstanding.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused, ShipmentInProgress: refused.
        """
        authorise(self._actor, Permission.ORDERS_MANAGE)
        return self._asking(CANCEL, command, command.order_id, idempotency_key)

    def correct_address(self, command: CorrectAddress, *, idempotency_key: str | None = None) -> Order:
        """Correct the shipping address of an order that has not shipped.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused, ShipmentInProgress: refused.
        """
        authorise(self._actor, Permission.ORDERS_MANAGE)
        return self._steer(CORRECT_ADDRESS, command, command.order_id, idempotency_key)

    def hand_over(self, command: HandOver, *, idempotency_key: str | None = None) -> Order:
        """Give an open order to another active admin user.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused, AdminIsInactive: refused.
        """
        authorise(self._actor, Permission.ORDERS_MANAGE)
        return self._steer(HAND_OVER, command, command.order_id, idempotency_key)

    def get(self, order_id: UUID) -> Order:
        """One order.

        Raises:
            UnknownResource: there is none with that id.
        """
        authorise(self._actor, Permission.ORDERS_READ)
        return existing(self._core, order_id, "order", _orders)

    def by_number(self, number: int) -> Order:
        """One order by its number.

        Raises:
            UnknownResource: there is none with that number.
        """
        authorise(self._actor, Permission.ORDERS_READ)
        with self._core.store.reading() as lookups:
            id = lookups.order_id(number) if 0 < number < 2**63 else None
            if id is None:
                raise UnknownResource(kind="order", name=str(number))
            return named(lookups.orders((id,)), id, "order")

    def list(self, which: OrderFilter = OrderFilter(), page: PageRequest = PageRequest()) -> Page[OrderRow]:  # noqa: B008 - frozen
        """Orders, newest first."""
        authorise(self._actor, Permission.ORDERS_READ)
        with self._core.store.listing() as queries:
            return queries.order_page(which, page)

    def history(self, order_id: UUID) -> Sequence[EventRow]:
        """Everything that happened to an order, in order.

        Raises:
            UnknownResource: there is none with that id.
        """
        authorise(self._actor, Permission.ORDERS_READ)
        with self._core.store.reading() as lookups:
            named(lookups.orders((order_id,)), order_id, "order")
            return lookups.events(Order.stream, order_id)

    # -- helpers ------------------------------------------------------------------------------------------------

    def _asking(
        self,
        change: Change[Intent[Any], Order | Repeated],
        command: PayOrder | CancelOrder,
        order_id: UUID,
        key: str | None,
    ) -> Order:
        """A change of an order that may ask the provider for something afterwards."""
        core = self._core
        claim = claim_for(
            core, self._actor, key, operation=change.name, command=command, resource_id=order_id, outcome=None
        )
        ids = (core.ids.new(), core.ids.new())
        intent = Intent(actor_id=self._actor.id, command=command, at=core.clock.now(), ids=ids, claim=claim)
        (outcome,) = core.commits.run(change, (intent,))
        if isinstance(outcome, Repeated):
            outcome = self._repeat(outcome.stored, change.name)
        elif isinstance(outcome, Order):
            tell(core, [outcome])
            attempt = outcome.payment.open_attempt
            is_ours = attempt is not None and attempt.id in ids  # another's may be beyond its key's life
            settled = drive(core, [outcome.written()], self._actor.id)[order_id] if is_ours else outcome.written()
            outcome = _judged(settled, change.name)
        if isinstance(outcome, OrderCoreError):
            raise outcome
        return outcome

    def _steer(
        self,
        change: Change[Intent[Any], Order | Repeated],
        command: CorrectAddress | HandOver,
        order_id: UUID,
        key: str | None,
    ) -> Order:
        return perform(
            self._core,
            self._actor,
            change,
            command,
            resource_id=order_id,
            key=key,
            again=_orders,
        )

    def _repeat(self, stored: StoredRequest, operation: str) -> Order | OrderCoreError:
        """The answer to a repeated request: the order as it is now, refused as the first was.

        While the first runs it is waited for, a bounded time; after a crash it is resumed.
        """
        core, claim = self._core, stored.claim
        waited = EARLIEST_WAIT_SECONDS
        until = core.clock.now() + core.settings.request_wait
        answer_by = core.clock.now() + core.gateway.traits.deadline
        while True:
            with core.store.reading() as lookups:
                order = named(lookups.orders((claim.resource_id,)), claim.resource_id, "order")
                found = lookups.request_outcome(claim.actor_id, claim.key)
                now = lookups.now
            attempt = order.payment.open_attempt
            is_over = found is None or found[1] is not None
            if not is_over and attempt is not None and now - attempt.started_at > patience(core):
                order = resume(core, order, attempt, self._actor.id, answer_by)
                is_over = order.payment.open_attempt is None
            if is_over or order.payment.is_unknown:
                return _replayed(_judged(order, operation, None if found is None else found[1]))
            if core.clock.now() >= until:
                return RequestInProgress(key=claim.key)
            core.clock.pause(waited)
            waited = min(2 * waited, 0.5)


def placement_of(
    core: Core,
    actor: Actor,
    command: PlaceOrder,
    key: str | None = None,
    *,
    placed_at: datetime | None = None,
    is_paid_elsewhere: bool = False,
) -> Placement:
    """A command made repeatable: ids and time given, key and content bound together.

    Raises:
        PermissionMissing: it names a customer's id and the actor may not read customers.
        InvalidRequest: it is no command, or its key is none.
    """
    if not isinstance(command, PlaceOrder):
        raise InvalidRequest.of("", "must be a PlaceOrder", "wrong_type")
    _authorise_customer(actor, command.customer)
    ids = tuple(core.ids.new() for _ in range(IDS_BESIDE_ITEMS + len(command.items)))
    return Placement(
        actor_id=actor.id,
        command=command,
        at=core.clock.now(),
        reservation=core.settings.reservation,
        ids=ids,
        claim=claim_for(core, actor, key, operation=RESERVE.name, command=command, resource_id=ids[0], outcome=None),
        placed_at=placed_at,
        is_paid_elsewhere=is_paid_elsewhere,
    )


def in_batches(placements: Sequence[Placement]) -> Iterator[Sequence[Placement]]:
    """The placements cut so that each part keeps the bounds of a transaction."""
    start, lines = 0, 0
    for index, placement in enumerate(placements):
        lines += len(placement.command.items)
        if index - start == MAX_ORDERS_PER_BATCH or lines > MAX_LINES_PER_BATCH:
            yield placements[start:index]
            start, lines = index, len(placement.command.items)
    if start < len(placements):
        yield placements[start:]


def _authorise_customer(actor: Actor, customer: Contact | CustomerReference) -> None:
    """A customer's id is taken from that customer, and from whoever may read customers: the order shows the details."""
    is_own = actor.kind is ActorKind.CUSTOMER and isinstance(customer, CustomerReference) and customer.id == actor.id
    if isinstance(customer, CustomerReference) and not is_own:
        authorise(actor, Permission.CUSTOMERS_READ)


def _orders(lookups: Lookups) -> Callable[[Sequence[UUID]], Mapping[UUID, Order]]:
    return lookups.orders


def _judged(order: Order, operation: str = RESERVE.name, outcome: str | None = None) -> Order | OrderCoreError:
    """What a request that asked for money answers: the order, or that its payment was declined."""
    declined = outcome == "payment_declined" if outcome else was_declined(order)
    if operation == REFUND or not declined:
        return order
    return PaymentDeclined(
        order_id=order.id,
        order_number=str(order.number),
        order_status=order.status.value,
        decline_code=order.payment.decline_code or "declined",
    )


def _replayed(outcome: Order | OrderCoreError) -> Order | OrderCoreError:
    return evolve(outcome, replayed=True)
