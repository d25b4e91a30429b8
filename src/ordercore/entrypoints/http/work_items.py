"""Work items over HTTP: list what a person must look at, look at it, settle it."""

from __future__ import annotations

from attrs import evolve
from flask import Response

from ordercore import SettleWorkItem, WorkItemFilter
from ordercore.domain.errors import KeyReused, TransitionRefused, UnknownResource, VersionIsStale
from ordercore.domain.work_item import WorkItem
from ordercore.entrypoints.http import rendering, shapes
from ordercore.entrypoints.http.answers import answer, listed, resource_id
from ordercore.entrypoints.http.operations import Asked, Capability, Key

work_items = Capability("work items")


@work_items.operation("GET", "/work-items", which=WorkItemFilter, answer=shapes.WorkItemShape, listed=True)
def list_work_items(asked: Asked[None]) -> Response:
    """What people must look at, oldest first; `status=open` lists what nobody has settled."""
    return listed(asked.shop.work_items.list(asked.which, asked.page), rendering.work_item)


@work_items.operation("GET", "/work-items/<item>", answer=shapes.WorkItemShape, refusals=(UnknownResource,))
def get_work_item(asked: Asked[None], item: str) -> Response:
    """One work item."""
    return _answered(asked.shop.work_items.get(resource_id(item, "work item")))


@work_items.operation(
    "POST",
    "/work-items/<item>/settle",
    body=SettleWorkItem,
    named=("work_item_id",),
    answer=shapes.WorkItemShape,
    key=Key.REQUIRED,
    refusals=(UnknownResource, TransitionRefused, VersionIsStale, KeyReused),
)
def settle_work_item(asked: Asked[SettleWorkItem], item: str) -> Response:
    """Say what came of it. A discrepancy is booked out; where money has to move, move it at the provider."""
    shop = asked.shop
    command = evolve(asked.command, work_item_id=resource_id(item, "work item"))
    return _answered(shop.work_items.settle(command, idempotency_key=asked.key))


def _answered(item: WorkItem) -> Response:
    return answer(rendering.work_item(item), version=item.version, replayed=item.replayed)
