"""The only place for what answers look like: the JSON of every resource, which OpenAPI describes.

Card tokens and secrets are in none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from ordercore.domain.admin import AdminRole
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus, WorkItemStatus
from ordercore.domain.order import CancelReason, OnDecline
from ordercore.domain.payment import AnswerKind, AttemptKind, AttemptStatus, PaymentMethod
from ordercore.domain.product import MovementKind
from ordercore.domain.work_item import WorkItemKind


class MoneyShape(TypedDict):
    """A decimal amount in major units, and its ISO 4217 currency."""

    amount: str
    currency: str


class PostalAddressShape(TypedDict):
    """Where a parcel goes."""

    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str


class ContactInformationShape(TypedDict):
    """A name and how to reach it."""

    name: str
    email: str
    phone: str | None


class BuyerShape(TypedDict):
    """The order's own copy of its customer; all but the id is null for those who may not read the order."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None


class ItemShape(TypedDict):
    """One product of an order, as it was when ordered; quantities are pieces."""

    id: UUID
    product_id: UUID
    sku: str
    name: str
    unit_price: MoneyShape
    line_total: MoneyShape
    quantity: int
    quantity_cancelled: int
    quantity_shipped: int
    quantity_delivered: int
    quantity_returned: int


class AdjustmentShape(TypedDict):
    """A signed amount beside the items."""

    id: UUID
    kind: str
    label: str
    amount: MoneyShape
    item_id: UUID | None
    is_tax_included: bool


class AttemptShape(TypedDict):
    """One thing asked of the payment provider; `reported` is its later word where that contradicts the status."""

    id: UUID
    kind: AttemptKind
    status: AttemptStatus
    amount: MoneyShape
    decline_code: str | None
    started_at: datetime
    finished_at: datetime | None
    reported: AnswerKind | None


class PaymentShape(TypedDict):
    """The money of an order; `unknown` says that a provider's answer never came and is being asked for.

    `discrepancy` is what the provider says it holds or took beyond the other sums (below zero: less) and nobody has
    settled yet: see the work items.
    """

    id: UUID
    status: PaymentStatus
    method: PaymentMethod
    amount: MoneyShape
    authorised: MoneyShape
    captured: MoneyShape
    refunded: MoneyShape
    discrepancy: MoneyShape
    unknown: bool
    paid_elsewhere: bool
    attempts: list[AttemptShape]


class OrderShape(TypedDict):
    """An order with its own copy of names, address and prices, and its payment."""

    id: UUID
    number: str
    status: OrderStatus
    customer: BuyerShape
    ship_to: PostalAddressShape | None
    items: list[ItemShape]
    adjustments: list[AdjustmentShape]
    total: MoneyShape
    payment: PaymentShape
    on_decline: OnDecline
    manager_id: UUID
    ordered_at: datetime
    expires_at: datetime | None
    external_reference: str | None
    cancel_reason: CancelReason | None
    version: int


class OrderRowShape(TypedDict):
    """An order in a list."""

    id: UUID
    number: str
    status: OrderStatus
    customer_id: UUID
    manager_id: UUID
    ordered_at: datetime
    total: MoneyShape
    item_count: int
    payment_status: PaymentStatus
    payment_unknown: bool
    external_reference: str | None
    version: int


class BatchEntryShape(TypedDict):
    """What became of one order of a batch: the order, or the problem document of its refusal."""

    status: int
    replayed: bool
    order: OrderShape | None
    problem: Mapping[str, object] | None


class BatchOutcomesShape(TypedDict):
    """One entry for each order, in their order."""

    outcomes: list[BatchEntryShape]


class QuotedLineShape(TypedDict):
    """One product of a quote."""

    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: MoneyShape
    line_total: MoneyShape


class QuoteAnswerShape(TypedDict):
    """The order as it would be; nothing was reserved."""

    items: list[QuotedLineShape]
    total: MoneyShape


class ShipmentLineShape(TypedDict):
    """Pieces of one order item in a parcel."""

    order_item_id: UUID
    quantity: int


class ShipmentShape(TypedDict):
    """A parcel; `label` is the address of its document."""

    id: UUID
    order_id: UUID
    status: ShipmentStatus
    lines: list[ShipmentLineShape]
    carrier: str | None
    tracking_number: str | None
    label: str | None
    failure: str | None
    started_at: datetime
    version: int


class ShipmentRowShape(TypedDict):
    """A parcel in a list."""

    id: UUID
    order_id: UUID
    order_number: str
    status: ShipmentStatus
    carrier: str | None
    tracking_number: str | None
    started_at: datetime


class StockLevelShape(TypedDict):
    """Pieces at one location."""

    location_id: UUID
    on_hand: int
    reserved: int
    available: int


class ProductShape(TypedDict):
    """A product with its stock; `quantity_in_stock` is what can still be ordered."""

    id: UUID
    sku: str
    name: str
    description: str
    price: MoneyShape
    category: str | None
    weight_grams: int | None
    quantity_in_stock: int
    on_hand: int
    reserved: int
    stock: list[StockLevelShape]
    low_stock_threshold: int | None
    is_low: bool
    is_archived: bool
    added_at: datetime
    version: int


class MovementShape(TypedDict):
    """One change of on_hand, in pieces."""

    product_id: UUID
    location_id: UUID
    quantity: int
    kind: MovementKind
    at: datetime
    actor_id: UUID
    reason: str | None
    reference: UUID | None


class CustomerShape(TypedDict):
    """A customer; contact and address are null for those who may not read customers."""

    id: UUID
    contact: ContactInformationShape | None
    address: PostalAddressShape | None
    locale: str
    is_guest: bool
    registered_at: datetime
    version: int


class PaymentRowShape(TypedDict):
    """A payment in a list."""

    id: UUID
    order_id: UUID
    order_number: str
    amount: MoneyShape
    method: PaymentMethod
    status: PaymentStatus
    unknown: bool
    authorised: MoneyShape
    captured: MoneyShape
    refunded: MoneyShape
    discrepancy: MoneyShape
    ordered_at: datetime


class WorkItemShape(TypedDict):
    """What a person must look at; the amount is signed: above zero where the provider has more than our sums say."""

    id: UUID
    kind: WorkItemKind
    order_id: UUID
    payment_id: UUID
    attempt_id: UUID
    amount: MoneyShape
    status: WorkItemStatus
    opened_at: datetime
    settled_at: datetime | None
    settled_by: UUID | None
    resolution: str | None
    version: int


class TokenShape(TypedDict):
    """What stands for a card from now on."""

    token: str


class AdminShape(TypedDict):
    """An admin user."""

    id: UUID
    username: str
    role: AdminRole
    is_active: bool
    added_at: datetime
    version: int


class EventShape(TypedDict):
    """Something that happened; `number` counts within its stream."""

    stream: str
    stream_id: UUID
    number: int
    type: str
    occurred_at: datetime
    actor_id: UUID
    payload: Mapping[str, object]


class FieldProblemShape(TypedDict):
    """One bad field: a JSON pointer into the body (for a query parameter its name), and what would be right."""

    pointer: str
    detail: str
    code: str


class HeaderProblemShape(TypedDict):
    """One bad header: its name, and what would be right."""

    header: str
    detail: str
    code: str


class HealthShape(TypedDict):
    """Whether the process lives, or is ready."""

    status: str
