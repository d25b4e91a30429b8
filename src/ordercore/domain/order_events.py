"""The only place for what can have happened to an order, its payment and its parcels' claims.

Events carry ids and amounts, never personal data. `type` names are public and stable.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from attrs import frozen

from ordercore.domain.aggregates import Event


@frozen(kw_only=True, slots=False)
class OrderLine:
    """One item in the event of a placement; the amounts are minor units."""

    item_id: UUID
    product_id: UUID
    sku: str
    quantity: int
    unit_price_minor: int


@frozen(kw_only=True, slots=False)
class OrderPlaced(Event):
    """Stock is reserved for these lines; money is being asked for."""

    type: ClassVar[str] = "order.placed.v1"

    number: int
    customer_id: UUID
    manager_id: UUID
    total_minor: int
    currency: str
    lines: tuple[OrderLine, ...]


@frozen(kw_only=True, slots=False)
class OrderConfirmed(Event):
    """The money is sure; the order may ship."""

    type: ClassVar[str] = "order.confirmed.v1"


@frozen(kw_only=True, slots=False)
class OrderCancelled(Event):
    """The order ended; the stock of all its lines is released."""

    type: ClassVar[str] = "order.cancelled.v1"

    reason: StrEnum


@frozen(kw_only=True, slots=False)
class OrderShipped(Event):
    """The claimed pieces left the house."""

    type: ClassVar[str] = "order.shipped.v1"

    shipment_id: UUID
    tracking_number: str


@frozen(kw_only=True, slots=False)
class OrderDelivered(Event):
    """The shipped pieces arrived."""

    type: ClassVar[str] = "order.delivered.v1"

    shipment_id: UUID


@frozen(kw_only=True, slots=False)
class OrderAddressCorrected(Event):
    """The shipping address changed; to what is personal and not told here."""

    type: ClassVar[str] = "order.address_corrected.v1"


@frozen(kw_only=True, slots=False)
class OrderHandedOver(Event):
    """Another admin user manages the order."""

    type: ClassVar[str] = "order.handed_over.v1"

    from_manager_id: UUID
    to_manager_id: UUID


@frozen(kw_only=True, slots=False)
class ShipmentClaimed(Event):
    """A shipment claimed all open pieces."""

    type: ClassVar[str] = "order.shipment_claimed.v1"

    shipment_id: UUID


@frozen(kw_only=True, slots=False)
class ShipmentReleased(Event):
    """A shipment came to nothing; its pieces are open again."""

    type: ClassVar[str] = "order.shipment_released.v1"

    shipment_id: UUID
    reason: str


@frozen(kw_only=True, slots=False)
class PaymentEvent(Event):
    """Something about one attempt at the provider."""

    payment_id: UUID
    attempt_id: UUID
    kind: StrEnum


@frozen(kw_only=True, slots=False)
class PaymentAttemptStarted(PaymentEvent):
    """The provider is being asked (the first attempt is told by the order's placement)."""

    type: ClassVar[str] = "payment.attempt_started.v1"

    amount_minor: int


@frozen(kw_only=True, slots=False)
class PaymentRecorded(PaymentEvent):
    """The provider approved an attempt; `status` is the payment's status after it."""

    type: ClassVar[str] = "payment.recorded.v1"

    amount_minor: int
    status: StrEnum


@frozen(kw_only=True, slots=False)
class PaymentDeclinedEvent(PaymentEvent):
    """The provider declined an attempt."""

    type: ClassVar[str] = "payment.declined.v1"

    decline_code: str


@frozen(kw_only=True, slots=False)
class PaymentDiscrepancyFound(PaymentEvent):
    """The provider's word contradicts what is recorded; `amount_minor` is signed, above zero where it has more."""

    type: ClassVar[str] = "payment.discrepancy_found.v1"

    reported: StrEnum
    amount_minor: int
    work_item_id: UUID


@frozen(kw_only=True, slots=False)
class PaymentDiscrepancySettled(PaymentEvent):
    """Somebody settled a discrepancy; `amount_minor` is what it was."""

    type: ClassVar[str] = "payment.discrepancy_settled.v1"

    amount_minor: int
    work_item_id: UUID


@frozen(kw_only=True, slots=False)
class PaymentUnknown(PaymentEvent):
    """The provider's answer never came; the worker will ask."""

    type: ClassVar[str] = "payment.unknown.v1"


@frozen(kw_only=True, slots=False)
class PaymentActionRequired(PaymentEvent):
    """The customer has to do something before the provider can decide, such as 3-D Secure."""

    type: ClassVar[str] = "payment.action_required.v1"


@frozen(kw_only=True, slots=False)
class PaymentCameLate(PaymentEvent):
    """Money turned out to be held for an order that had expired; it goes back, and the order stays cancelled."""

    type: ClassVar[str] = "payment.came_late.v1"

    amount_minor: int
    work_item_id: UUID
