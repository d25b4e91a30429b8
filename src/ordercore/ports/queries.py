"""The only place for what can be read: single aggregates by id, and pages of frozen rows.

Pages are keyed, never counted off: `after` is the cursor that the page before answered. Lists of orders and payments
are newest first, by (ordered_at, id).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from attrs import frozen

from ordercore.domain.admin import AdminUser, ApiToken
from ordercore.domain.customer import Customer
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus, WorkItemStatus
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.domain.payment import PaymentMethod
from ordercore.domain.product import Movement, Product
from ordercore.domain.shipment import Shipment
from ordercore.domain.work_item import WorkItem

V = TypeVar("V")


@frozen(kw_only=True)
class Page(Generic[V]):
    """Up to `limit` rows and the cursor of the next page, None at the end."""

    data: Sequence[V]
    next: str | None


@frozen(kw_only=True)
class PageRequest:
    """Which page: at most `limit` rows (1 to 500) after that cursor."""

    limit: int = 50
    after: str | None = None


@frozen(kw_only=True)
class OrderFilter:
    """Which orders; what is None does not narrow. Times are half-open: since <= ordered_at < before."""

    status: OrderStatus | None = None
    customer_id: UUID | None = None
    manager_id: UUID | None = None
    external_reference: str | None = None
    since: datetime | None = None
    before: datetime | None = None


@frozen(kw_only=True)
class OrderRow:
    """An order in a list."""

    id: UUID
    number: int
    status: OrderStatus
    customer_id: UUID
    manager_id: UUID
    ordered_at: datetime
    total: Money
    item_count: int
    payment_status: PaymentStatus
    payment_is_unknown: bool
    external_reference: str | None
    version: int


@frozen(kw_only=True)
class PaymentFilter:
    """Which payments; what is None does not narrow. `unknown` asks for those with an unanswered attempt."""

    status: PaymentStatus | None = None
    unknown: bool | None = None


@frozen(kw_only=True)
class PaymentRow:
    """A payment in a list. Sums are in minor units of the amount's currency."""

    id: UUID
    order_id: UUID
    order_number: int
    amount: Money
    method: PaymentMethod
    status: PaymentStatus
    is_unknown: bool
    authorised: int
    captured: int
    refunded: int
    discrepancy: int
    ordered_at: datetime


@frozen(kw_only=True)
class ShipmentRow:
    """A shipment in a list."""

    id: UUID
    order_id: UUID
    order_number: int
    status: ShipmentStatus
    carrier: str | None
    tracking_number: str | None
    started_at: datetime


@frozen(kw_only=True)
class ProductFilter:
    """Which products. `text` is part of a name or sku, in any case; archived ones only when asked for."""

    text: str | None = None
    category: str | None = None
    low: bool | None = None
    archived: bool = False


@frozen(kw_only=True)
class CustomerFilter:
    """Which customers: by exact e-mail address or phone number; neither lists everybody."""

    email: str | None = None
    phone: str | None = None


@frozen(kw_only=True)
class WorkItemFilter:
    """Which work items; what is None does not narrow."""

    status: WorkItemStatus | None = None


@frozen(kw_only=True)
class EventRow:
    """A stored event: `number` counts within its stream."""

    stream: str
    stream_id: UUID
    number: int
    type: str
    occurred_at: datetime
    actor_id: UUID
    payload: Mapping[str, object]


@frozen(kw_only=True)
class OpenWork:
    """Something a worker may have to finish: an attempt or a shipment without an end, and the order it belongs to.

    An attempt `is_left` by whoever made it, its answer `unknown` or up to the customer; else it may still be going on.
    """

    order_id: UUID
    attempt_id: UUID | None
    shipment_id: UUID | None
    since: datetime
    is_left: bool = False

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it stands among all open work."""
        return self.since, self.attempt_id or self.shipment_id or self.order_id


class Lookups(Protocol):
    """Single aggregates, unlocked, as they are in the snapshot; absent ids are absent."""

    @property
    def now(self) -> datetime:
        """The database's clock."""

    def orders(self, ids: Iterable[UUID]) -> Mapping[UUID, Order]: ...

    def products(self, ids: Iterable[UUID]) -> Mapping[UUID, Product]: ...

    def customers(self, ids: Iterable[UUID]) -> Mapping[UUID, Customer]: ...

    def shipments(self, ids: Iterable[UUID]) -> Mapping[UUID, Shipment]: ...

    def admins(self, ids: Iterable[UUID]) -> Mapping[UUID, AdminUser]: ...

    def tokens(self, ids: Iterable[UUID]) -> Mapping[UUID, ApiToken]: ...

    def work_items(self, ids: Iterable[UUID]) -> Mapping[UUID, WorkItem]: ...

    def product_ids(self, skus: Iterable[str]) -> Mapping[str, UUID]:
        """Ids by sku."""

    def order_id(self, number: int) -> UUID | None:
        """The order with that number."""

    def order_ids(self, placed_by: UUID, references: Iterable[str]) -> Mapping[str, UUID]:
        """The actor's orders by external reference."""

    def shipment_ids(self, order_id: UUID) -> Sequence[UUID]:
        """The order's shipments, oldest first."""

    def admin_id(self, username: str) -> UUID | None:
        """The admin user with that name; where nobody is spelled so, the oldest with the name in another case."""

    def request_outcome(self, actor_id: UUID, key: str) -> tuple[UUID, str | None] | None:
        """Resource and outcome of a request, None where the key is free."""

    def events(self, stream: str, stream_id: UUID) -> Sequence[EventRow]:
        """Everything that happened to one aggregate, in order."""

    def open_work(self, before: datetime, limit: int, after: OpenWork | None = None) -> Sequence[OpenWork]:
        """Attempts and shipments begun before then and not finished, by (since, id), those after `after`."""

    def holders_of(self, product_id: UUID, limit: int) -> Sequence[int]:
        """Numbers of the orders that have pieces of the product reserved, lowest first."""


class Queries(Lookups, Protocol):
    """Lists and searches; they have one implementation, SQL."""

    def order_page(self, which: OrderFilter, page: PageRequest) -> Page[OrderRow]: ...

    def payment_page(self, which: PaymentFilter, page: PageRequest) -> Page[PaymentRow]: ...

    def shipment_page(self, status: ShipmentStatus | None, page: PageRequest) -> Page[ShipmentRow]: ...

    def product_page(self, which: ProductFilter, page: PageRequest) -> Page[Product]: ...

    def customer_page(self, which: CustomerFilter, page: PageRequest) -> Page[Customer]: ...

    def admin_page(self, page: PageRequest) -> Page[AdminUser]: ...

    def token_page(self, page: PageRequest) -> Page[ApiToken]: ...

    def work_item_page(self, which: WorkItemFilter, page: PageRequest) -> Page[WorkItem]:
        """Work items, oldest first."""

    def movement_page(self, product_id: UUID, page: PageRequest) -> Page[Movement]: ...

    def event_page(self, stream: str | None, page: PageRequest) -> Page[EventRow]:
        """Events of one kind of stream, or of all, oldest first by (occurred_at, stream, id, number)."""
