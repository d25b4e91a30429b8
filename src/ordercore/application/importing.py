"""Importing: products and orders that exist elsewhere, in batches, safe to stop and run again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from attrs import evolve, field, frozen

from ordercore.application.catalogue import AddProduct, Catalogue
from ordercore.application.core import Core
from ordercore.application.ordering import Ordering, placement_of
from ordercore.application.placing import PlaceOrder
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.errors import AlreadyExists, InvalidRequest, OrderCoreError, PaymentDeclined
from ordercore.domain.limits import MAX_KEY_LENGTH, MAX_LINES_PER_BATCH, MAX_ORDERS_PER_BATCH
from ordercore.domain.order import Order


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


class Importing:
    """Imports, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def products(self, commands: Sequence[AddProduct]) -> Sequence[ImportOutcome]:
        """Add products that are new, at most 500 at once; known skus are left as they are, stock included."""
        added = Catalogue(self._core, self._actor).add_products(commands)
        return [
            ImportOutcome(verdict=ImportVerdict.KNOWN if product is None else ImportVerdict.IMPORTED)
            for product in added
        ]

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
        core = self._core if notify else evolve(self._core, notifier=None)
        placements = [
            placement_of(
                core,
                self._actor,
                evolve(each.order, external_reference=each.key),
                placed_at=each.placed_at,
                is_paid_elsewhere=payments is PaymentMode.RECORD,
            )
            for each in orders
        ]
        outcomes = Ordering(core, self._actor).run(placements)
        return [_verdict(outcome) for outcome in outcomes]


def _verdict(outcome: Order | OrderCoreError) -> ImportOutcome:
    if isinstance(outcome, AlreadyExists):
        return ImportOutcome(verdict=ImportVerdict.KNOWN)
    if isinstance(outcome, PaymentDeclined):
        return ImportOutcome(verdict=ImportVerdict.IMPORTED, refusal=outcome)
    if isinstance(outcome, OrderCoreError):
        return ImportOutcome(verdict=ImportVerdict.REFUSED, refusal=outcome)
    return ImportOutcome(verdict=ImportVerdict.IMPORTED)
