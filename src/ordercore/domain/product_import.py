"""The only place for an import of products as one thing, however many transactions it spans: its one summary."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from attrs import frozen

from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.evolving import evolve
from ordercore.domain.product import Product

NAMED_SKUS = 20
"""So many of the low products are named in the summary; all of them are listed by asking for what is low."""


@frozen(kw_only=True, slots=False)
class ProductsImported(Event):
    """An import ended: products new and known, and how many of the new ones were low from the start.

    Those opened in silence; this one event stands for all of them.
    """

    type: ClassVar[str] = "import.products_imported.v1"

    imported: int
    known: int
    low: int
    low_skus: tuple[str, ...]


@frozen(kw_only=True, slots=False)
class ProductImport(Aggregate):
    """What an import of products has done so far. Only its summary is kept: it has no row, only a stream."""

    stream: ClassVar[str] = "import"

    imported: int = 0
    known: int = 0
    low: int = 0
    low_skus: tuple[str, ...] = ()

    def counted(self, added: Iterable[Product], *, known: int) -> ProductImport:
        """The import after another batch: what it added, and how many it knew."""
        products = tuple(added)
        low = tuple(product.sku for product in products if product.is_low)
        return evolve(
            self,
            imported=self.imported + len(products),
            known=self.known + known,
            low=self.low + len(low),
            low_skus=(*self.low_skus, *low)[:NAMED_SKUS],
        )

    def ended(self, *, at: datetime, actor_id: UUID) -> ProductImport:
        """The import with its summary; one that changed nothing has nothing to tell."""
        if not self.imported:
            return self
        summary = ProductsImported(
            occurred_at=at,
            actor_id=actor_id,
            imported=self.imported,
            known=self.known,
            low=self.low,
            low_skus=self.low_skus,
        )
        return evolve(self, facts=(summary,))
