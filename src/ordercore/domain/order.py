"""The only place for what an order is and what may happen to it: snapshot, items, payment, transitions.

One transition changes one order; the use case's unit of work joins it with the stock it reserves or frees.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from attrs import frozen

from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.customer import Address, Contact
from ordercore.domain.errors import (
    AmountUnavailable,
    CurrencyMismatch,
    DiscrepancyOpen,
    PaymentInFlight,
    ShipmentInProgress,
    TransitionRefused,
)
from ordercore.domain.evolving import evolve
from ordercore.domain.lifecycles import ORDER, OrderAction, OrderStatus, PaymentStatus, advance
from ordercore.domain.money import Money
from ordercore.domain.order_events import (
    OrderAddressCorrected,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderHandedOver,
    OrderLine,
    OrderPlaced,
    OrderShipped,
    PaymentActionRequired,
    PaymentAttemptStarted,
    PaymentCameLate,
    PaymentDeclinedEvent,
    PaymentDiscrepancyFound,
    PaymentDiscrepancySettled,
    PaymentRecorded,
    PaymentUnknown,
    ShipmentClaimed,
    ShipmentReleased,
)
from ordercore.domain.payment import (
    AnswerKind,
    Attempt,
    AttemptKind,
    AttemptStatus,
    Payment,
    ProviderAnswer,
)


class CancelReason(StrEnum):
    """Why an order was cancelled."""

    BY_REQUEST = "by_request"
    PAYMENT_DECLINED = "payment_declined"
    EXPIRED = "expired"


class OnDecline(StrEnum):
    """What a declined payment does to its order."""

    CANCEL = "cancel"
    HOLD = "hold"


@frozen(kw_only=True, slots=False)
class Adjustment:
    """A signed amount beside the items: shipping, tax, discount."""

    id: UUID
    kind: str
    label: str
    amount: Money
    item_id: UUID | None = None
    is_tax_included: bool = False


@frozen(kw_only=True)
class Allocation:
    """Pieces of one item reserved at one location."""

    location_id: UUID
    quantity: int


@frozen(kw_only=True, slots=False)
class OrderItem:
    """One product of an order, as it was when ordered. `shipped + claimed + cancelled <= quantity`."""

    id: UUID
    product_id: UUID
    sku: str
    name: str
    unit_price: Money
    quantity: int
    line_total: Money
    quantity_claimed: int = 0
    quantity_cancelled: int = 0
    quantity_shipped: int = 0
    quantity_delivered: int = 0
    quantity_returned: int = 0
    allocations: tuple[Allocation, ...] = ()

    @property
    def quantity_open(self) -> int:
        """Pieces neither shipped, nor being shipped, nor cancelled."""
        return self.quantity - self.quantity_shipped - self.quantity_claimed - self.quantity_cancelled

    @property
    def quantity_reserved(self) -> int:
        """Pieces that hold stock."""
        return sum(allocation.quantity for allocation in self.allocations)


@frozen(kw_only=True, slots=False)
class Order(Aggregate):
    """A customer's order with its own copy of names, address and prices, and its payment."""

    stream = "order"

    number: int
    customer_id: UUID
    contact: Contact
    ship_to: Address
    manager_id: UUID
    placed_by: UUID
    external_reference: str | None = None
    ordered_at: datetime
    status: OrderStatus
    cancel_reason: CancelReason | None = None
    on_decline: OnDecline = OnDecline.CANCEL
    expires_at: datetime | None
    items: tuple[OrderItem, ...]
    adjustments: tuple[Adjustment, ...] = ()
    total: Money
    payment: Payment

    @property
    def reserved(self) -> dict[UUID, int]:
        """Pieces that this order holds, by product."""
        held: dict[UUID, int] = {}
        for item in self.items:
            for allocation in item.allocations:
                held[item.product_id] = held.get(item.product_id, 0) + allocation.quantity
        return held

    def written(self) -> Order:
        """The order once its facts and its payment's new entries are stored."""
        return evolve(super().written(), payment=evolve(self.payment, entries=()))

    # -- paying -------------------------------------------------------------------------------------------------

    # Where an attempt begins, `started_at` is the store's time, which its age is compared with later, and `at` the
    # time of the facts; left out, one clock serves both.

    def placed(
        self,
        *,
        token: str | None,
        attempt_id: UUID,
        at: datetime,
        started_at: datetime | None = None,
        is_silent: bool = False,
    ) -> Order:
        """A new order's first step: the fact, and the first attempt to get its money."""
        lines = tuple(
            OrderLine(
                item_id=item.id,
                product_id=item.product_id,
                sku=item.sku,
                quantity=item.quantity,
                unit_price_minor=item.unit_price.amount_minor,
            )
            for item in self.items
        )
        fact = OrderPlaced(
            occurred_at=at,
            actor_id=self.placed_by,
            number=self.number,
            customer_id=self.customer_id,
            manager_id=self.manager_id,
            total_minor=self.total.amount_minor,
            currency=self.total.currency,
            lines=lines,
            is_silent=is_silent,
        )
        payment = self.payment
        if token is not None:
            payment = payment.start(
                AttemptKind.AUTHORISE,
                attempt_id=attempt_id,
                amount=self.total,
                token=token,
                at=at,
                started_at=started_at,
            )
        return evolve(self, payment=payment, facts=(*self.facts, fact))

    def pay(
        self, *, token: str, attempt_id: UUID, at: datetime, actor_id: UUID, started_at: datetime | None = None
    ) -> Order:
        """One more attempt after a decline, while the order waits.

        Raises:
            TransitionRefused: the order does not wait for money.
            PaymentInFlight: an earlier attempt has no final answer.
            DiscrepancyOpen: the provider's word contradicts our books.
        """
        self._advance(OrderAction.PAY)
        self.refuse_in_flight()
        return self._ask(AttemptKind.AUTHORISE, self.total, token, attempt_id, at, actor_id, started_at)

    def confirm_paid(self, *, entry_ids: tuple[UUID, UUID], at: datetime, actor_id: UUID) -> Order:
        """The order whose money was taken elsewhere, or that costs nothing.

        Raises:
            PaymentInFlight: a provider is being asked for it.
            DiscrepancyOpen: the provider's word contradicts our books.
            TransitionRefused: it does not wait for money.
        """
        self.refuse_in_flight()
        payment = self.payment.record_paid(entry_ids=entry_ids, at=at)
        return evolve(self, payment=payment)._confirmed(at, actor_id)

    def ask_capture(
        self, *, attempt_id: UUID, at: datetime, actor_id: UUID, started_at: datetime | None = None
    ) -> Order:
        """The order with a capture of everything that is held under way; see `capture`."""
        return self.capture(None, attempt_id=attempt_id, at=at, actor_id=actor_id, started_at=started_at)

    def capture(
        self,
        amount: Money | None,
        *,
        attempt_id: UUID,
        at: datetime,
        actor_id: UUID,
        started_at: datetime | None = None,
    ) -> Order:
        """The order with a capture under way, of that much or of all that is held and not taken.

        Raises:
            TransitionRefused: no money is held for it, or it was cancelled.
            PaymentInFlight: an earlier attempt has no final answer.
            DiscrepancyOpen: the provider's word contradicts our books.
            CurrencyMismatch, AmountUnavailable: that much is not held.
        """
        payment = self.payment
        self.refuse_in_flight()
        self._advance(OrderAction.CAPTURE)
        payment.refuse_moving(AttemptKind.CAPTURE, payment.authorised - payment.captured)
        left = Money(payment.authorised - payment.captured, self.total.currency)
        amount = self._available(amount, left, "captured")
        return self._ask(AttemptKind.CAPTURE, amount, None, attempt_id, at, actor_id, started_at)

    def refund(
        self,
        amount: Money | None,
        *,
        attempt_id: UUID,
        at: datetime,
        actor_id: UUID,
        started_at: datetime | None = None,
    ) -> Order:
        """The order with a refund under way, of that much or of all that was taken and not given back.

        Raises:
            TransitionRefused: no money was taken for it by this provider, or all was given back.
            PaymentInFlight: an earlier attempt has no final answer.
            CurrencyMismatch, AmountUnavailable: that much is not left.
        """
        payment = self.payment
        self.refuse_in_flight()
        payment.refuse_moving(AttemptKind.REFUND, payment.captured - payment.refunded)
        left = Money(payment.captured - payment.refunded, self.total.currency)
        amount = self._available(amount, left, "refunded")
        return self._ask(AttemptKind.REFUND, amount, None, attempt_id, at, actor_id, started_at)

    def record(
        self, attempt_id: UUID, answer: ProviderAnswer, *, entry_id: UUID, at: datetime, actor_id: UUID
    ) -> Order:
        """The order after the provider's word on an attempt; recording a finished one again changes nothing.

        An answer that does not fit what was asked is as good as none. Another word than is recorded becomes a
        discrepancy of the payment, and neither ends nor revives the order; its fact names the work item to be opened,
        which has the ledger entry's id. A declined authorisation cancels the order or lets it wait, as `on_decline`
        says; the stock of a cancelled one is the use case's to release (`reserved`, read before). An order that was
        cancelled before the answer came is never revived: see `has_money_to_return`.
        """
        attempt = self.payment.attempt(attempt_id)
        answer = attempt.credible(answer)
        if attempt.is_contradicted_by(answer):
            return self._contradicted(attempt, answer, entry_id, at, actor_id)
        if not attempt.is_open:
            return self
        if answer.kind is AnswerKind.UNKNOWN:
            return self._lost_sight(attempt, at, actor_id)
        if answer.kind is AnswerKind.ACTION_REQUIRED:
            return self._awaiting_action(attempt, answer, at, actor_id)
        payment = self.payment.finish(attempt, answer, entry_id=entry_id, at=at)
        approved = answer.kind is AnswerKind.APPROVED
        fact = _fact_of(attempt, answer, payment, at=at, actor_id=actor_id)
        order = evolve(self, payment=payment, facts=(*self.facts, fact), version=self.version + 1)
        if self.status is OrderStatus.CANCELLED:
            is_late = approved and self.cancel_reason is CancelReason.EXPIRED and attempt.kind is AttemptKind.AUTHORISE
            return order._told_late(attempt, entry_id, at, actor_id) if is_late else order
        if attempt.kind is not AttemptKind.AUTHORISE:
            return order
        if approved:
            return order._confirmed(at, actor_id, counted=True)
        if self.on_decline is OnDecline.CANCEL:
            return order._cancelled(OrderAction.DECLINE, CancelReason.PAYMENT_DECLINED, at, actor_id, counted=True)
        return order

    def settle_discrepancy(
        self, work_item_id: UUID, attempt_id: UUID, amount: Money, *, entry_id: UUID, at: datetime, actor_id: UUID
    ) -> Order:
        """The order once somebody has settled a discrepancy of its payment."""
        attempt = self.payment.attempt(attempt_id)
        fact = PaymentDiscrepancySettled(
            occurred_at=at,
            actor_id=actor_id,
            payment_id=self.payment.id,
            attempt_id=attempt_id,
            kind=attempt.kind,
            amount_minor=amount.amount_minor,
            work_item_id=work_item_id,
        )
        return self._stepped(
            fact, payment=self.payment.settle_discrepancy(attempt_id, amount, entry_id=entry_id, at=at)
        )

    # -- ending -------------------------------------------------------------------------------------------------

    def cancel(
        self,
        *,
        attempt_id: UUID,
        entry_id: UUID,
        at: datetime,
        actor_id: UUID,
        because: CancelReason = CancelReason.BY_REQUEST,
        started_at: datetime | None = None,
    ) -> Order:
        """The order ended before shipping, its money on the way back; where an attempt has no final answer yet, the
        money waits for that.

        Raises:
            TransitionRefused: shipped, delivered or cancelled already.
            DiscrepancyOpen: the provider's word contradicts our books.
            ShipmentInProgress: a shipment has claimed its pieces.
        """
        action = OrderAction.EXPIRE if because is CancelReason.EXPIRED else OrderAction.CANCEL
        self._advance(action)
        self._refuse_doubt()
        self._refuse_claimed()
        ended = self._cancelled(action, because, at, actor_id)
        if self.payment.open_attempt is not None:
            return ended
        ended = ended._money_back(attempt_id, entry_id, at, actor_id, started_at)
        return evolve(ended, version=self.version + 1)  # one transition, though it has two facts

    def give_back(
        self, *, attempt_id: UUID, entry_id: UUID, at: datetime, actor_id: UUID, started_at: datetime | None = None
    ) -> Order:
        """A cancelled order with one more try to give its money back; as it is where none is held.

        Raises:
            TransitionRefused: it is not cancelled.
            PaymentInFlight: the last try has no final answer yet.
            DiscrepancyOpen: the provider's word contradicts our books.
        """
        if self.status is not OrderStatus.CANCELLED:
            raise TransitionRefused(kind="order", status=self.status.value, action="give its money back")
        self.refuse_in_flight()
        if self.payment.returnable.amount_minor == 0:
            return self
        return self._money_back(attempt_id, entry_id, at, actor_id, started_at)

    def showing(self, answer: ProviderAnswer) -> Order:
        """The order with what its customer has to do now, where the provider's answer says so."""
        if answer.next_action is None or not self.payment.is_with_customer:
            return self
        return evolve(self, payment=evolve(self.payment, next_action=answer.next_action))

    def has_money_to_return(self, answered_id: UUID) -> bool:
        """Whether the answer to that attempt leaves a cancelled order with money that nobody is giving back.

        Not where giving back all of it was just declined, nor while the provider's word contradicts our books: then it
        is tried again only when somebody asks.
        """
        payment = self.payment
        if self.status is not OrderStatus.CANCELLED or payment.open_attempt or payment.discrepancy:
            return False
        if not payment.returnable.amount_minor:
            return False
        answered = payment.attempt(answered_id)
        is_refused = answered.status is AttemptStatus.DECLINED and answered.amount == payment.returnable
        return not (is_refused and answered.kind in (AttemptKind.VOID, AttemptKind.REFUND))

    # -- shipping -----------------------------------------------------------------------------------------------

    def claim(self, shipment_id: UUID, *, at: datetime, actor_id: UUID) -> Order:
        """The order with all its open pieces claimed by a shipment; cancelling is refused meanwhile.

        Raises:
            TransitionRefused: not confirmed, or nothing is left to ship, or all its money was given back.
            PaymentInFlight: its money is unsettled.
            DiscrepancyOpen: the provider's word contradicts our books.
            ShipmentInProgress: another shipment has claimed them.
        """
        status = self._advance(OrderAction.CLAIM)
        if self.payment.status is PaymentStatus.REFUNDED:
            raise TransitionRefused(kind="payment", status=self.payment.status.value, action="pay for a shipment")
        self.refuse_in_flight()
        self._refuse_claimed()
        items = tuple(evolve(item, quantity_claimed=item.quantity_open) for item in self.items)
        fact = ShipmentClaimed(occurred_at=at, actor_id=actor_id, shipment_id=shipment_id)
        return self._stepped(fact, items=items, status=status)

    def unclaim(self, shipment_id: UUID, *, at: datetime, actor_id: UUID, reason: str) -> Order:
        """The order after a shipment that came to nothing.

        Raises:
            TransitionRefused: no shipment has claimed anything.
        """
        status = self._advance(OrderAction.RELEASE)
        self._refuse_unclaimed(OrderAction.RELEASE)
        items = tuple(evolve(item, quantity_claimed=0) for item in self.items)
        fact = ShipmentReleased(occurred_at=at, actor_id=actor_id, shipment_id=shipment_id, reason=reason)
        return self._stepped(fact, items=items, status=status)

    def ship(self, shipment_id: UUID, *, tracking_number: str, at: datetime, actor_id: UUID) -> Order:
        """The order with its claimed pieces gone; they hold stock no longer.

        Raises:
            TransitionRefused: no shipment has claimed anything.
        """
        self._refuse_unclaimed(OrderAction.SHIP)
        items = tuple(
            evolve(
                item,
                quantity_shipped=item.quantity_shipped + item.quantity_claimed,
                quantity_claimed=0,
                allocations=(),
            )
            for item in self.items
        )
        fact = OrderShipped(occurred_at=at, actor_id=actor_id, shipment_id=shipment_id, tracking_number=tracking_number)
        status = self._advance(OrderAction.SHIP, to=status_of(items))
        return self._stepped(fact, items=items, status=status)

    def deliver(self, shipment_id: UUID, *, at: datetime, actor_id: UUID) -> Order:
        """The order with everything shipped delivered.

        Raises:
            TransitionRefused: it was not shipped, or is delivered already.
        """
        items = tuple(evolve(item, quantity_delivered=item.quantity_shipped) for item in self.items)
        fact = OrderDelivered(occurred_at=at, actor_id=actor_id, shipment_id=shipment_id)
        status = self._advance(OrderAction.DELIVER, to=status_of(items))
        return self._stepped(fact, items=items, status=status)

    # -- steering -----------------------------------------------------------------------------------------------

    def correct_address(self, ship_to: Address, *, at: datetime, actor_id: UUID) -> Order:
        """The order with another shipping address.

        Raises:
            TransitionRefused: it was shipped or has ended.
            ShipmentInProgress: its label is being made.
        """
        status = self._advance(OrderAction.CORRECT_ADDRESS)
        self._refuse_claimed()
        fact = OrderAddressCorrected(occurred_at=at, actor_id=actor_id)
        return self._stepped(fact, ship_to=ship_to, status=status)

    def hand_over(self, manager_id: UUID, *, at: datetime, actor_id: UUID) -> Order:
        """The order managed by another admin user; closed orders keep theirs.

        Raises:
            TransitionRefused: it is delivered or cancelled.
        """
        status = self._advance(OrderAction.HAND_OVER)
        if manager_id == self.manager_id:
            return self
        fact = OrderHandedOver(
            occurred_at=at, actor_id=actor_id, from_manager_id=self.manager_id, to_manager_id=manager_id
        )
        return self._stepped(fact, manager_id=manager_id, status=status)

    def refuse_in_flight(self) -> None:
        """Raises PaymentInFlight where an attempt has no final answer yet, DiscrepancyOpen where nobody has settled
        what contradicts our books: what is asked for then might be asked for twice.
        """
        self._refuse_doubt()
        if self.payment.open_attempt is not None:
            raise PaymentInFlight(order_number=str(self.number))

    # -- helpers ------------------------------------------------------------------------------------------------

    def _refuse_doubt(self) -> None:
        if self.payment.discrepancy:
            raise DiscrepancyOpen(order_number=str(self.number))

    def _available(self, amount: Money | None, left: Money, action: str) -> Money:
        if amount is None:
            return left
        if amount.currency != left.currency:
            raise CurrencyMismatch(expected=left.currency, actual=amount.currency, pointer="/amount/currency")
        if not 0 < amount.amount_minor <= left.amount_minor:
            raise AmountUnavailable(
                order_number=str(self.number), action=action, available=str(left), requested=str(amount)
            )
        return amount

    def _refuse_claimed(self) -> None:
        if any(item.quantity_claimed for item in self.items):
            raise ShipmentInProgress(order_number=str(self.number))

    def _refuse_unclaimed(self, action: OrderAction) -> None:
        if not any(item.quantity_claimed for item in self.items):
            raise TransitionRefused(kind="order", status=self.status.value, action=action.value)

    def _advance(self, action: OrderAction, to: OrderStatus | None = None) -> OrderStatus:
        return advance(ORDER, self.status, action, kind="order", to=to)

    def _stepped(self, fact: Event, **changes: object) -> Order:
        return evolve(self, version=self.version + 1, facts=(*self.facts, fact), **changes)  # type: ignore[arg-type] # the callers above name fields

    def _ask(
        self,
        kind: AttemptKind,
        amount: Money,
        token: str | None,
        attempt_id: UUID,
        at: datetime,
        actor_id: UUID,
        started_at: datetime | None,
    ) -> Order:
        payment = self.payment.start(
            kind, attempt_id=attempt_id, amount=amount, token=token, at=at, started_at=started_at
        )
        fact = PaymentAttemptStarted(
            occurred_at=at,
            actor_id=actor_id,
            payment_id=payment.id,
            attempt_id=attempt_id,
            kind=kind,
            amount_minor=amount.amount_minor,
        )
        return self._stepped(fact, payment=payment)

    def _told_late(self, attempt: Attempt, work_item_id: UUID, at: datetime, actor_id: UUID) -> Order:
        fact = PaymentCameLate(
            occurred_at=at,
            actor_id=actor_id,
            payment_id=self.payment.id,
            attempt_id=attempt.id,
            kind=attempt.kind,
            amount_minor=attempt.amount.amount_minor,
            work_item_id=work_item_id,
        )
        return evolve(self, facts=(*self.facts, fact))

    def _awaiting_action(self, attempt: Attempt, answer: ProviderAnswer, at: datetime, actor_id: UUID) -> Order:
        payment = self.payment.await_action(attempt, answer, at=at)
        if payment.attempts == self.payment.attempts:
            return self
        fact = PaymentActionRequired(
            occurred_at=at, actor_id=actor_id, payment_id=payment.id, attempt_id=attempt.id, kind=attempt.kind
        )
        return self._stepped(fact, payment=payment)

    def _lost_sight(self, attempt: Attempt, at: datetime, actor_id: UUID) -> Order:
        if attempt.status is AttemptStatus.ACTION_REQUIRED:  # the provider answered before: nothing is unknown
            return self
        payment = self.payment.lose_sight(attempt, at=at)
        if payment.attempts == self.payment.attempts:
            return self
        fact = PaymentUnknown(
            occurred_at=at, actor_id=actor_id, payment_id=payment.id, attempt_id=attempt.id, kind=attempt.kind
        )
        return self._stepped(fact, payment=payment)

    def _contradicted(
        self, attempt: Attempt, answer: ProviderAnswer, entry_id: UUID, at: datetime, actor_id: UUID
    ) -> Order:
        payment = self.payment.contradict(attempt, answer, entry_id=entry_id, at=at)
        fact = PaymentDiscrepancyFound(
            occurred_at=at,
            actor_id=actor_id,
            payment_id=payment.id,
            attempt_id=attempt.id,
            kind=attempt.kind,
            reported=answer.kind,
            amount_minor=payment.discrepancy - self.payment.discrepancy,
            work_item_id=entry_id,
        )
        return self._stepped(fact, payment=payment)

    def _confirmed(self, at: datetime, actor_id: UUID, *, counted: bool = False) -> Order:
        fact = OrderConfirmed(occurred_at=at, actor_id=actor_id)
        return evolve(
            self,
            status=self._advance(OrderAction.CONFIRM),
            expires_at=None,
            facts=(*self.facts, fact),
            version=self.version + (not counted),
        )

    def _cancelled(
        self, action: OrderAction, because: CancelReason, at: datetime, actor_id: UUID, *, counted: bool = False
    ) -> Order:
        fact = OrderCancelled(occurred_at=at, actor_id=actor_id, reason=because)
        return evolve(
            self,
            status=self._advance(action),
            cancel_reason=because,
            expires_at=None,
            items=tuple(evolve(item, quantity_cancelled=item.quantity, allocations=()) for item in self.items),
            facts=(*self.facts, fact),
            version=self.version + (not counted),
        )

    def _money_back(
        self, attempt_id: UUID, entry_id: UUID, at: datetime, actor_id: UUID, started_at: datetime | None
    ) -> Order:
        """What was held is voided, what was taken is refunded, where anything was."""
        payment = self.payment
        if payment.captured == 0 and payment.authorised == 0:
            ended = payment.status is not PaymentStatus.CAPTURED  # a zero total stays recorded as paid
            return evolve(self, payment=payment.abandon(at=at)) if ended else self
        if payment.is_external:
            return evolve(self, payment=payment.refund_externally(entry_id=entry_id, at=at))
        if payment.captured and not payment.returnable.amount_minor:
            return self
        if payment.captured:
            return self._ask(AttemptKind.REFUND, payment.returnable, None, attempt_id, at, actor_id, started_at)
        return self._ask(AttemptKind.VOID, payment.returnable, None, attempt_id, at, actor_id, started_at)


