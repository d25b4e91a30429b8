"""Importing: products and orders that exist elsewhere, in batches, safe to stop and run again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from uuid import UUID

from attrs import evolve, field, frozen

from ordercore.application.catalogue import AddProduct, Catalogue, new_products
from ordercore.application.core import Core
from ordercore.application.ordering import Ordering, placement_of
from ordercore.application.placing import PlaceOrder
from ordercore.application.requests import run_one
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.errors import AlreadyExists, InvalidRequest, OrderCoreError, PaymentDeclined
from ordercore.domain.limits import MAX_KEY_LENGTH, MAX_LINES_PER_BATCH, MAX_ORDERS_PER_BATCH
from ordercore.domain.order import Order
from ordercore.domain.product import Product
from ordercore.domain.product_import import ProductImport
from ordercore.ports.commits import Change
from ordercore.ports.store import UnitOfWork


class PaymentMode(StrEnum):
    """`record` books orders as paid elsewhere and asks no provider; `charge` takes the money now."""

    RECORD = "record"
    CHARGE = "charge"


@frozen(kw_only=True, slots=False)
class ImportedOrder:
    """An order from elsewhere: its key becomes the external reference, `placed_at` the order date."""

    key: str = field(validator=fields.text(most=MAX_KEY_LENGTH))
    order: PlaceOrder = field(validator=fields.instance_of(PlaceOrder))
    placed_at: datetime | None = field(default=None, validator=fields.optional(fields.aware))


class ImportVerdict(StrEnum):
    """What became of one line."""

    IMPORTED = "imported"
    KNOWN = "known"
    REFUSED = "refused"


@frozen(kw_only=True)
class ImportOutcome:
    """One line's verdict, with the refusal where it was refused (a declined payment keeps its order cancelled)."""

    verdict: ImportVerdict
    refusal: OrderCoreError | None = None


class ProductImporting:
    """One import of products while it runs: any number of batches, a transaction each, and one summary at its end.

    Products that are low from the start open their alert in silence; the summary, the one event of the import's own
    stream, tells of them all. It is written when the block ends, however it ends, unless nothing was new. Where that
    fails, or the process is killed before, the summary is lost and no product: a batch is on disk when `add` returns.
    """

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor
        self._catalogue = Catalogue(core, actor)
        self._run = ProductImport(id=core.ids.new())

    def add(self, commands: Sequence[AddProduct]) -> Sequence[ImportOutcome]:
        """Add products that are new, at most 500 at once; known skus are left as they are, stock included.

        Raises:
            InvalidRequest: more than 500 commands, or a sku twice.
        """
        answers = self._catalogue.add_products(commands)
        added = [product for product in answers if product is not None]
        self._run = self._run.counted(added, known=len(answers) - len(added))
        return [_found(is_known=product is None) for product in answers]

    def __enter__(self) -> ProductImporting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        ended = self._run.ended(at=self._core.clock.now(), actor_id=self._actor.id)
        if not ended.facts:
            return
        try:
            run_one(self._core, END_PRODUCT_IMPORT, ended)
        except Exception as unwritten:
            if failure is None:
                raise
            failure.add_note(f"The import's summary was not written either: {unwritten}")


