import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from ordercore.adapters.group_commit import LONGEST_QUEUE, MOST_TRIES, GroupCommit
from ordercore.adapters.memory.store import MemoryStore
from ordercore.domain.errors import (
    InvalidRequest,
    OrderCoreError,
    OutcomeUnknown,
    Overloaded,
    StoreUnavailable,
)
from ordercore.ports.commits import Change
from ordercore.ports.store import UnitOfWork

PATIENCE_SECONDS = 30
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


class Deadlock(Exception):
    """What a database says when it chose a victim."""


class Doubling:
    """A kind of change that doubles numbers and remembers its transactions; some numbers it does not like."""

    def __init__(self, failures: dict[int, BaseException] | None = None) -> None:
        self.failures = failures or {}
        self.transactions: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.change: Change[int, int] = Change(name="double", body=self.body)

    def body(self, _: UnitOfWork, commands: Sequence[int]) -> Sequence[int | OrderCoreError]:
        self.transactions.append(list(commands))
        self.entered.set()
        assert self.gate.wait(PATIENCE_SECONDS)
        for command in commands:
            if command in self.failures:
                raise self.failures[command]
        return [2 * command for command in commands]


class ManyWriters(MemoryStore):
    """A store whose transactions do not wait for one another."""

    @contextmanager
    def begin(self) -> Iterator[Any]:
        yield None


class Caller(threading.Thread):
    """Somebody who hands in commands and keeps what came of them."""

    def __init__(self, commits: GroupCommit, change: Change[int, int], *commands: int) -> None:
        super().__init__()
        self.ask: Callable[[], Sequence[object]] = lambda: commits.run(change, commands)
        self.outcomes: list[object] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.outcomes += self.ask()
        except BaseException as failure:
            self.failure = failure


@pytest.fixture
def commits() -> GroupCommit:
    return a_group_commit()


def a_group_commit() -> GroupCommit:
    store = MemoryStore(now=lambda: datetime.now(UTC))
    return GroupCommit(store, lambda failure: isinstance(failure, Deadlock))


def test_no_commands_need_no_transaction(commits: GroupCommit) -> None:
    doubling = Doubling()
    assert commits.run(doubling.change, []) == []
    assert doubling.transactions == []


def test_outcomes_come_in_the_order_of_the_commands(commits: GroupCommit) -> None:
    assert commits.run(Doubling().change, [3, 1, 2]) == [6, 2, 4]


def test_who_comes_meanwhile_shares_the_next_transaction(commits: GroupCommit) -> None:
    doubling = Doubling()
    with held_up(commits, doubling) as queue:
        callers = [queue(doubling, number, 10 * number) for number in range(1, 6)]
    assert doubling.transactions == [[0], [1, 10, 2, 20, 3, 30, 4, 40, 5, 50]]
    assert [caller.outcomes for caller in callers] == [[2, 20], [4, 40], [6, 60], [8, 80], [10, 100]]


def test_a_transaction_has_one_kind_of_change(commits: GroupCommit) -> None:
    first, second = Doubling(), Doubling()
    with held_up(commits, first) as queue:
        callers = [queue(kind, number) for number, kind in enumerate((second, first, second, first), start=1)]
    assert first.transactions == [[0], [2, 4]]
    assert second.transactions == [[1, 3]]
    assert [caller.outcomes for caller in callers] == [[2], [4], [6], [8]]


def test_a_transaction_takes_at_most_its_largest_group(commits: GroupCommit) -> None:
    doubling = Doubling()
    assert doubling.change.largest_group == 256
    with held_up(commits, doubling) as queue:
        callers = [queue(doubling, *range(100 * number, 100 * number + 100)) for number in range(1, 4)]
    assert [len(each) for each in doubling.transactions] == [1, 200, 100]
    assert all(len(caller.outcomes) == 100 for caller in callers)


def test_a_transaction_is_at_most_as_heavy_as_its_kind_allows(commits: GroupCommit) -> None:
    doubling = Doubling()
    doubling.change = evolve(doubling.change, weigh=lambda number: number, heaviest_group=100)
    with held_up(commits, doubling) as queue:
        callers = [queue(doubling, number) for number in (60, 50, 40)]
    assert doubling.transactions == [[0], [60, 40], [50]]
    assert [caller.outcomes for caller in callers] == [[120], [100], [80]]


