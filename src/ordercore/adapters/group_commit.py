"""The only place that turns many callers' changes into few transactions: leader and followers, no thread of its own.

A caller that finds no commit running leads: it takes everything queued of one kind of change into one transaction, and
answers everybody in it. Who comes meanwhile queues, and one of them leads next.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ordercore.domain.errors import OrderCoreError, Overloaded, Unavailable
from ordercore.ports.commits import Change
from ordercore.ports.store import Store

C = TypeVar("C")
R = TypeVar("R")

LONGEST_QUEUE = 10_000
"""Commands that may wait before callers are told to come back."""

MOST_TRIES = 3


class _Call:
    """One caller's commands, and where their outcomes come."""

    __slots__ = ("change", "commands", "done", "failure", "outcomes")

    def __init__(self, change: Change[Any, Any], commands: Sequence[Any]) -> None:
        self.change = change
        self.commands = commands
        self.outcomes: Sequence[Any] | None = None
        self.failure: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()


class GroupCommit:
    """Commits over any store. `is_transient` names failures after which the same transaction is tried again."""

    def __init__(self, store: Store, is_transient: Callable[[BaseException], bool] = lambda _: False) -> None:
        self._store = store
        self._is_transient = is_transient
        self._lock = threading.Lock()
        self._queue: deque[_Call] = deque()
        self._waiting = 0
        self._is_led = False
        self.retries = 0

    def run(self, change: Change[C, R], commands: Sequence[C]) -> Sequence[R | OrderCoreError]:
        """One outcome a command, after their transaction is on disk. See the port."""
        if not commands:
            return []
        call = _Call(change, commands)
        with self._lock:
            if self._waiting + len(commands) > LONGEST_QUEUE and self._waiting:
                raise Overloaded
            self._queue.append(call)
            self._waiting += len(commands)
            leads = not self._is_led
            self._is_led = True
        if not leads:
            call.done.acquire()
        if call.outcomes is None and call.failure is None:
            self._lead(call)
        if call.failure is not None:
            raise call.failure
        assert call.outcomes is not None
        return call.outcomes

    def _lead(self, own: _Call) -> None:
        """Commit groups until the own call is answered, then let the next in the queue lead."""
        try:
            while own.outcomes is None and own.failure is None:
                group = self._next_group()
                try:
                    self._commit(group)
                finally:
                    for call in group:
                        if call is not own:
                            call.done.release()
        finally:
            with self._lock:
                successor = self._queue[0] if self._queue else None
                self._is_led = successor is not None
            if successor is not None:
                successor.done.release()

    def _next_group(self) -> list[_Call]:
        """Everything queued of the first one's kind, up to the largest group; the rest keeps its order."""
        with self._lock:
            first = self._queue[0]
            group: list[_Call] = []
            rest: deque[_Call] = deque()
            count = 0
            for call in self._queue:
                fits = not group or count + len(call.commands) <= first.change.largest_group
                if call.change is first.change and fits:
                    group.append(call)
                    count += len(call.commands)
                else:
                    rest.append(call)
            self._queue = rest
            self._waiting -= count
        return group

    def _commit(self, group: list[_Call]) -> None:
        """One transaction for the group; where it fails unexpectedly, each command alone."""
        change = group[0].change
        commands = [command for call in group for command in call.commands]
        try:
            _deal(group, self._transact(change, commands))
        except Exception as failure:
            self._fail_or_isolate(group, commands, failure)
        except BaseException as stop:
            for call in group:
                call.failure = stop
            raise

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
