"""The only place for what is sold and how much of it there is: products, stock levels, movements."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from attrs import field, frozen

from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.errors import InvalidRequest, OutOfStock, TransitionRefused
from ordercore.domain.evolving import evolve
from ordercore.domain.limits import MAX_ON_HAND
from ordercore.domain.money import Money

DEFAULT_LOCATION = UUID(int=1)
"""The one location that a new store has."""


class MovementKind(StrEnum):
    """Why on_hand changed."""

    INITIAL = "initial"
    RECEIVED = "received"
    ADJUSTED = "adjusted"
    SHIPPED = "shipped"


@frozen(kw_only=True, slots=False)
class Movement:
    """One change of on_hand, in pieces; on_hand is always the sum of its movements."""

    product_id: UUID
    location_id: UUID
    quantity: int
    kind: MovementKind
    at: datetime
    actor_id: UUID
    reason: str | None = None
    reference: UUID | None = None


@frozen(kw_only=True)
class StockLevel:
    """Pieces of one product at one location: `0 <= reserved <= on_hand`."""

    location_id: UUID
    on_hand: int
    reserved: int

    @property
    def available(self) -> int:
        """What can still be ordered."""
        return self.on_hand - self.reserved


@frozen(kw_only=True, slots=False)
class ProductAdded(Event):
    """A product can be ordered from now on."""

    type: ClassVar[str] = "product.added.v1"

    sku: str
    price_minor: int
    currency: str
    on_hand: int


@frozen(kw_only=True, slots=False)
class ProductEdited(Event):
    """Details, price or threshold changed."""

    type: ClassVar[str] = "product.edited.v1"

    changed: tuple[str, ...]
    price_minor: int
    currency: str


@frozen(kw_only=True, slots=False)
class ProductArchived(Event):
    """Nobody can order the product any more; old orders keep it."""

    type: ClassVar[str] = "product.archived.v1"


@frozen(kw_only=True, slots=False)
class StockMoved(Event):
    """on_hand changed: received, adjusted or shipped."""

    type: ClassVar[str] = "product.stock_moved.v1"

    location_id: UUID
    quantity: int
    kind: MovementKind
    on_hand: int


@frozen(kw_only=True, slots=False)
class LowStockOpened(Event):
    """Available fell to the threshold."""

    type: ClassVar[str] = "product.low_stock_opened.v1"

    available: int
    threshold: int


@frozen(kw_only=True, slots=False)
class LowStockClosed(Event):
    """Available is above the threshold again."""

    type: ClassVar[str] = "product.low_stock_closed.v1"

    available: int


@frozen(kw_only=True, slots=False)
class Product(Aggregate):
    """What is sold. Its stock is kept per location; entries show `available` as quantity_in_stock.

    `movements` are those of transitions not yet saved, like `facts`.
    """

    stream: ClassVar[str] = "product"

    sku: str
    name: str
    description: str = ""
    price: Money
    category: str | None = None
    weight_grams: int | None = None
    low_stock_threshold: int | None = None
    is_low: bool = False
    is_archived: bool = False
    added_at: datetime
    levels: tuple[StockLevel, ...]
    movements: tuple[Movement, ...] = field(default=(), eq=False, repr=False)

    @property
    def available(self) -> int:
        """What can still be ordered, at all locations; entries call it quantity_in_stock."""
        levels = self.levels
        if len(levels) == 1:
            return levels[0].on_hand - levels[0].reserved
        return sum(level.available for level in levels)

    @property
    def on_hand(self) -> int:
        """What is in the house, at all locations."""
        return sum(level.on_hand for level in self.levels)

    @property
    def reserved(self) -> int:
        """What open orders have reserved, at all locations."""
        return sum(level.reserved for level in self.levels)

    def written(self) -> Product:
        """The product once its facts and movements are stored."""
        return evolve(super().written(), movements=())

    @classmethod
    def add(
        cls,
        *,
        id: UUID,
        sku: str,
        name: str,
        description: str,
        price: Money,
        category: str | None,
        weight_grams: int | None,
        low_stock_threshold: int | None,
        quantity: int,
        at: datetime,
        actor_id: UUID,
    ) -> Product:
        """A new product with its first stock; low from the start is low in silence."""
        fact = ProductAdded(
            occurred_at=at,
            actor_id=actor_id,
            sku=sku,
            price_minor=price.amount_minor,
            currency=price.currency,
            on_hand=quantity,
        )
        first = Movement(
            product_id=id,
            location_id=DEFAULT_LOCATION,
            quantity=quantity,
            kind=MovementKind.INITIAL,
            at=at,
            actor_id=actor_id,
        )
        return cls(
            id=id,
            sku=sku,
            name=name,
            description=description,
            price=price,
            category=category,
            weight_grams=weight_grams,
            low_stock_threshold=low_stock_threshold,
            is_low=_is_low(quantity, low_stock_threshold),
            added_at=at,
            levels=(StockLevel(location_id=DEFAULT_LOCATION, on_hand=quantity, reserved=0),),
            facts=(fact,),
            movements=(first,) if quantity else (),
        )

    def edit(
        self,
        *,
        name: str,
        description: str,
        price: Money,
        category: str | None,
        weight_grams: int | None,
        low_stock_threshold: int | None,
        at: datetime,
        actor_id: UUID,
    ) -> Product:
        """The product with other details; a threshold that makes it low does so in silence.

        Raises:
            TransitionRefused: it is archived.
        """
        self._refuse_archived("be edited")
        after = {
            "name": name,
            "description": description,
            "price": price,
            "category": category,
            "weight_grams": weight_grams,
            "low_stock_threshold": low_stock_threshold,
        }
        changed = tuple(key for key, value in after.items() if getattr(self, key) != value)
        if not changed:
            return self
        fact = ProductEdited(
            occurred_at=at,
            actor_id=actor_id,
            changed=changed,
            price_minor=price.amount_minor,
            currency=price.currency,
        )
        return evolve(
            self,
            name=name,
            description=description,
            price=price,
            category=category,
            weight_grams=weight_grams,
            low_stock_threshold=low_stock_threshold,
            is_low=_is_low(self.available, low_stock_threshold),
            version=self.version + 1,
            facts=(*self.facts, fact),
        )

    def archive(self, *, at: datetime, actor_id: UUID) -> Product:
        """The product, gone from the catalogue; its open orders are still fulfilled, its alert ends.

        Raises:
            TransitionRefused: it is archived already.
        """
        self._refuse_archived("be archived")
        fact = ProductArchived(occurred_at=at, actor_id=actor_id)
        return evolve(self, is_archived=True, is_low=False, version=self.version + 1, facts=(*self.facts, fact))

    def reserve(self, quantity: int, *, at: datetime, actor_id: UUID, pointer: str = "") -> Product:
        """Pieces taken out of what is available; the order tells of them, and low stock of itself.

        Raises:
            OutOfStock: fewer are available.
        """
        if quantity > self.available:
            raise OutOfStock(sku=self.sku, requested=quantity, available=self.available, pointer=pointer)
        return self._leveled(reserved=quantity, on_hand=0, at=at, actor_id=actor_id)

    def release(self, quantity: int, *, at: datetime, actor_id: UUID) -> Product:
        """Reserved pieces given back."""
        return self._leveled(reserved=-quantity, on_hand=0, at=at, actor_id=actor_id)

    def consume(self, quantity: int, *, at: datetime, actor_id: UUID, shipment_id: UUID) -> Product:
        """Reserved pieces that left the house in a parcel."""
        return self._moved(
            -quantity, MovementKind.SHIPPED, reserved=-quantity, at=at, actor_id=actor_id, reference=shipment_id
        )

    def receive(self, quantity: int, *, at: datetime, actor_id: UUID, reason: str | None = None) -> Product:
        """Pieces that came into the house."""
        return self._moved(quantity, MovementKind.RECEIVED, at=at, actor_id=actor_id, reason=reason)

    def adjust(self, change: int, *, at: datetime, actor_id: UUID, reason: str | None = None) -> Product:
        """Pieces found or lost when counting. The caller has made sure that reserved ones stay (see `can_lose`)."""
        return self._moved(change, MovementKind.ADJUSTED, at=at, actor_id=actor_id, reason=reason)

    def can_lose(self, quantity: int) -> bool:
        """Whether that many pieces may go without touching reserved ones."""
        return quantity <= self.available

    def _moved(
        self,
        quantity: int,
        kind: MovementKind,
        *,
        at: datetime,
        actor_id: UUID,
        reserved: int = 0,
        reason: str | None = None,
        reference: UUID | None = None,
    ) -> Product:
        if self.on_hand + quantity > MAX_ON_HAND:
            name = "change" if kind is MovementKind.ADJUSTED else "quantity"
            raise InvalidRequest.of(f"/{name}", f"must leave at most {MAX_ON_HAND} pieces on hand", "out_of_range")
        movement = Movement(
            product_id=self.id,
            location_id=DEFAULT_LOCATION,
            quantity=quantity,
            kind=kind,
            at=at,
            actor_id=actor_id,
            reason=reason,
            reference=reference,
        )
        fact = StockMoved(
            occurred_at=at,
            actor_id=actor_id,
            location_id=DEFAULT_LOCATION,
            quantity=quantity,
            kind=kind,
            on_hand=self.on_hand + quantity,
        )
        noted = evolve(self, movements=(*self.movements, movement), facts=(*self.facts, fact))
        return noted._leveled(reserved=reserved, on_hand=quantity, at=at, actor_id=actor_id)

    def _leveled(self, *, reserved: int, on_hand: int, at: datetime, actor_id: UUID) -> Product:
        """Other numbers at the default location, and the alert that follows from them."""
        level = self.levels[0]
        levels = (
            StockLevel(
                location_id=level.location_id,
                on_hand=level.on_hand + on_hand,
                reserved=level.reserved + reserved,
            ),
            *self.levels[1:],
        )
        available = self.available + on_hand - reserved
        is_low = not self.is_archived and _is_low(available, self.low_stock_threshold)
        if is_low == self.is_low:
            return evolve(self, levels=levels)
        fact: Event = LowStockClosed(occurred_at=at, actor_id=actor_id, available=available)
        if is_low:
            threshold = self.low_stock_threshold or 0
            fact = LowStockOpened(occurred_at=at, actor_id=actor_id, available=available, threshold=threshold)
        return evolve(self, levels=levels, is_low=is_low, facts=(*self.facts, fact))

    def _refuse_archived(self, action: str) -> None:
        if self.is_archived:
            raise TransitionRefused(kind="product", status="archived", action=action)


def _is_low(available: int, threshold: int | None) -> bool:
    return threshold is not None and available <= threshold
