"""The only place that makes responses of success."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import orjson
from flask import Response
from werkzeug.datastructures import Headers

from ordercore import Page
from ordercore.application.shop import OrderCore
from ordercore.domain.actor import Permission, may
from ordercore.domain.customer import Customer
from ordercore.domain.errors import UnknownResource
from ordercore.domain.order import Order
from ordercore.domain.product import Product
from ordercore.entrypoints.http import rendering
from ordercore.entrypoints.http.operations import SKU_PREFIX

V = TypeVar("V")

LONGEST_NUMBER = 18


def answer(
    shape: object, status: int = 200, *, version: int | None = None, at: str | None = None, replayed: bool = False
) -> Response:
    """JSON, with the ETag of a version, the Location of what was made, and whether it was made before."""
    body = orjson.dumps(shape, option=orjson.OPT_UTC_Z)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if version is not None:
        headers.append(("ETag", f'"{version}"'))
    if at is not None:
        headers.append(("Location", at))
    if replayed:
        headers.append(("Idempotency-Replayed", "true"))
    return _Whole([body], status, headers)


class _Whole(Response):
    """A response whose headers are right as they are: its length is known, its Location is plain ASCII."""

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:  # noqa: ARG002 - as Werkzeug has it
        """The headers, not looked through once more."""
        return self.headers


def listed(page: Page[V], shape: Callable[[V], object]) -> Response:
    """A page of a list."""
    return answer({"data": [shape(each) for each in page.data], "next": page.next})


def ordered(shop: OrderCore, order: Order, *, created: bool = False) -> Response:
    """An order: 202 while a provider's answer is outstanding, else 201 where it was made, else 200."""
    status = 202 if is_unsettled(order) else 201 if created else 200
    at = f"/v1/orders/{order.id}" if status != 200 else None
    shape = rendering.order(order, personal=may_see(shop, order))
    return answer(shape, status, version=order.version, at=at, replayed=order.replayed)


def stocked(product: Product, status: int = 200, *, at: str | None = None) -> Response:
    """A product."""
    return answer(rendering.product(product), status, version=product.version, at=at, replayed=product.replayed)


def known(shop: OrderCore, customer: Customer, status: int = 200, *, at: str | None = None) -> Response:
    """A customer, in full only to those who may read customers."""
    shape = rendering.customer(customer, personal=may(shop.actor, Permission.CUSTOMERS_READ))
    return answer(shape, status, version=customer.version, at=at, replayed=customer.replayed)


def is_unsettled(order: Order) -> bool:
    """Whether money was asked for and no final answer came."""
    return order.payment.open_attempt is not None


def may_see(shop: OrderCore, order: Order) -> bool:
    """Whether the actor may see who bought: it may read orders, or said so itself when it placed this one."""
    return may(shop.actor, Permission.ORDERS_READ) or order.placed_by == shop.actor.id


def order_id(shop: OrderCore, name: str) -> UUID:
    """The order that a path names by id or number.

    Raises:
        UnknownResource: there is none.
    """
    if name.isascii() and name.isdigit() and len(name) <= LONGEST_NUMBER:
        return shop.ordering.by_number(int(name)).id
    return resource_id(name, "order")


def product_id(shop: OrderCore, name: str) -> UUID:
    """The product that a path names by id or by sku; `sku:` before it says that it is a sku, whatever it looks like.

    Raises:
        UnknownResource: there is none.
    """
    if name.startswith(SKU_PREFIX):
        return shop.catalogue.by_sku(name.removeprefix(SKU_PREFIX)).id
    id = _spelled(name)
    return shop.catalogue.by_sku(name[:100]).id if id is None else id


def resource_id(name: str, kind: str) -> UUID:
    """The id that a path spells.

    Raises:
        UnknownResource: it is none, so nothing has it.
    """
    id = _spelled(name)
    if id is None:
        raise UnknownResource(kind=kind, name=name[:100])
    return id


def _spelled(name: str) -> UUID | None:
    """The id in its usual spelling; None for anything else."""
    try:
        id = UUID(name)
    except ValueError:
        return None
    return id if str(id) == name.lower() else None
