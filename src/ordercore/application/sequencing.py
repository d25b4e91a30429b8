"""The only place that gives committed events their positions: one leased holder, in bounded batches."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ordercore.application.core import Core
from ordercore.application.leasing import leased
from ordercore.application.requests import run_one
from ordercore.domain.errors import OrderCoreError
from ordercore.ports.commits import Change
from ordercore.ports.store import UnitOfWork

SEQUENCER = "sequencer"
BATCH = 500
MOST_BATCHES = 100
"""So many batches a round, well within the lease; what is left waits for the next round."""


def sequence(core: Core) -> int:
    """Give every committed event its position; how many got one. Without any, nothing is written.

    A position is given after the commit, and by one transaction at a time: whoever reads by position never skips a
    transaction that commits late.
    """
    with core.store.reading() as lookups:
        if not lookups.has_unpositioned():
            return 0
    return leased(core, SEQUENCER, lambda token: _in_batches(core, token)) or 0


def _in_batches(core: Core, token: UUID) -> int:
    given = 0
    for _ in range(MOST_BATCHES):
        latest = run_one(core, GIVE_POSITIONS, token)
        given += latest
        if latest < BATCH:
            break
    return given


def _give_positions(work: UnitOfWork, tokens: Sequence[UUID]) -> Sequence[int | OrderCoreError]:
    (token,) = tokens
    if not work.leases.holds(SEQUENCER, token):
        return [0]
    keys = work.outbox.unpositioned(BATCH)
    work.outbox.give_positions(keys)
    return [len(keys)]


GIVE_POSITIONS: Change[UUID, int] = Change("give_positions", _give_positions, largest_group=1)
