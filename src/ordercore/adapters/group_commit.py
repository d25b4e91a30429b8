"""The only place that turns many callers' changes into few transactions: leader and followers, no thread of its own.

A caller that finds nobody leading leads: it takes everything queued of its kind of change into one transaction, and
answers everybody in it. Who comes meanwhile queues, and one of them leads next. Where the store takes several writers
side by side, so many callers may lead at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ordercore.domain.errors import OrderCoreError, OutcomeUnknown, Overloaded, Unavailable
from ordercore.ports.commits import Change
from ordercore.ports.store import Store

C = TypeVar("C")
R = TypeVar("R")

LONGEST_QUEUE = 10_000
"""Commands that may wait before callers are told to come back."""

MOST_TRIES = 3


class _Call:
    """One caller's commands, and where their outcomes come. `leads` says that the caller commits for everybody now."""

    __slots__ = ("change", "commands", "done", "failure", "leads", "outcomes", "weight")

    def __init__(self, change: Change[Any, Any], commands: Sequence[Any]) -> None:
        self.change = change
        self.commands = commands
        self.weight = sum(map(change.weigh, commands))
        self.outcomes: Sequence[Any] | None = None
        self.failure: BaseException | None = None
        self.leads = False
        self.done = threading.Lock()
        self.done.acquire()

    @property
    def is_answered(self) -> bool:
        """Whether there is something to tell the caller."""
        return self.outcomes is not None or self.failure is not None


class GroupCommit:
    """Commits over any store. `is_transient` names failures after which the same transaction is tried again; at most
    `at_once` transactions run side by side.
    """

    def __init__(
        self, store: Store, is_transient: Callable[[BaseException], bool] = lambda _: False, *, at_once: int = 1
    ) -> None:
        self._store = store
        self._is_transient = is_transient
        self._at_once = at_once
        self._lock = threading.Lock()
        self._queue: deque[_Call] = deque()
        self._waiting = 0
        self._leading = 0
        self.retries = 0

    def run(self, change: Change[C, R], commands: Sequence[C]) -> Sequence[R | OrderCoreError]:
        """One outcome a command, after their transaction is on disk. See the port."""
        if not commands:
            return []
        call = _Call(change, commands)
        try:
            self._enter(call)
            if not call.leads:
                call.done.acquire()
            if not call.is_answered:
                self._answer(call)
        finally:
            if call.leads or not call.is_answered:
                self._leave(call)
        if call.failure is not None:
            raise call.failure
        assert call.outcomes is not None
        return call.outcomes

    @property
    def waiting(self) -> int:
        """How many commands wait for their transaction."""
        return self._waiting

    def _enter(self, call: _Call) -> None:
        """Queue up, and lead where there is room for another leader."""
        with self._lock:
            if self._waiting + len(call.commands) > LONGEST_QUEUE and self._waiting:
                raise Overloaded
            self._queue.append(call)
            self._waiting += len(call.commands)
            call.leads = self._leading < self._at_once
            self._leading += call.leads

    def _leave(self, call: _Call) -> None:
        """Let the next in the queue lead; who was interrupted while waiting takes the commands along."""
        with self._lock:
            if call in self._queue:
                self._queue.remove(call)
                self._waiting -= len(call.commands)
            if not call.leads:
                return
            follower = next((each for each in self._queue if not each.leads), None)
            if follower is None:
                self._leading -= 1
            else:
                follower.leads = True
                follower.done.release()

    def _answer(self, leader: _Call) -> None:
        """Commit a group and wake its callers. Where the leader is interrupted, the others cannot know the outcome."""
        group: list[_Call] = []
        try:
            self._take(leader, group)
            self._commit(group)
        finally:
            for call in group:
                if not call.is_answered:
                    call.failure = OutcomeUnknown()
                if call is not leader:
                    call.done.release()

    def _take(self, leader: _Call, group: list[_Call]) -> None:
        """The leader's commands and what is queued of their kind, up to the largest group; the rest keeps its order."""
        change = leader.change
        with self._lock:
            taken: list[_Call] = []
            rest: deque[_Call] = deque()
            count, weight = len(leader.commands), leader.weight
            for call in self._queue:
                more, heavier = count + len(call.commands), weight + call.weight
                fits = more <= change.largest_group and heavier <= change.heaviest_group
                if call is leader:
                    taken.append(call)
                elif call.change is change and fits and not call.leads:
                    taken.append(call)
                    count, weight = more, heavier
                else:
                    rest.append(call)
            # no interrupt comes between these: who has left the queue is in the group, which its leader answers
            self._queue = rest
            group += taken
            self._waiting -= count

    def _commit(self, group: list[_Call]) -> None:
        """One transaction for the group; where it fails unexpectedly, each command alone."""
        change = group[0].change
        commands = [command for call in group for command in call.commands]
        try:
            _deal(group, self._transact(change, commands))
        except Exception as failure:
            self._fail_or_isolate(group, commands, failure)

    def _fail_or_isolate(self, group: list[_Call], commands: list[Any], failure: Exception) -> None:
        if len(commands) > 1 and not _is_of_the_store(failure):
            self._isolate(group)
        elif isinstance(failure, OrderCoreError) and not _is_of_the_store(failure):
            group[0].outcomes = [failure]
        else:
            for call in group:
                call.failure = failure

    def _isolate(self, group: list[_Call]) -> None:
        """Each command in a transaction of its own; what fails alone fails only its caller."""
        for call in group:
            outcomes: list[Any] = []
            try:
                for command in call.commands:
                    outcomes += self._alone(call.change, command)
                call.outcomes = outcomes
            except Exception as failure:
                call.failure = failure

    def _alone(self, change: Change[Any, Any], command: Any) -> Sequence[Any]:
        try:
            return self._transact(change, [command])
        except OrderCoreError as refusal:
            if _is_of_the_store(refusal):
                raise
            return [refusal]

    def _transact(self, change: Change[Any, Any], commands: Sequence[Any]) -> Sequence[Any]:
        for tried in range(1, MOST_TRIES + 1):
            try:
                with self._store.begin() as work:
                    return change.body(work, commands)
            except Exception as failure:
                if tried == MOST_TRIES or not self._is_transient(failure):
                    raise
                self.retries += 1
        raise AssertionError("unreachable: the last try answers or raises")


def _is_of_the_store(failure: Exception) -> bool:
    """Whether the store itself is in trouble; trying each command alone would only find that out again."""
    return isinstance(failure, Unavailable)


def _deal(group: list[_Call], outcomes: Sequence[Any]) -> None:
    start = 0
    for call in group:
        call.outcomes = outcomes[start : start + len(call.commands)]
        start += len(call.commands)
