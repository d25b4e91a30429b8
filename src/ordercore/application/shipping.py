"""Shipping: ship an order whole, mark it delivered, find shipments.

A shipment goes through four steps, each finished by the worker where the one before was cut off: (1) its pieces are
claimed, which excludes cancelling; (2) the money is captured where it is not yet; (3) the label is bought;
(4) the label is recorded, the order shipped, the stock consumed. Without money there is no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import evolve, field, frozen

from ordercore.application.core import Core
from ordercore.application.requests import (
    DONE,
    Intent,
    Repeated,
    a_reason,
    claim_for,
    existing,
    expected_version,
    explained,
    named,
    perform,
    refuse_stale,
    run_one,
    simple,
)
from ordercore.application.settling import is_too_short, patience, resume, tell
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.errors import (
    LabelRefused,
    MoneyUnavailable,
    OrderCoreError,
    RequestInProgress,
)
from ordercore.domain.lifecycles import PaymentStatus, ShipmentStatus
from ordercore.domain.order import Order
from ordercore.domain.shipment import Shipment, ShipmentLine
from ordercore.ports.carrier import LabelAnswer, LabelAnswerKind, LabelRequest
from ordercore.ports.commits import Change
from ordercore.ports.queries import Page, PageRequest, ShipmentRow
from ordercore.ports.store import StoredRequest, UnitOfWork

SHIP_NAME = "ship_order"
NO_MONEY = "the money could not be captured: "


@frozen(kw_only=True, slots=False)
class ShipOrder:
    """Ship all open pieces of an order in one parcel."""

    order_id: UUID
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class MarkDelivered:
    """The parcel of an order arrived."""

    order_id: UUID
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class LabelRecording:
    """A carrier's answer to be recorded."""

    order_id: UUID
    shipment_id: UUID
    answer: LabelAnswer
    at: datetime
    actor_id: UUID