def test_what_fails_alone_fails_only_its_caller(commits: GroupCommit) -> None:
    doubling = Doubling({2: ZeroDivisionError("two")})
    with held_up(commits, doubling) as queue:
        callers = [queue(doubling, number) for number in (1, 2, 3)]
    assert doubling.transactions == [[0], [1, 2, 3], [1], [2], [3]]
    assert [caller.outcomes for caller in callers] == [[2], [], [6]]
    assert isinstance(callers[1].failure, ZeroDivisionError)


def test_a_refusal_raised_by_a_body_is_an_outcome(commits: GroupCommit) -> None:
    refusal = InvalidRequest.of("/quantity", "must be even")
    doubling = Doubling({1: refusal})
    assert commits.run(doubling.change, [1]) == [refusal]
    assert commits.run(doubling.change, [1, 2]) == [refusal, 4]


def test_a_store_in_trouble_fails_everybody_at_once(commits: GroupCommit) -> None:
    doubling = Doubling({2: StoreUnavailable(reason="gone")})
    with held_up(commits, doubling) as queue:
        callers = [queue(doubling, number) for number in (1, 2, 3)]
    assert doubling.transactions == [[0], [1, 2, 3]]
    assert all(isinstance(caller.failure, StoreUnavailable) for caller in callers)


def test_a_full_queue_is_said_and_what_waits_is_still_done(commits: GroupCommit) -> None:
    doubling = Doubling()
    with held_up(commits, doubling) as queue:
        waiting = queue(doubling, *range(LONGEST_QUEUE))
        with pytest.raises(Overloaded):
            commits.run(doubling.change, [1])
    assert waiting.outcomes == [2 * number for number in range(LONGEST_QUEUE)]
    assert commits.run(doubling.change, [1]) == [2]


def test_a_transient_failure_is_tried_again_and_counted(commits: GroupCommit) -> None:
    class Clumsy(Doubling):
        def body(self, work: UnitOfWork, commands: Sequence[int]) -> Sequence[int | OrderCoreError]:
            outcomes = super().body(work, commands)
            if len(self.transactions) < MOST_TRIES:
                raise Deadlock
            return outcomes

    clumsy = Clumsy()
    assert commits.run(clumsy.change, [4]) == [8]
    assert commits.retries == MOST_TRIES - 1
    assert clumsy.transactions == [[4]] * MOST_TRIES


def test_a_failure_that_stays_is_not_tried_for_ever(commits: GroupCommit) -> None:
    doubling = Doubling({4: Deadlock()})
    with pytest.raises(Deadlock):
        commits.run(doubling.change, [4])
    assert doubling.transactions == [[4]] * MOST_TRIES


def test_an_interrupted_leader_strands_nobody(commits: GroupCommit) -> None:
    doubling, other = Doubling({1: KeyboardInterrupt()}), Doubling()
    with held_up(commits, doubling) as queue:
        leader, follower, later = queue(doubling, 1), queue(doubling, 2), queue(other, 3)
    assert isinstance(leader.failure, KeyboardInterrupt)
    assert isinstance(follower.failure, OutcomeUnknown)
    assert later.outcomes == [6]
    assert commits.run(doubling.change, [5]) == [10]


