"""Catalogue: add, edit, archive, find products; receive and adjust their stock; what is low."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import evolve, field, frozen

from ordercore.application.core import Core
from ordercore.application.requests import (
    Intent,
    Repeated,
    a_reason,
    existing,
    expected_version,
    explained,
    named,
    perform,
    refuse_stale,
    run_one,
    simple,
)
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.errors import (
    AlreadyExists,
    InvalidRequest,
    OrderCoreError,
    OutOfStock,
    StockIsReserved,
    UnknownResource,
)
from ordercore.domain.limits import MAX_NAME_LENGTH, MAX_QUANTITY, MAX_SKU_LENGTH, MAX_TEXT_LENGTH
from ordercore.domain.money import Money
from ordercore.domain.product import Movement, Product
from ordercore.ports.commits import Change
from ordercore.ports.queries import Page, PageRequest, ProductFilter
from ordercore.ports.store import UnitOfWork

NAMED_HOLDERS = 20
"""At most this many orders are named when reserved stock is refused."""


def _not_negative(_: Any, __: Any, value: Any) -> None:
    if not isinstance(value, Money) or value.amount_minor < 0:
        raise InvalidRequest.of("/price", "must be an amount of zero or more", "out_of_range")


a_sku = fields.text(most=MAX_SKU_LENGTH)
a_name = fields.text(most=MAX_NAME_LENGTH)
a_description = fields.text(most=MAX_TEXT_LENGTH, least=0)
a_category = fields.optional(fields.text(most=MAX_NAME_LENGTH))
a_count = fields.whole_number(least=0, most=MAX_QUANTITY)
a_threshold = fields.optional(a_count)
a_weight = fields.optional(fields.whole_number(least=0, most=10_000_000))


@frozen(kw_only=True, slots=False)
class AddProduct:
    """A new product. `quantity_in_stock` is its first stock in pieces; weight is in grams."""

    sku: str = field(converter=fields.trimmed, validator=a_sku)
    name: str = field(converter=fields.trimmed, validator=a_name)
    price: Money = field(validator=_not_negative)
    description: str = field(default="", validator=a_description)
    quantity_in_stock: int = field(default=0, validator=a_count)
    low_stock_threshold: int | None = field(default=None, validator=a_threshold)
    category: str | None = field(default=None, validator=a_category)
    weight_grams: int | None = field(default=None, validator=a_weight)


@frozen(kw_only=True, slots=False)
class EditProduct:
    """Other details for a product; what is left out becomes the default, as in AddProduct. Stock stays."""

    product_id: UUID
    name: str = field(converter=fields.trimmed, validator=a_name)
    price: Money = field(validator=_not_negative)
    description: str = field(default="", validator=a_description)
    low_stock_threshold: int | None = field(default=None, validator=a_threshold)
    category: str | None = field(default=None, validator=a_category)
    weight_grams: int | None = field(default=None, validator=a_weight)
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class ArchiveProduct:
    """Take a product out of the catalogue; old orders keep it, nobody can order it."""

    product_id: UUID
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class ReceiveStock:
    """Pieces that came into the house."""

    product_id: UUID
    quantity: int = field(validator=fields.whole_number(least=1, most=MAX_QUANTITY))
    reason: str | None = field(default=None, validator=a_reason)


def _not_zero(_: Any, __: Any, value: Any) -> None:
    if value == 0:
        raise InvalidRequest.of("/change", "must not be zero", "out_of_range")


@frozen(kw_only=True, slots=False)
class AdjustStock:
    """Pieces found (positive) or lost (negative) when counting."""

    product_id: UUID
    change: int = field(validator=[fields.whole_number(least=-MAX_QUANTITY, most=MAX_QUANTITY), _not_zero])
    reason: str | None = field(default=None, validator=a_reason)


class Catalogue:
    """Products and their stock, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def add_product(self, command: AddProduct, *, idempotency_key: str | None = None) -> Product:
        """Add a product.

        Raises:
            AlreadyExists: the sku is taken.
        """
        authorise(self._actor, Permission.PRODUCTS_MANAGE)
        return perform(
            self._core, self._actor, ADD, command, key=idempotency_key, again=lambda lookups: lookups.products
        )

    def add_products(self, commands: Sequence[AddProduct]) -> Sequence[Product | None]:
        """Add many products in one transaction; None for those whose sku exists already, which are left alone.

        Raises:
            InvalidRequest: more than 500 commands, or a sku twice.
        """
        authorise(self._actor, Permission.PRODUCTS_MANAGE)
        products = new_products(self._core, self._actor, commands)
        taken = run_one(self._core, ADD_MANY, products)
        return [None if product.sku in taken else product.written() for product in products]

    def edit_product(self, command: EditProduct, *, idempotency_key: str | None = None) -> Product:
        """Give a product other details; existing orders keep theirs.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused (archived): refused.
        """
        authorise(self._actor, Permission.PRODUCTS_MANAGE)
        return self._change(EDIT, command, idempotency_key)

    def archive_product(self, command: ArchiveProduct, *, idempotency_key: str | None = None) -> Product:
        """Take a product out of the catalogue.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused (archived already): refused.
        """
        authorise(self._actor, Permission.PRODUCTS_MANAGE)
        return self._change(ARCHIVE, command, idempotency_key)

    def receive_stock(self, command: ReceiveStock, *, idempotency_key: str | None = None) -> Product:
        """Book pieces that came in.

        Raises:
            UnknownResource: no such product.
        """
        authorise(self._actor, Permission.STOCK_MANAGE)
        return self._change(RECEIVE, command, idempotency_key)

    def adjust_stock(self, command: AdjustStock, *, idempotency_key: str | None = None) -> Product:
        """Book pieces found or lost.

        Raises:
            UnknownResource: no such product.
            StockIsReserved: it would take reserved pieces; the orders concerned are named.
            OutOfStock: it would take more than is in the house.
        """
        authorise(self._actor, Permission.STOCK_MANAGE)
        product = existing(self._core, command.product_id, "product", lambda lookups: lookups.products)
        try:
            return self._change(ADJUST, command, idempotency_key)
        except StockIsReserved as refusal:
            with self._core.store.reading() as lookups:
                holders = lookups.holders_of(product.id, NAMED_HOLDERS)
            raise evolve(refusal, order_numbers=tuple(str(number) for number in holders)) from None

    def get(self, product_id: UUID) -> Product:
        """One product with its stock.

        Raises:
            UnknownResource: there is none with that id.
        """
        authorise(self._actor, Permission.PRODUCTS_READ)
        return existing(self._core, product_id, "product", lambda lookups: lookups.products)

    def by_sku(self, sku: str) -> Product:
        """One product by its sku.

        Raises:
            UnknownResource: there is none with that sku.
        """
        authorise(self._actor, Permission.PRODUCTS_READ)
        fields.refuse_unstorable("product", sku)
        with self._core.store.reading() as lookups:
            ids = lookups.product_ids((sku,))
            if sku not in ids:
                raise UnknownResource(kind="product", name=sku)
            return named(lookups.products((ids[sku],)), ids[sku], "product")

    def list(self, which: ProductFilter = ProductFilter(), page: PageRequest = PageRequest()) -> Page[Product]:  # noqa: B008 - frozen
        """Products by sku; search by part of name or sku, by category, or what is low."""
        authorise(self._actor, Permission.PRODUCTS_READ)
        with self._core.store.listing() as queries:
            return queries.product_page(which, page)

    def movements(self, product_id: UUID, page: PageRequest = PageRequest()) -> Page[Movement]:  # noqa: B008 - frozen
        """Every change of on_hand, newest first.

        Raises:
            UnknownResource: there is no such product.
        """
        authorise(self._actor, Permission.PRODUCTS_READ)
        with self._core.store.listing() as queries:
            named(queries.products((product_id,)), product_id, "product")
            return queries.movement_page(product_id, page)

    def _change(self, change: Change[Intent[Any], Product | Repeated], command: Any, key: str | None) -> Product:
        return perform(
            self._core,
            self._actor,
            change,
            command,
            resource_id=command.product_id,
            key=key,
            again=lambda lookups: lookups.products,
        )


