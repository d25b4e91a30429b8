"""Pricing: the only place for what an order would cost: its lines merged and priced, and the quote that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from attrs import field, frozen

from ordercore.domain import fields
from ordercore.domain.errors import CurrencyMismatch, InvalidRequest, OutOfStock, PriceChanged, UnknownProduct
from ordercore.domain.limits import MAX_LINES_PER_ORDER, MAX_QUANTITY, MAX_SKU_LENGTH
from ordercore.domain.money import Money, total_of
from ordercore.domain.product import Product
from ordercore.ports.queries import Lookups


def _one_of_sku_and_id(item: ItemRequest, *_: Any) -> None:
    if (item.sku is None) == (item.product_id is None):
        raise InvalidRequest.of("/sku", "name the product by either sku or product_id", "ambiguous_product")


@frozen(kw_only=True, slots=False)
class ItemRequest:
    """So many pieces of a product, named by sku or by id. Lines of one product are merged."""

    sku: str | None = field(default=None, validator=fields.optional(fields.text(most=MAX_SKU_LENGTH)))
    product_id: UUID | None = field(default=None, validator=fields.optional(fields.instance_of(UUID)))
    quantity: int = field(validator=[fields.whole_number(least=1, most=MAX_QUANTITY), _one_of_sku_and_id])


@frozen(kw_only=True, slots=False)
class Quote:
    """What an order would contain, priced and checked now; nothing is written or reserved."""

    items: tuple[ItemRequest, ...] = field(
        converter=fields.as_tuple,
        validator=fields.several_of(ItemRequest, least=1, most=MAX_LINES_PER_ORDER),
    )
    expected_total: Money | None = field(default=None, validator=fields.optional(fields.instance_of(Money)))


@frozen(kw_only=True)
class QuotedLine:
    """One product of a quote; lines of one product are merged."""

    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money


@frozen(kw_only=True)
class QuoteAnswer:
    """The order as it would be."""

    items: tuple[QuotedLine, ...]
    total: Money


@frozen(slots=False)
class PricedLine:
    """One product of an order with its merged quantity; `pointer` is where the request named it first."""

    product: Product
    quantity: int
    pointer: str


def quoted(lookups: Lookups, command: Quote) -> QuoteAnswer:
    """The order as it would be now.

    Raises:
        UnknownProduct, OutOfStock, PriceChanged, CurrencyMismatch: as placing it would.
    """
    ids = lookups.product_ids(item.sku for item in command.items if item.sku is not None)
    products = lookups.products({*ids.values(), *(each.product_id for each in command.items if each.product_id)})
    lines = price(command.items, ids, products)
    for line in lines:
        if line.quantity > line.product.available:
            raise OutOfStock(
                sku=line.product.sku,
                requested=line.quantity,
                available=line.product.available,
                pointer=line.pointer,
            )
    items = tuple(
        QuotedLine(
            product_id=line.product.id,
            sku=line.product.sku,
            name=line.product.name,
            quantity=line.quantity,
            unit_price=line.product.price,
            line_total=line.product.price * line.quantity,
        )
        for line in lines
    )
    total = total_of((each.line_total for each in items), lines[0].product.price.currency)
    refuse_other_total(command.expected_total, total)
    return QuoteAnswer(items=items, total=total)


def price(items: Iterable[ItemRequest], ids: Mapping[str, UUID], products: Mapping[UUID, Product]) -> list[PricedLine]:
    """The lines of an order, those of one product merged, each with the product as it stands.

    Raises:
        UnknownProduct: a product does not exist or is archived.
        CurrencyMismatch: two products have prices in different currencies.
        InvalidRequest: a merged quantity exceeds the stated maximum.
    """
    lines: dict[UUID, PricedLine] = {}
    for index, item in enumerate(items):
        id = item.product_id if item.sku is None else ids.get(item.sku)
        product = None if id is None else products.get(id)
        if product is None or product.is_archived:
            name = "product_id" if item.sku is None else "sku"
            raise UnknownProduct(name=item.sku or str(item.product_id), pointer=f"/items/{index}/{name}")
        earlier = lines.get(product.id)
        if earlier is None:
            lines[product.id] = PricedLine(product, item.quantity, f"/items/{index}/quantity")
        else:
            lines[product.id] = PricedLine(product, earlier.quantity + item.quantity, earlier.pointer)
    priced = list(lines.values())
    currency = priced[0].product.price.currency
    for line in priced:
        if line.product.price.currency != currency:
            raise CurrencyMismatch(expected=currency, actual=line.product.price.currency, pointer=line.pointer)
        if line.quantity > MAX_QUANTITY:
            raise InvalidRequest.of(line.pointer, f"must not exceed {MAX_QUANTITY} pieces in all", "out_of_range")
    return priced


def refuse_other_total(expected: Money | None, total: Money) -> None:
    """Raises PriceChanged (or CurrencyMismatch) where the caller expected another total."""
    if expected is None or expected == total:
        return
    if expected.currency != total.currency:
        raise CurrencyMismatch(expected=total.currency, actual=expected.currency, pointer="/expected_total/currency")
    raise PriceChanged(expected=str(expected), actual=str(total))