def test_a_leader_interrupted_before_it_commits_strands_nobody(
    commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, doubling, other = GroupCommit._take, Doubling(), Doubling()

    def take_and_stop(self: GroupCommit, leader: Any, group: list[Any]) -> None:
        take(self, leader, group)
        if list(group[0].commands) == [1]:
            raise KeyboardInterrupt

    monkeypatch.setattr(GroupCommit, "_take", take_and_stop)
    with held_up(commits, doubling) as queue:
        leader, follower, later = queue(doubling, 1), queue(doubling, 2), queue(other, 3)
    assert isinstance(leader.failure, KeyboardInterrupt)
    assert isinstance(follower.failure, OutcomeUnknown)
    assert later.outcomes == [6]
    assert commits.waiting == 0


def test_an_interrupted_follower_takes_its_commands_along(commits: GroupCommit) -> None:
    doubling = Doubling()
    with held_up(commits, doubling) as queue:
        later = queue(doubling, 1)
        me = threading.get_ident()
        interrupter = threading.Thread(target=lambda: interrupt_when(lambda: commits.waiting == 2, me))
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            commits.run(doubling.change, [7])
        interrupter.join()
        assert commits.waiting == 1
    assert later.outcomes == [2]
    assert doubling.transactions == [[0], [1]]
    assert commits.run(doubling.change, [5]) == [10]


def test_many_threads_are_all_answered(commits: GroupCommit) -> None:
    kinds = (Doubling(), Doubling({13: ZeroDivisionError()}))
    callers = [Caller(commits, kinds[number % 2].change, number) for number in range(200)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(PATIENCE_SECONDS)
    expected = [[2 * number] if number != 13 else [] for number in range(200)]
    assert [caller.outcomes for caller in callers] == expected
    assert isinstance(callers[13].failure, ZeroDivisionError)
    assert commits.waiting == 0


def test_as_many_transactions_as_the_store_takes_run_side_by_side() -> None:
    commits = GroupCommit(ManyWriters(now=lambda: NOON), at_once=2)
    doubling = Doubling()
    with held_up(commits, doubling):
        second = Caller(commits, doubling.change, 1)
        second.start()
        wait_until(lambda: len(doubling.transactions) == 2)
        others = [Caller(commits, doubling.change, number) for number in (2, 3)]
        for other in others:
            other.start()
        wait_until(lambda: commits.waiting == 2)
        assert doubling.transactions == [[0], [1]]
    for caller in (second, *others):
        caller.join(PATIENCE_SECONDS)
    assert [caller.outcomes for caller in (second, *others)] == [[2], [4], [6]]


def test_what_a_leader_brought_is_committed_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    commits, doubling = GroupCommit(ManyWriters(now=lambda: NOON), at_once=2), Doubling()
    take, leads, may_take = GroupCommit._take, threading.Event(), threading.Event()

    def take_late(self: GroupCommit, leader: Any, group: list[Any]) -> None:
        if list(leader.commands) == [1]:
            leads.set()
            assert may_take.wait(PATIENCE_SECONDS)
        take(self, leader, group)

    monkeypatch.setattr(GroupCommit, "_take", take_late)
    slow = Caller(commits, doubling.change, 1)
    slow.start()
    assert leads.wait(PATIENCE_SECONDS)
    assert commits.run(doubling.change, [2]) == [4]
    may_take.set()
    slow.join(PATIENCE_SECONDS)
    assert slow.outcomes == [2]
    assert doubling.transactions == [[2], [1]]


def test_many_threads_with_several_leaders_are_all_answered_once() -> None:
    commits, kinds = GroupCommit(ManyWriters(now=lambda: NOON), at_once=3), (Doubling(), Doubling())
    callers = [Caller(commits, kinds[number % 2].change, number) for number in range(200)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(PATIENCE_SECONDS)
    assert [caller.outcomes for caller in callers] == [[2 * number] for number in range(200)]
    done = [number for kind in kinds for transaction in kind.transactions for number in transaction]
    assert sorted(done) == list(range(200))
    assert commits.waiting == 0


@contextmanager
def held_up(commits: GroupCommit, doubling: Doubling) -> Iterator[Callable[..., Caller]]:
    """The first transaction, of the command 0, waits until the block ends; what is queued in it waits behind."""
    callers: list[Caller] = []

    def queue(kind: Doubling, *commands: int) -> Caller:
        caller = Caller(commits, kind.change, *commands)
        expected = commits.waiting + len(commands)
        caller.start()
        wait_until(lambda: commits.waiting == expected)
        callers.append(caller)
        return caller

    doubling.gate.clear()
    first = Caller(commits, doubling.change, 0)
    first.start()
    assert doubling.entered.wait(PATIENCE_SECONDS)
    try:
        yield queue
    finally:
        doubling.gate.set()
        for caller in (first, *callers):
            caller.join(PATIENCE_SECONDS)
    assert first.outcomes == [0]
    assert not any(caller.is_alive() for caller in callers)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.001)


def interrupt_when(condition: Callable[[], bool], thread: int) -> None:
    wait_until(condition)
    signal.pthread_kill(thread, signal.SIGINT)
