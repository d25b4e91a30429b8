"""The only place for parcels: what is in them, who carries them, where they are.

A shipment has no lock of its own; its order's lock is its lock.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from attrs import field, frozen

from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.evolving import evolve
from ordercore.domain.lifecycles import SHIPMENT, ShipmentAction, ShipmentStatus, advance


@frozen(kw_only=True, slots=False)
class ShipmentLine:
    """Pieces of one order item in a parcel."""

    order_item_id: UUID
    quantity: int


@frozen(kw_only=True, slots=False)
class Label:
    """What a carrier sells: a tracking number and a document to print (it shows an address, so it is personal)."""

    carrier: str
    tracking_number: str
    document: bytes = field(repr=False)
    media_type: str


@frozen(kw_only=True, slots=False)
class ShipmentStarted(Event):
    """A shipment was begun; its money and its label come next."""

    type: ClassVar[str] = "shipment.started.v1"

    order_id: UUID


@frozen(kw_only=True, slots=False)
class ShipmentLabelled(Event):
    """The carrier made a label."""

    type: ClassVar[str] = "shipment.labelled.v1"

    order_id: UUID
    carrier: str
    tracking_number: str


@frozen(kw_only=True, slots=False)
class ShipmentFailed(Event):
    """No label: the money or the carrier said no."""

    type: ClassVar[str] = "shipment.failed.v1"

    order_id: UUID
    reason: str


@frozen(kw_only=True, slots=False)
class ShipmentDelivered(Event):
    """The parcel arrived."""

    type: ClassVar[str] = "shipment.delivered.v1"

    order_id: UUID


@frozen(kw_only=True, slots=False)
class Shipment(Aggregate):
    """One parcel of one order."""

    stream: ClassVar[str] = "shipment"

    order_id: UUID
    lines: tuple[ShipmentLine, ...]
    status: ShipmentStatus
    label: Label | None = None
    failure: str | None = None
    started_at: datetime

    @property
    def carrier_key(self) -> str:
        """The idempotency key at the carrier: repeating it never buys a second label."""
        return str(self.id)

    @classmethod
    def start(
        cls,
        *,
        id: UUID,
        order_id: UUID,
        lines: tuple[ShipmentLine, ...],
        at: datetime,
        actor_id: UUID,
        started_at: datetime | None = None,
    ) -> Shipment:
        """A shipment to be, with its first fact. `started_at` is the store's time, `at` where one clock serves both."""
        fact = ShipmentStarted(occurred_at=at, actor_id=actor_id, order_id=order_id)
        return cls(
            id=id,
            order_id=order_id,
            lines=lines,
            status=ShipmentStatus.PENDING,
            started_at=started_at or at,
            facts=(fact,),
        )

    def labelled(self, label: Label, *, at: datetime, actor_id: UUID) -> Shipment:
        """The shipment with its label."""
        fact = ShipmentLabelled(
            occurred_at=at,
            actor_id=actor_id,
            order_id=self.order_id,
            carrier=label.carrier,
            tracking_number=label.tracking_number,
        )
        return evolve(self._stepped(ShipmentAction.LABEL, fact), label=label)

    def failed(self, reason: str, *, at: datetime, actor_id: UUID) -> Shipment:
        """The shipment that came to nothing, and why."""
        fact = ShipmentFailed(occurred_at=at, actor_id=actor_id, order_id=self.order_id, reason=reason)
        return evolve(self._stepped(ShipmentAction.FAIL, fact), failure=reason)

    def delivered(self, *, at: datetime, actor_id: UUID) -> Shipment:
        """The shipment that arrived.

        Raises:
            TransitionRefused: it never left, or arrived already.
        """
        fact = ShipmentDelivered(occurred_at=at, actor_id=actor_id, order_id=self.order_id)
        return self._stepped(ShipmentAction.DELIVER, fact)

    def _stepped(self, action: ShipmentAction, fact: Event) -> Shipment:
        status = advance(SHIPMENT, self.status, action, kind="shipment")
        return evolve(self, status=status, version=self.version + 1, facts=(*self.facts, fact))
