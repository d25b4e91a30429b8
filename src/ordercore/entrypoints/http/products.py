"""Products over HTTP: add, edit, archive, find; receive and adjust their stock."""

from __future__ import annotations

from attrs import evolve
from flask import Response

from ordercore import ProductFilter
from ordercore.application.catalogue import AddProduct, AdjustStock, ArchiveProduct, EditProduct, ReceiveStock
from ordercore.domain.errors import (
    AlreadyExists,
    KeyReused,
    OutOfStock,
    RequestInProgress,
    StockIsReserved,
    TransitionRefused,
    UnknownResource,
    VersionIsStale,
)
from ordercore.entrypoints.http import rendering, shapes
from ordercore.entrypoints.http.answers import listed, product_id, stocked
from ordercore.entrypoints.http.inputs import NoFilter
from ordercore.entrypoints.http.operations import Asked, Capability, Key

products = Capability("products")

KEYED = (KeyReused, RequestInProgress)
CHANGED = (UnknownResource, VersionIsStale, TransitionRefused)


@products.operation(
    "POST",
    "/products",
    body=AddProduct,
    answer=shapes.ProductShape,
    status=201,
    key=Key.OPTIONAL,
    refusals=(AlreadyExists, *KEYED),
)
def add_product(asked: Asked[AddProduct]) -> Response:
    """Add a product."""
    product = asked.shop.catalogue.add_product(asked.command, idempotency_key=asked.key)
    return stocked(product, 201, at=f"/v1/products/{product.id}")


@products.operation("GET", "/products", which=ProductFilter, answer=shapes.ProductShape, listed=True)
def list_products(asked: Asked[None]) -> Response:
    """Products by sku; `text` is part of a name or sku, `low=true` lists what is low."""
    return listed(asked.shop.catalogue.list(asked.which, asked.page), rendering.product)


@products.operation("GET", "/products/<named:product>", answer=shapes.ProductShape, refusals=(UnknownResource,))
def get_product(asked: Asked[None], product: str) -> Response:
    """One product, by id or as sku:SKU."""
    shop = asked.shop
    return stocked(shop.catalogue.get(product_id(shop, product)))


@products.operation(
    "PUT",
    "/products/<named:product>",
    body=EditProduct,
    named=("product_id",),
    answer=shapes.ProductShape,
    key=Key.OPTIONAL,
    refusals=(*CHANGED, *KEYED),
)
def edit_product(asked: Asked[EditProduct], product: str) -> Response:
    """Give a product other details; what is left out becomes the default. Stock and old orders stay."""
    shop = asked.shop
    command = evolve(asked.command, product_id=product_id(shop, product))
    return stocked(shop.catalogue.edit_product(command, idempotency_key=asked.key))


@products.operation(
    "DELETE",
    "/products/<named:product>",
    body=ArchiveProduct,
    named=("product_id",),
    answer=shapes.ProductShape,
    key=Key.OPTIONAL,
    refusals=(*CHANGED, *KEYED),
)
def archive_product(asked: Asked[ArchiveProduct], product: str) -> Response:
    """Take a product out of the catalogue; old orders keep it."""
    shop = asked.shop
    command = evolve(asked.command, product_id=product_id(shop, product))
    return stocked(shop.catalogue.archive_product(command, idempotency_key=asked.key))


@products.operation(
    "POST",
    "/products/<named:product>/stock/receipts",
    body=ReceiveStock,
    named=("product_id",),
    answer=shapes.ProductShape,
    status=201,
    key=Key.REQUIRED,
    refusals=(UnknownResource, *KEYED),
)
def receive_stock(asked: Asked[ReceiveStock], product: str) -> Response:
    """Book pieces that came in."""
    shop = asked.shop
    command = evolve(asked.command, product_id=product_id(shop, product))
    return stocked(shop.catalogue.receive_stock(command, idempotency_key=asked.key), 201)


@products.operation(
    "POST",
    "/products/<named:product>/stock/adjustments",
    body=AdjustStock,
    named=("product_id",),
    answer=shapes.ProductShape,
    status=201,
    key=Key.REQUIRED,
    refusals=(UnknownResource, OutOfStock, StockIsReserved, *KEYED),
)
def adjust_stock(asked: Asked[AdjustStock], product: str) -> Response:
    """Book pieces found or lost; reserved ones stay, and the orders concerned are named."""
    shop = asked.shop
    command = evolve(asked.command, product_id=product_id(shop, product))
    return stocked(shop.catalogue.adjust_stock(command, idempotency_key=asked.key), 201)


@products.operation(
    "GET",
    "/products/<named:product>/movements",
    which=NoFilter,
    answer=shapes.MovementShape,
    listed=True,
    refusals=(UnknownResource,),
)
def list_movements(asked: Asked[None], product: str) -> Response:
    """Every change of on_hand, newest first."""
    shop = asked.shop
    return listed(shop.catalogue.movements(product_id(shop, product), asked.page), rendering.movement)
