"""The only place for how changes become transactions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from attrs import frozen

from ordercore.domain.errors import OrderCoreError
from ordercore.domain.limits import MAX_LINES_PER_BATCH
from ordercore.ports.store import UnitOfWork

C = TypeVar("C")
R = TypeVar("R")


@frozen(eq=False)
class Change(Generic[C, R]):
    """One kind of transaction: a body that may run for many commands at once, and again after a rollback.

    The body returns one outcome a command, in their order. It must be repeatable: ids and times are in its commands,
    it touches nothing but its unit of work. At most `largest_group` commands of different callers share a transaction,
    and they weigh at most `heaviest_group` together.
    """

    name: str
    body: Callable[[UnitOfWork, Sequence[C]], Sequence[R | OrderCoreError]]
    largest_group: int = 256
    weigh: Callable[[C], int] = lambda _: 1
    heaviest_group: int = MAX_LINES_PER_BATCH


class Commits(Protocol):
    """Runs changes, each command exactly once, several callers' commands in one transaction where it can."""

    def run(self, change: Change[C, R], commands: Sequence[C]) -> Sequence[R | OrderCoreError]:
        """One outcome a command, in their order, returned after their transaction is on disk.

        An unexpected error rolls back and runs each command alone; what fails alone fails only its caller.

        Raises:
            Overloaded: too much is waiting.
            OutcomeUnknown: the connection was lost during the commit.
            StoreUnavailable: the database cannot be reached; nothing was changed.
        """
