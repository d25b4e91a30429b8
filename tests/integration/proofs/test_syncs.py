"""What was answered is on disk: syncs are counted, at least one in each commit, before its answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread

import psycopg
import pytest

import ordercore
from ordercore.adapters.sql.store import SqlStore
from ordercore.testing.faults import FaultPlan
from tests.support.buyers import processes
from tests.support.crash import Child, Work, at_work, stock_up
from tests.support.postgres import PostgresServer
from tests.support.syscalls import Call, calls_of, can_watch

ROOT = Path(__file__).parents[3]
CHILD = "from tests.integration.proofs.test_syncs import work_and_mark; work_and_mark()"


class Marking(FaultPlan):
    """Writes the name of each point that is passed, so that whoever watches sees it between the other calls."""

    def __init__(self, marks: Path) -> None:
        super().__init__()
        self._descriptors = {
            name: os.open(marks / name, os.O_WRONLY | os.O_CREAT) for name in ("before", "after", "answered")
        }

    def mark(self, name: str) -> None:
        os.write(self._descriptors[name], b"!")

    def reach(self, point: str) -> bool:
        if ".commit." in point:
            self.mark(point.rpartition(".")[2])
        return super().reach(point)


def work_and_mark() -> None:
    """A child: places and ships singly, then a batch of eight, a mark after each answer."""
    url, folder, careless = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    plan = Marking(folder)
    hear, tell = processes.Pipe(duplex=False)
    with hear, tell:
        me = at_work(Work(name="", url=url, books=folder / "books"), tell, plan)
        store = me.shop._core.store
        assert isinstance(store, SqlStore)
        if careless:
            with store.writing.connect() as connection:
                connection.exec_driver_sql("PRAGMA synchronous=OFF")
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(3):
            order = me.place(token="tok_visa")
            plan.mark("answered")
            assert order is not None
            me.ship(order)
            plan.mark("answered")
        me.shop.ordering.place_many([me.command(token="tok_visa") for _ in range(8)])
        plan.mark("answered")
        me.shop.close()


def watched(url: str, folder: Path, *careless: str) -> Sequence[str]:
    """The marks and the syncs of the shop's files, in their order."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(folder), *careless],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        calls = calls_of(process.pid)
        try:
            next(calls)
        except PermissionError:
            process.kill()
            pytest.skip("this system lets nobody watch a process's calls")
        process.stdin.write("go\n")
        process.stdin.flush()
        return [said for call in calls if (said := in_short(call, folder)) is not None]


def in_short(call: Call, folder: Path) -> str | None:
    name = call.file.removeprefix(f"{folder}/")
    if call.name == "write":
        return name if name in ("before", "after", "answered") else None
    return "sync" if name.startswith("shop.db") else None


def unsynced(seen: Sequence[str]) -> list[int]:
    """The commits, by number, between whose beginning and end nothing was synced."""
    commits = " ".join(seen).split("before")[1:]
    return [number for number, commit in enumerate(commits) if "sync" not in commit.split("after")[0]]


@pytest.fixture
def watchable(tmp_path: Path) -> str:
    if not can_watch():
        pytest.skip("system calls are watched on Linux, x86_64 and aarch64")
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    stock_up(url, tmp_path / "books")
    return url


def test_every_commit_on_sqlite_is_synced_before_its_answer(watchable: str, tmp_path: Path) -> None:
    seen = watched(watchable, tmp_path)
    assert unsynced(seen) == []
    assert seen.count("answered") == 7
    answers = " ".join(seen).split("answered")[:-1]
    assert all(answer.count("before") == answer.count("after") >= 2 for answer in answers), "answered within a commit"
    assert seen.count("before") < 2 * 14, "eight orders of a batch share their commits"


def test_commits_that_are_not_synced_are_noticed(watchable: str, tmp_path: Path) -> None:
    assert len(unsynced(watched(watchable, tmp_path, "careless"))) > 10


# -- PostgreSQL -----------------------------------------------------------------------------------------------------


@pytest.fixture
def synced_server() -> Iterator[PostgresServer]:
    """A server of its own, which does not share its syncs with other tests."""
    server = PostgresServer(fsync=True, settings={"autovacuum": "off", "wal_writer_delay": "10s"}).start()
    yield server
    server.stop()


def test_every_commit_group_on_postgres_is_synced(synced_server: PostgresServer, tmp_path: Path) -> None:
    url = synced_server.create_database()
    ordercore.migrate(url)
    stock_up(url, tmp_path / "books")
    before = syncs(url)
    plan = FaultPlan()
    hear, tell = processes.Pipe(duplex=False)
    with hear, tell:
        me = at_work(Work(name="", url=url, books=tmp_path / "books"), tell, plan)
        place_in_turn(me, url)
        crowd = [Thread(target=me.place) for _ in range(40)]
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
        me.shop.close()
    groups = sum(count for point, count in plan.passes.items() if point.endswith(".commit.after"))
    assert groups >= 2 * 5 + 2
    assert syncs(url) - before >= groups


def place_in_turn(me: Child, url: str) -> None:
    """After each answer everything that was written is flushed, and it is more than before."""
    with psycopg.connect(url, autocommit=True) as looking:
        flushed = looking.execute("SELECT pg_current_wal_flush_lsn() - '0/0'").fetchone()
        for _ in range(5):
            me.place(token="tok_visa")
            now = looking.execute("SELECT pg_current_wal_flush_lsn() - '0/0'").fetchone()
            assert now is not None
            assert flushed is not None
            assert now > flushed
            flushed = now


def syncs(url: str) -> int:
    """How often the server has synced its log, as it tells; backends tell when they end."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT sum(fsyncs)::int FROM pg_stat_io WHERE object = 'wal'").fetchone()
    assert row is not None
    return int(row[0])