class Importing:
    """Imports, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def products(self, commands: Sequence[AddProduct]) -> Sequence[ImportOutcome]:
        """Import at most 500 products as an import of their own; known skus are left as they are, stock included.

        One transaction writes products and summary.

        Raises:
            InvalidRequest: more than 500 commands, or a sku twice.
        """
        authorise(self._actor, Permission.PRODUCTS_MANAGE)
        batch = _WholeImport(
            run=ProductImport(id=self._core.ids.new()),
            products=new_products(self._core, self._actor, commands),
            at=self._core.clock.now(),
            actor_id=self._actor.id,
        )
        known = run_one(self._core, IMPORT_PRODUCTS, batch)
        return [_found(is_known=command.sku in known) for command in commands]

    def product_import(self) -> ProductImporting:
        """An import of any number of products, in batches within its `with` block."""
        authorise(self._actor, Permission.PRODUCTS_MANAGE)
        return ProductImporting(self._core, self._actor)

    def known_products(self, commands: Sequence[AddProduct]) -> Sequence[ImportOutcome]:
        """What importing these would find, as far as skus tell: new or known. Nothing is written."""
        authorise(self._actor, Permission.PRODUCTS_MANAGE)
        with self._core.store.reading() as lookups:
            known = lookups.product_ids(command.sku for command in commands)
        return [_found(is_known=command.sku in known) for command in commands]

    def known_orders(self, orders: Sequence[ImportedOrder]) -> Sequence[ImportOutcome]:
        """What importing these would find, as far as the actor's keys tell: new or known. Nothing is written."""
        authorise(self._actor, Permission.ORDERS_MANAGE)
        with self._core.store.reading() as lookups:
            known = lookups.order_ids(self._actor.id, (each.key for each in orders))
        return [_found(is_known=each.key in known) for each in orders]

    def orders(
        self, orders: Sequence[ImportedOrder], *, payments: PaymentMode = PaymentMode.RECORD, notify: bool = False
    ) -> Sequence[ImportOutcome]:
        """Place orders from elsewhere in one batch (at most 512 orders and 20,000 lines), each with its own verdict.

        Raises:
            InvalidRequest: the batch is too large.
            PermissionMissing: an order names a customer's id and the actor may not read customers.
        """
        authorise(self._actor, Permission.ORDERS_MANAGE)
        lines = sum(len(each.order.items) for each in orders)
        if len(orders) > MAX_ORDERS_PER_BATCH or lines > MAX_LINES_PER_BATCH:
            raise InvalidRequest.of(
                "", f"must be at most {MAX_ORDERS_PER_BATCH} orders and {MAX_LINES_PER_BATCH} lines", "wrong_length"
            )
        placements = [
            placement_of(
                self._core,
                self._actor,
                evolve(each.order, external_reference=each.key),
                placed_at=each.placed_at,
                is_paid_elsewhere=payments is PaymentMode.RECORD,
                is_silent=not notify,
            )
            for each in orders
        ]
        outcomes = Ordering(self._core, self._actor).run(placements)
        return [_verdict(outcome) for outcome in outcomes]


@frozen(kw_only=True)
class _WholeImport:
    """An import of one batch, with all it needs to be repeatable."""

    run: ProductImport
    products: tuple[Product, ...]
    at: datetime
    actor_id: UUID


def _import(work: UnitOfWork, imports: Sequence[_WholeImport]) -> Sequence[frozenset[str]]:
    return [_imported(work, each) for each in imports]


def _imported(work: UnitOfWork, whole: _WholeImport) -> frozenset[str]:
    """The skus that were known."""
    known = frozenset(work.products.claim_skus(whole.products))
    added = [product for product in whole.products if product.sku not in known]
    ended = whole.run.counted(added, known=len(known)).ended(at=whole.at, actor_id=whole.actor_id)
    if ended.facts:
        work.imports.save(ended)
    return known


def _end(work: UnitOfWork, ended: Sequence[ProductImport]) -> Sequence[None]:
    work.imports.save(*ended)
    return [None] * len(ended)


IMPORT_PRODUCTS: Change[_WholeImport, frozenset[str]] = Change("import_products", _import, largest_group=1)
END_PRODUCT_IMPORT: Change[ProductImport, None] = Change("end_product_import", _end)


def _found(*, is_known: bool) -> ImportOutcome:
    return ImportOutcome(verdict=ImportVerdict.KNOWN if is_known else ImportVerdict.IMPORTED)


def _verdict(outcome: Order | OrderCoreError) -> ImportOutcome:
    if isinstance(outcome, AlreadyExists):
        return ImportOutcome(verdict=ImportVerdict.KNOWN)
    if isinstance(outcome, PaymentDeclined):
        return ImportOutcome(verdict=ImportVerdict.IMPORTED, refusal=outcome)
    if isinstance(outcome, OrderCoreError):
        return ImportOutcome(verdict=ImportVerdict.REFUSED, refusal=outcome)
    return ImportOutcome(verdict=ImportVerdict.IMPORTED)
