"""The only place that runs a task of the worker under its lease: one process at a time, known to everybody."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import TypeVar
from uuid import UUID

from attrs import frozen

from ordercore.application.core import Core
from ordercore.application.requests import run_one
from ordercore.domain.errors import OrderCoreError
from ordercore.ports.commits import Change
from ordercore.ports.store import UnitOfWork

T = TypeVar("T")

LASTING = timedelta(seconds=60)
"""Longer than any part of a task that renews it; so long a killed process keeps others from its task."""


@frozen(kw_only=True)
class LeaseRequest:
    """A lease to take or to give back."""

    name: str
    holder: str
    token: UUID
    lasting: timedelta = LASTING


@cache
def this_process() -> str:
    """Who we are in `worker status`: machine and process."""
    return f"{socket.gethostname()}/{os.getpid()}"


def leased(core: Core, name: str, task: Callable[[UUID], T], *, lasting: timedelta = LASTING) -> T | None:
    """Run the task where its lease is free, and answer what it answered; None where somebody else does it.

    The task is handed the lease's token, to check or renew it. The lease says who, it does not make sure of it: what
    must not happen twice looks at the token inside its own transaction.
    """
    request = LeaseRequest(name=name, holder=this_process(), token=core.ids.new(), lasting=lasting)
    if not run_one(core, TAKE, request):
        return None
    try:
        return task(request.token)
    finally:
        run_one(core, GIVE_BACK, request)


def _take(work: UnitOfWork, requests: Sequence[LeaseRequest]) -> Sequence[bool | OrderCoreError]:
    return [
        work.leases.take(each.name, holder=each.holder, token=each.token, lasting=each.lasting) for each in requests
    ]


def _give_back(work: UnitOfWork, requests: Sequence[LeaseRequest]) -> Sequence[OrderCoreError | None]:
    for each in requests:
        work.leases.give_back(each.name, each.token)
    return [None] * len(requests)


TAKE: Change[LeaseRequest, bool] = Change("take_lease", _take, largest_group=1)
GIVE_BACK: Change[LeaseRequest, None] = Change("give_back_lease", _give_back, largest_group=1)
