"""Work items: open what a person must look at, list it, settle it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from attrs import field, frozen

from ordercore.application.core import Core
from ordercore.application.requests import (
    Intent,
    existing,
    expected_version,
    explained,
    named,
    perform,
    refuse_stale,
    simple,
)
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.lifecycles import WorkItemStatus
from ordercore.domain.limits import MAX_NAME_LENGTH
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.domain.order_events import PaymentCameLate, PaymentDiscrepancyFound, PaymentEvent
from ordercore.domain.work_item import WorkItem, WorkItemKind
from ordercore.ports.queries import Page, PageRequest, WorkItemFilter
from ordercore.ports.store import UnitOfWork


@frozen(kw_only=True, slots=False)
class SettleWorkItem:
    """Somebody looked at it; the reason says what came of it."""

    work_item_id: UUID
    reason: str = field(validator=fields.text(most=MAX_NAME_LENGTH))
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class _Settling:
    command: SettleWorkItem
    order_id: UUID


class WorkItems:
    """What a person must look at, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def list(self, which: WorkItemFilter = WorkItemFilter(), page: PageRequest = PageRequest()) -> Page[WorkItem]:  # noqa: B008 - frozen
        """Work items, oldest first."""
        authorise(self._actor, Permission.PAYMENTS_READ)
        with self._core.store.listing() as queries:
            return queries.work_item_page(which, page)

    def get(self, work_item_id: UUID) -> WorkItem:
        """One work item.

        Raises:
            UnknownResource: there is none with that id.
        """
        authorise(self._actor, Permission.PAYMENTS_READ)
        return existing(self._core, work_item_id, "work item", lambda lookups: lookups.work_items)

    def settle(self, command: SettleWorkItem, *, idempotency_key: str | None = None) -> WorkItem:
        """Say what came of a work item. A discrepancy is booked out: the money itself was moved elsewhere, or stays.

        Raises:
            UnknownResource, VersionIsStale, TransitionRefused (settled already): refused.
        """
        authorise(self._actor, Permission.PAYMENTS_MANAGE)
        item = existing(self._core, command.work_item_id, "work item", lambda lookups: lookups.work_items)
        return perform(
            self._core,
            self._actor,
            SETTLE_WORK_ITEM,
            _Settling(command=command, order_id=item.order_id),
            resource_id=item.id,
            key=idempotency_key,
            again=lambda lookups: lookups.work_items,
        )


def unanswered_item(order: Order, *, at: datetime, actor_id: UUID) -> WorkItem:
    """The work item for an attempt without an answer: it has the attempt's id, so that there is one at most."""
    attempt = order.payment.attempts[-1]
    return WorkItem.open(
        id=attempt.id,
        kind=WorkItemKind.PAYMENT_UNANSWERED,
        order_id=order.id,
        payment_id=order.payment.id,
        attempt_id=attempt.id,
        amount=attempt.amount,
        at=at,
        actor_id=actor_id,
    )


def settle_answered(work: UnitOfWork, answered: Mapping[UUID, str], *, at: datetime, actor_id: UUID) -> None:
    """Hold phase, after the orders and products: close the alerts of attempts that have their answer now."""
    items = work.work_items.hold(answered)
    still_open = [item for item in items.values() if item.status is WorkItemStatus.OPEN]
    work.work_items.save(*(item.settle(answered[item.id], at=at, actor_id=actor_id) for item in still_open))


def open_work_items(work: UnitOfWork, orders: Iterable[Order]) -> None:
    """Write phase: a work item for every discrepancy and late payment that these orders' new facts tell of."""
    found = [
        WorkItem.open(
            id=fact.work_item_id,
            kind=_KINDS[type(fact)],
            order_id=order.id,
            payment_id=fact.payment_id,
            attempt_id=fact.attempt_id,
            amount=Money(fact.amount_minor, order.total.currency),
            at=fact.occurred_at,
            actor_id=fact.actor_id,
        )
        for order in orders
        for fact in order.facts
        if isinstance(fact, (PaymentDiscrepancyFound, PaymentCameLate))
    ]
    if found:
        work.work_items.save(*found)


def _settle(work: UnitOfWork, intent: Intent[_Settling]) -> WorkItem:
    command, order_id = intent.command.command, intent.command.order_id
    order = named(work.orders.hold((order_id,)), order_id, "order")
    item = named(work.work_items.hold((command.work_item_id,)), command.work_item_id, "work item")
    refuse_stale(item, command.expected_version, "work item")
    settled = item.settle(command.reason, at=intent.at, actor_id=intent.actor_id)
    if item.kind is WorkItemKind.PAYMENT_DISCREPANCY:
        booked = order.settle_discrepancy(
            item.id, item.attempt_id, item.amount, entry_id=intent.ids[1], at=intent.at, actor_id=intent.actor_id
        )
        work.orders.save(explained(booked, command.reason))
    work.work_items.save(settled)
    return settled


_KINDS: Mapping[type[PaymentEvent], WorkItemKind] = {
    PaymentDiscrepancyFound: WorkItemKind.PAYMENT_DISCREPANCY,
    PaymentCameLate: WorkItemKind.PAYMENT_CAME_LATE,
}
SETTLE_WORK_ITEM = simple("settle_work_item", _settle)