class Shipping:
    """Parcels, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def ship(self, command: ShipOrder, *, idempotency_key: str | None = None) -> Shipment:
        """Ship an order whole: money captured where the policy left it, label bought, stock consumed.

        An answer that never came leaves the shipment `pending`; the worker finishes it.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused, ShipmentInProgress: refused.
            PaymentInFlight, DiscrepancyOpen: its money must be settled first.
            MoneyUnavailable: the capture was declined; the shipment failed, nothing left the house.
            LabelRefused: the carrier refused; the shipment failed, nothing left the house.
        """
        authorise(self._actor, Permission.ORDERS_MANAGE)
        core = self._core
        shipment_id = core.ids.new()
        claim = claim_for(
            core,
            self._actor,
            idempotency_key,
            operation=SHIP_NAME,
            command=command,
            resource_id=shipment_id,
            outcome=None,
        )
        ids = (shipment_id, core.ids.new())
        intent = Intent(actor_id=self._actor.id, command=command, at=core.clock.now(), ids=ids, claim=claim)
        outcome = run_one(core, CLAIM, intent)
        if isinstance(outcome, Repeated):
            return self._repeat(outcome.stored)
        return _judged(core, advance_shipment(core, outcome.id, self._actor.id))

    def deliver(self, command: MarkDelivered, *, idempotency_key: str | None = None) -> Order:
        """Mark the shipped order as delivered.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused: refused.
        """
        authorise(self._actor, Permission.ORDERS_MANAGE)
        return perform(
            self._core,
            self._actor,
            DELIVER,
            command,
            resource_id=command.order_id,
            key=idempotency_key,
            again=lambda lookups: lookups.orders,
            then=lambda order: tell(self._core, [order]),
        )

    def get(self, shipment_id: UUID) -> Shipment:
        """One shipment with its label.

        Raises:
            UnknownResource: there is none with that id.
        """
        authorise(self._actor, Permission.ORDERS_READ)
        return existing(self._core, shipment_id, "shipment", lambda lookups: lookups.shipments)

    def of_order(self, order_id: UUID) -> Sequence[Shipment]:
        """The order's shipments, oldest first.

        Raises:
            UnknownResource: there is no such order.
        """
        authorise(self._actor, Permission.ORDERS_READ)
        with self._core.store.reading() as lookups:
            named(lookups.orders((order_id,)), order_id, "order")
            ids = lookups.shipment_ids(order_id)
            found = lookups.shipments(ids)
        return [found[id] for id in ids]

    def list(self, status: ShipmentStatus | None = None, page: PageRequest = PageRequest()) -> Page[ShipmentRow]:  # noqa: B008 - frozen
        """Shipments, newest first."""
        authorise(self._actor, Permission.ORDERS_READ)
        with self._core.store.listing() as queries:
            return queries.shipment_page(status, page)

    def _repeat(self, stored: StoredRequest) -> Shipment:
        """The answer to a repeated request: the shipment as it is now, resumed where the first was cut off."""
        core, claim = self._core, stored.claim
        until = core.clock.now() + core.settings.request_wait
        answer_by = _answer_by(core)
        while True:
            shipment, order, now = _both(core, claim.resource_id)
            age = now - shipment.started_at
            if shipment.status is ShipmentStatus.PENDING and age > patience(core):
                shipment = advance_shipment(core, shipment.id, self._actor.id, answer_by)
            was_answered = age > _longest_wait(core)  # that it is pending
            if shipment.status is not ShipmentStatus.PENDING or order.payment.is_unknown or was_answered:
                return evolve(_judged(core, shipment, replayed=True), replayed=True)
            if core.clock.now() >= until:
                raise RequestInProgress(key=claim.key)
            core.clock.pause(0.05)


def advance_shipment(core: Core, shipment_id: UUID, actor_id: UUID, until: datetime | None = None) -> Shipment:
    """Steps 2 to 4 from wherever the shipment stands; what is finished already stays as it is.

    All of it ends `until` then, one deadline from now unless told otherwise: where the capture took most of that, the
    label is left to the worker.
    """
    until = until or _answer_by(core)
    shipment, order, _ = _both(core, shipment_id)
    if shipment.status is not ShipmentStatus.PENDING:
        return shipment
    if order.payment.open_attempt is not None:  # not `drive`: a capture that waited for a day has no living key
        resume(core, order, order.payment.open_attempt, actor_id, until)
        shipment, order, _ = _both(core, shipment_id)  # while the provider thought it may have come to its end
    if shipment.status is not ShipmentStatus.PENDING or order.payment.open_attempt is not None:
        return shipment
    if order.payment.discrepancy:  # perhaps the money was not taken after all: somebody looks before goods leave
        return shipment
    if order.payment.status is PaymentStatus.AUTHORISED:
        reason = f"{NO_MONEY}{order.payment.decline_code or 'declined'}"
        return _record(core, order, shipment, LabelAnswer(kind=LabelAnswerKind.REFUSED, reason=reason), actor_id)
    within = until - core.clock.now()
    if is_too_short(core, within):
        return shipment
    answer = core.carrier.buy_label(_label_request(order, shipment, within))
    if answer.kind is LabelAnswerKind.UNKNOWN:
        return shipment
    return _record(core, order, shipment, answer, actor_id)


def _record(core: Core, order: Order, shipment: Shipment, answer: LabelAnswer, actor_id: UUID) -> Shipment:
    recording = LabelRecording(
        order_id=order.id, shipment_id=shipment.id, answer=answer, at=core.clock.now(), actor_id=actor_id
    )
    outcome = run_one(core, RECORD_LABEL, recording)
    recorded, shipped = outcome
    tell(core, [shipped])
    return recorded.written()


def _judged(core: Core, shipment: Shipment, *, replayed: bool = False) -> Shipment:
    if shipment.status is not ShipmentStatus.FAILED:
        return shipment
    with core.store.reading() as lookups:
        order = named(lookups.orders((shipment.order_id,)), shipment.order_id, "order")
    failure = shipment.failure or "refused"
    if failure.startswith(NO_MONEY):  # not by the payment, which may have been captured since
        code = failure.removeprefix(NO_MONEY)
        raise MoneyUnavailable(order_number=str(order.number), decline_code=code, replayed=replayed)
    raise LabelRefused(order_number=str(order.number), reason=failure, replayed=replayed)


def _both(core: Core, shipment_id: UUID) -> tuple[Shipment, Order, datetime]:
    with core.store.reading() as lookups:
        shipment = named(lookups.shipments((shipment_id,)), shipment_id, "shipment")
        order = named(lookups.orders((shipment.order_id,)), shipment.order_id, "order")
        return shipment, order, lookups.now


def _answer_by(core: Core) -> datetime:
    return core.clock.now() + _longest_wait(core)


def _longest_wait(core: Core) -> timedelta:
    return max(core.gateway.traits.deadline, core.carrier.deadline)


def _label_request(order: Order, shipment: Shipment, within: timedelta) -> LabelRequest:
    return LabelRequest(
        key=shipment.carrier_key,
        order_number=str(order.number),
        recipient=order.contact.name,
        ship_to=order.ship_to,
        pieces=sum(line.quantity for line in shipment.lines),
        within=within,
    )


def _claim(work: UnitOfWork, intent: Intent[ShipOrder]) -> Shipment:
    """Step 1: pieces claimed, and the capture that must come first counted as pending."""
    command, shipment_id = intent.command, intent.ids[0]
    order = named(work.orders.hold((command.order_id,)), command.order_id, "order")
    refuse_stale(order, command.expected_version, "order")
    claimed = order.claim(shipment_id, at=intent.at, actor_id=intent.actor_id)
    if claimed.payment.status is PaymentStatus.AUTHORISED:
        claimed = claimed.ask_capture(
            attempt_id=intent.ids[1], at=intent.at, started_at=work.now, actor_id=intent.actor_id
        )
    shipment = Shipment.start(
        id=shipment_id,
        order_id=order.id,
        lines=tuple(
            ShipmentLine(order_item_id=item.id, quantity=item.quantity_claimed)
            for item in claimed.items
            if item.quantity_claimed
        ),
        at=intent.at,
        started_at=work.now,
        actor_id=intent.actor_id,
    )
    work.orders.save(explained(claimed, command.reason))
    work.shipments.save(shipment)
    return shipment


def _record_label(
    work: UnitOfWork, recordings: Sequence[LabelRecording]
) -> Sequence[tuple[Shipment, Order] | OrderCoreError]:
    """Step 4, or its undoing; a shipment that has its end already stays as it is."""
    orders = dict(work.orders.hold({each.order_id for each in recordings}))
    consuming = {
        item.product_id for each in recordings if each.answer.label is not None for item in orders[each.order_id].items
    }
    products = dict(work.products.hold(consuming)) if consuming else {}
    shipments = dict(work.shipments.hold({each.shipment_id for each in recordings}))
    finished: dict[UUID, str] = {}
    for each in recordings:
        shipment, order = shipments[each.shipment_id], orders[each.order_id]
        if shipment.status is not ShipmentStatus.PENDING:
            continue
        at, actor_id, label = each.at, each.actor_id, each.answer.label
        if label is None:
            reason = each.answer.reason or "refused"
            shipments[shipment.id] = shipment.failed(reason, at=at, actor_id=actor_id)
            orders[order.id] = order.unclaim(shipment.id, at=at, actor_id=actor_id, reason=reason)
        else:
            for product_id, quantity in order.reserved.items():
                products[product_id] = products[product_id].consume(
                    quantity, at=at, actor_id=actor_id, shipment_id=shipment.id
                )
            shipments[shipment.id] = shipment.labelled(label, at=at, actor_id=actor_id)
            orders[order.id] = order.ship(shipment.id, tracking_number=label.tracking_number, at=at, actor_id=actor_id)
        finished[shipment.id] = DONE
    work.products.save(*(products[id] for id in products if products[id].facts))
    work.orders.save(*(orders[id] for id in dict.fromkeys(shipments[each].order_id for each in finished)))
    work.shipments.save(*(shipments[id] for id in finished))
    if finished:
        work.requests.finish(SHIP_NAME, finished)
    return [(shipments[each.shipment_id], orders[each.order_id]) for each in recordings]


def _deliver(work: UnitOfWork, intent: Intent[MarkDelivered]) -> Order:
    command = intent.command
    order = named(work.orders.hold((command.order_id,)), command.order_id, "order")
    refuse_stale(order, command.expected_version, "order")
    parcels = [one for one in work.shipments.hold(work.orders.shipments_of(order.id)).values() if one.label]
    latest = max((one.id for one in parcels), default=order.id)
    delivered = order.deliver(latest, at=intent.at, actor_id=intent.actor_id)
    work.shipments.save(
        *(
            one.delivered(at=intent.at, actor_id=intent.actor_id)
            for one in parcels
            if one.status is not ShipmentStatus.DELIVERED
        )
    )
    work.orders.save(explained(delivered, command.reason))
    return delivered


CLAIM = simple(SHIP_NAME, _claim)
RECORD_LABEL: Change[LabelRecording, tuple[Shipment, Order]] = Change("record_label", _record_label)
DELIVER = simple("deliver_order", _deliver)
