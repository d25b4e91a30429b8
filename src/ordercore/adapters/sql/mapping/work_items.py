"""The only place where work items become rows and rows work items."""

from __future__ import annotations

from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.lifecycles import WorkItemStatus
from ordercore.domain.money import Money
from ordercore.domain.work_item import WorkItem, WorkItemKind

_KIND = {each.value: each for each in WorkItemKind}
_STATUS = {each.value: each for each in WorkItemStatus}


def work_item_row(wire: Wire, item: WorkItem) -> Row:
    """A work item for its table."""
    return (
        wire.id(item.id),
        item.kind._value_,
        wire.id(item.order_id),
        wire.id(item.payment_id),
        wire.id(item.attempt_id),
        item.amount.amount_minor,
        item.amount.currency,
        item.status._value_,
        wire.moment(item.opened_at),
        None if item.settled_at is None else wire.moment(item.settled_at),
        None if item.settled_by is None else wire.id(item.settled_by),
        item.resolution,
        item.version,
        item.event_count + len(item.facts),
    )


def work_item_of(wire: Wire, row: Row) -> WorkItem:
    """A work item from its row."""
    (
        id,
        kind,
        order_id,
        payment_id,
        attempt_id,
        amount_minor,
        currency,
        status,
        opened_at,
        settled_at,
        settled_by,
        resolution,
        version,
        event_count,
    ) = row
    return WorkItem(
        id=wire.to_id(id),
        kind=_KIND[kind],
        order_id=wire.to_id(order_id),
        payment_id=wire.to_id(payment_id),
        attempt_id=wire.to_id(attempt_id),
        amount=Money(amount_minor, currency),
        status=_STATUS[status],
        opened_at=wire.to_moment(opened_at),
        settled_at=None if settled_at is None else wire.to_moment(settled_at),
        settled_by=None if settled_by is None else wire.to_id(settled_by),
        resolution=resolution,
        version=version,
        event_count=event_count,
    )