def new_products(core: Core, actor: Actor, commands: Sequence[AddProduct]) -> tuple[Product, ...]:
    """The products of a batch, with their ids, before they are written.

    Raises:
        InvalidRequest: more than 500 commands, or a sku twice.
    """
    if len(commands) > 500 or len({command.sku for command in commands}) < len(commands):
        raise InvalidRequest.of("", "must be at most 500 products, each sku once", "wrong_length")
    at = core.clock.now()
    return tuple(_new(core.ids.new(), command, at, actor.id) for command in commands)


def _new(id: UUID, command: AddProduct, at: datetime, actor_id: UUID) -> Product:
    return Product.add(
        id=id,
        sku=command.sku,
        name=command.name,
        description=command.description,
        price=command.price,
        category=command.category,
        weight_grams=command.weight_grams,
        low_stock_threshold=command.low_stock_threshold,
        quantity=command.quantity_in_stock,
        at=at,
        actor_id=actor_id,
    )


def _held(work: UnitOfWork, product_id: UUID) -> Product:
    return named(work.products.hold((product_id,)), product_id, "product")


def _add(work: UnitOfWork, intent: Intent[AddProduct]) -> Product:
    product = _new(intent.ids[0], intent.command, intent.at, intent.actor_id)
    if work.products.claim_skus((product,)):
        raise AlreadyExists(kind="product with the sku", name=product.sku, pointer="/sku")
    return product