def _fact_of(attempt: Attempt, answer: ProviderAnswer, payment: Payment, *, at: datetime, actor_id: UUID) -> Event:
    if answer.kind is AnswerKind.APPROVED:
        return PaymentRecorded(
            occurred_at=at,
            actor_id=actor_id,
            payment_id=payment.id,
            attempt_id=attempt.id,
            kind=attempt.kind,
            amount_minor=attempt.amount.amount_minor,
            status=payment.status,
        )
    return PaymentDeclinedEvent(
        occurred_at=at,
        actor_id=actor_id,
        payment_id=payment.id,
        attempt_id=attempt.id,
        kind=attempt.kind,
        decline_code=answer.decline_code or "declined",
    )


def status_of(items: Iterable[OrderItem]) -> OrderStatus:
    """After confirmation the status is a pure function of the item quantities."""
    open_, shipped, delivered, kept = 0, 0, 0, 0
    for item in items:
        kept += item.quantity - item.quantity_cancelled
        shipped += item.quantity_shipped
        delivered += item.quantity_delivered
        open_ += item.quantity_open + item.quantity_claimed
    if kept == 0:
        return OrderStatus.CANCELLED
    if delivered == kept:
        return OrderStatus.DELIVERED
    if open_ == 0:
        return OrderStatus.SHIPPED
    return OrderStatus.PARTIALLY_SHIPPED if shipped else OrderStatus.CONFIRMED
