"""The only place that lists and searches: keyset pages of frozen rows, straight from SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Select

from ordercore.adapters.sql import lists
from ordercore.adapters.sql.lookups import SqlLookups
from ordercore.adapters.sql.mapping.admins import admin_of, token_of
from ordercore.adapters.sql.mapping.customers import customer_of
from ordercore.adapters.sql.mapping.products import levels_of, product_of
from ordercore.adapters.sql.mapping.work_items import work_item_of
from ordercore.adapters.sql.pages import Key, page_of, refuse_unsearchable
from ordercore.adapters.sql.tables import (
    admin_users,
    api_tokens,
    customers,
    events,
    orders,
    payments,
    products,
    shipments,
    stock,
    stock_movements,
    work_items,
)
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.admin import AdminUser, ApiToken
from ordercore.domain.customer import Customer, normalised_email, normalised_phone
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.domain.product import Movement, Product
from ordercore.domain.work_item import WorkItem
from ordercore.ports.queries import (
    CustomerFilter,
    EventRow,
    OrderFilter,
    OrderRow,
    Page,
    PageRequest,
    PaymentFilter,
    PaymentRow,
    ProductFilter,
    ShipmentRow,
    WorkItemFilter,
)
from ordercore.ports.sealer import Sealer

V = TypeVar("V")


class SqlQueries(SqlLookups):
    """Lists in one snapshot."""

    def __init__(self, connection: Connection, wire: Wire, sealer: Sealer, clock: Callable[[Wire], datetime]) -> None:
        super().__init__(wire, sealer, clock)
        self._connection = connection

    def order_page(self, which: OrderFilter, page: PageRequest) -> Page[OrderRow]:
        """Orders, newest first."""
        key = (orders.c.ordered_at, orders.c.id)
        return self._page(lists.narrowed_orders(which), key, page, lists.order_row, newest_first=True)

    def payment_page(self, which: PaymentFilter, page: PageRequest) -> Page[PaymentRow]:
        """Payments, newest order first."""
        is_narrow = which.status is not None or which.unknown is not None
        by_payment, by_order = (payments.c.ordered_at, payments.c.order_id), (orders.c.ordered_at, orders.c.id)
        key = by_payment if is_narrow else by_order
        return self._page(lists.narrowed_payments(which), key, page, lists.payment_row, newest_first=True)

    def shipment_page(self, status: ShipmentStatus | None, page: PageRequest) -> Page[ShipmentRow]:
        """Shipments, newest first."""
        statement = lists.SHIPMENTS if status is None else lists.SHIPMENTS.where(shipments.c.status == status.value)
        return self._page(statement, (shipments.c.id,), page, lists.shipment_row, newest_first=True)

    def product_page(self, which: ProductFilter, page: PageRequest) -> Page[Product]:
        """Products by sku, with their stock."""
        found: Page[Row] = self._page(lists.narrowed_products(which), (products.c.sku,), page, tuple)
        levels = self._wire.rows(
            stock,
            "product_id, location_id, on_hand, reserved",
            [row[0] for row in found.data],
            by="product_id",
            order="product_id, location_id",
        )
        by_product = levels_of(self._wire, levels)
        made = [product_of(self._wire, row, by_product.get(row[0], ())) for row in found.data]
        return Page(data=made, next=found.next)

    def customer_page(self, which: CustomerFilter, page: PageRequest) -> Page[Customer]:
        """Customers by id, or those with exactly that e-mail address or phone number."""
        refuse_unsearchable("/email", which.email)
        refuse_unsearchable("/phone", which.phone)
        statement = lists.raw(customers)
        if which.email is not None:
            index = self._sealer.index("email", normalised_email(which.email))
            statement = statement.where(customers.c.email_index == index)
        if which.phone is not None:
            index = self._sealer.index("phone", normalised_phone(which.phone))
            statement = statement.where(customers.c.phone_index == index)
        return self._page(statement, (customers.c.id,), page, lambda row: customer_of(self._wire, self._sealer, row))

    def admin_page(self, page: PageRequest) -> Page[AdminUser]:
        """Admin users by id."""
        return self._page(lists.raw(admin_users), (admin_users.c.id,), page, lambda row: admin_of(self._wire, row))

    def token_page(self, page: PageRequest) -> Page[ApiToken]:
        """Tokens by id."""
        return self._page(lists.raw(api_tokens), (api_tokens.c.id,), page, lambda row: token_of(self._wire, row))

    def work_item_page(self, which: WorkItemFilter, page: PageRequest) -> Page[WorkItem]:
        """Work items, oldest first."""
        statement = lists.raw(work_items)
        if which.status is not None:
            statement = statement.where(work_items.c.status == which.status.value)
        return self._page(statement, (work_items.c.id,), page, lambda row: work_item_of(self._wire, row))

    def movement_page(self, product_id: UUID, page: PageRequest) -> Page[Movement]:
        """Every change of a product's on_hand, newest first."""
        statement = lists.MOVEMENTS.where(stock_movements.c.product_id == product_id)
        return self._page(statement, (stock_movements.c.number,), page, lists.movement, newest_first=True)

    def event_page(self, stream: str | None, page: PageRequest) -> Page[EventRow]:
        """Events of one kind of stream, or of all, oldest first."""
        refuse_unsearchable("/stream", stream)
        statement = lists.EVENTS if stream is None else lists.EVENTS.where(events.c.stream == stream)
        key = (events.c.occurred_at, events.c.stream, events.c.stream_id, events.c.number)
        return self._page(statement, key, page, lists.event_row)

    def _page(
        self,
        statement: Select[Any],
        key: Key,
        page: PageRequest,
        make: Callable[[Row], V],
        *,
        newest_first: bool = False,
    ) -> Page[V]:
        return page_of(self._connection, statement, key, page, make, newest_first=newest_first)