def _edit(work: UnitOfWork, intent: Intent[EditProduct]) -> Product:
    command = intent.command
    product = _held(work, command.product_id)
    refuse_stale(product, command.expected_version, "product")
    edited = product.edit(
        name=command.name,
        description=command.description,
        price=command.price,
        category=command.category,
        weight_grams=command.weight_grams,
        low_stock_threshold=command.low_stock_threshold,
        at=intent.at,
        actor_id=intent.actor_id,
    )
    work.products.save(explained(edited, command.reason))
    return edited


def _archive(work: UnitOfWork, intent: Intent[ArchiveProduct]) -> Product:
    product = _held(work, intent.command.product_id)
    refuse_stale(product, intent.command.expected_version, "product")
    archived = product.archive(at=intent.at, actor_id=intent.actor_id)
    work.products.save(explained(archived, intent.command.reason))
    return archived


def _receive(work: UnitOfWork, intent: Intent[ReceiveStock]) -> Product:
    command = intent.command
    product = _held(work, command.product_id)
    received = product.receive(command.quantity, at=intent.at, actor_id=intent.actor_id, reason=command.reason)
    work.products.save(received)
    return received


def _adjust(work: UnitOfWork, intent: Intent[AdjustStock]) -> Product:
    command = intent.command
    product = _held(work, command.product_id)
    if -command.change > product.on_hand:
        raise OutOfStock(sku=product.sku, requested=-command.change, available=product.on_hand, pointer="/change")
    if not product.can_lose(-command.change):
        raise StockIsReserved(
            sku=product.sku,
            on_hand=product.on_hand,
            reserved=product.reserved,
            change=command.change,
            order_numbers=(),
        )
    adjusted = product.adjust(command.change, at=intent.at, actor_id=intent.actor_id, reason=command.reason)
    work.products.save(adjusted)
    return adjusted


def _add_many(work: UnitOfWork, groups: Sequence[tuple[Product, ...]]) -> Sequence[frozenset[str] | OrderCoreError]:
    return [frozenset(work.products.claim_skus(products)) for products in groups]


ADD_MANY: Change[tuple[Product, ...], frozenset[str]] = Change("add_products", _add_many, largest_group=1)
ADD = simple("add_product", _add)
EDIT = simple("edit_product", _edit)
ARCHIVE = simple("archive_product", _archive)
RECEIVE = simple("receive_stock", _receive)
ADJUST = simple("adjust_stock", _adjust)
