"""The only place for work items: what a person must look at, until they say what came of it.

Opened in the transaction that found the reason, so that none is ever lost. Ids and amounts only, never personal data.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from attrs import frozen

from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.evolving import evolve
from ordercore.domain.lifecycles import WORK_ITEM, WorkItemAction, WorkItemStatus, advance
from ordercore.domain.money import Money


class WorkItemKind(StrEnum):
    """What has to be looked at."""

    PAYMENT_DISCREPANCY = "payment_discrepancy"
    PAYMENT_UNANSWERED = "payment_unanswered"
    PAYMENT_CAME_LATE = "payment_came_late"
    MONEY_NOT_RETURNED = "money_not_returned"


@frozen(kw_only=True, slots=False)
class WorkItemOpened(Event):
    """Somebody must look at this. A discrepancy's amount is signed: above zero where the provider has more than we
    know of.
    """

    type: ClassVar[str] = "work_item.opened.v1"

    kind: WorkItemKind
    order_id: UUID
    payment_id: UUID
    attempt_id: UUID
    amount_minor: int
    currency: str


@frozen(kw_only=True, slots=False)
class WorkItemSettled(Event):
    """Somebody looked and settled it; how is the event's note."""

    type: ClassVar[str] = "work_item.settled.v1"

    order_id: UUID


@frozen(kw_only=True, slots=False)
class WorkItem(Aggregate):
    """One thing for a person to settle, about one attempt of one order's payment."""

    stream: ClassVar[str] = "work_item"

    kind: WorkItemKind
    order_id: UUID
    payment_id: UUID
    attempt_id: UUID
    amount: Money
    status: WorkItemStatus
    opened_at: datetime
    settled_at: datetime | None = None
    settled_by: UUID | None = None
    resolution: str | None = None

    @classmethod
    def open(
        cls,
        *,
        id: UUID,
        kind: WorkItemKind,
        order_id: UUID,
        payment_id: UUID,
        attempt_id: UUID,
        amount: Money,
        at: datetime,
        actor_id: UUID,
    ) -> WorkItem:
        """A new work item, with its first fact."""
        fact = WorkItemOpened(
            occurred_at=at,
            actor_id=actor_id,
            kind=kind,
            order_id=order_id,
            payment_id=payment_id,
            attempt_id=attempt_id,
            amount_minor=amount.amount_minor,
            currency=amount.currency,
        )
        return cls(
            id=id,
            kind=kind,
            order_id=order_id,
            payment_id=payment_id,
            attempt_id=attempt_id,
            amount=amount,
            status=WorkItemStatus.OPEN,
            opened_at=at,
            facts=(fact,),
        )

    def settle(self, resolution: str, *, at: datetime, actor_id: UUID) -> WorkItem:
        """The work item done, with what came of it.

        Raises:
            TransitionRefused: it is settled already.
        """
        status = advance(WORK_ITEM, self.status, WorkItemAction.SETTLE, kind="work item")
        fact = WorkItemSettled(occurred_at=at, actor_id=actor_id, note=resolution, order_id=self.order_id)
        return evolve(
            self,
            status=status,
            settled_at=at,
            settled_by=actor_id,
            resolution=resolution,
            version=self.version + 1,
            facts=(*self.facts, fact),
        )
