"""The worker: every task that runs without being asked, each under its lease, and what it is at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import frozen

from ordercore.application.core import Core
from ordercore.application.housekeeping import LARGEST_BATCH, Housekeeping, RoundReport
from ordercore.application.leasing import leased
from ordercore.application.relay import RELAY, Relay, RelayReport
from ordercore.application.requests import run_one
from ordercore.application.sequencing import SEQUENCER
from ordercore.domain.actor import SYSTEM, Actor, Permission, authorise
from ordercore.domain.errors import OrderCoreError
from ordercore.ports.commits import Change
from ordercore.ports.outbox import Backlog, Lease
from ordercore.ports.store import UnitOfWork

HOUSEKEEPING = "housekeeping"
HOUSEKEEPING_LASTS = timedelta(seconds=15)
"""A round that takes longer may be joined by another worker's, which is safe; a killed one is soon followed by one."""

TASKS = (HOUSEKEEPING, RELAY, SEQUENCER)


@frozen(kw_only=True)
class WorkerStatus:
    """Every task with its lease, and what waits to be told."""

    tasks: tuple[Lease, ...]
    backlog: Backlog


class Worker:
    """Everything a worker process does, for the system. Keep one for as long as it runs, and close it."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor
        self.relay = Relay(core, actor)

    def run_round(self) -> tuple[RoundReport | None, RelayReport]:
        """One round of everything, to its end: what an embedding program calls now and then instead of a worker."""
        return self.keep_house(), self.relay.run_round()

    def keep_house(self) -> RoundReport | None:
        """One round of housekeeping; None where another worker is at it."""
        authorise(self._actor, Permission.ALL)
        return leased(self._core, HOUSEKEEPING, lambda _: self._keep_house(), lasting=HOUSEKEEPING_LASTS)

    def close(self) -> None:
        """Let what has begun come to its end."""
        self.relay.close()

    def _keep_house(self) -> RoundReport:
        run_one(self._core, PRUNE_LOG, self._core.settings.log_retention)
        return Housekeeping(self._core, SYSTEM).run_round()


def status_of(core: Core) -> WorkerStatus:
    """Who does which task, when it was done last, and what waits."""
    with core.store.reading() as lookups:
        known = {lease.name: lease for lease in lookups.leases()}
        backlog = lookups.backlog()
    never = {name: Lease(name=name, holder=None, until=None, ran_at=None) for name in TASKS}
    tasks = {**never, **known}
    return WorkerStatus(tasks=tuple(tasks[name] for name in sorted(tasks)), backlog=backlog)


def _prune_log(work: UnitOfWork, retentions: Sequence[timedelta]) -> Sequence[int | OrderCoreError]:
    return [work.outbox.prune_log(work.now - retention, LARGEST_BATCH) for retention in retentions]


PRUNE_LOG: Change[timedelta, int] = Change("prune_log", _prune_log, largest_group=1)
