"""Processes killed with SIGKILL, anywhere: what was acknowledged is there, nothing is half done, the books agree."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import ordercore
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.domain.payment import AttemptKind
from ordercore.ports.gateway import ProviderCall
from ordercore.testing.faults import Cut, Fault, FaultPlan
from tests.support.audit import rows, snapshot
from tests.support.buyers import open_shop, processes
from tests.support.crash import (
    Ack,
    Told,
    Victim,
    Work,
    at_work,
    check,
    recovered,
    stock_up,
)
from tests.support.postgres import PostgresServer

CHANGES = ("place_order", "settle_payment", "ship_order", "record_label", "deliver_order", "cancel_order")
CALLS = ("gateway.authorise", "gateway.capture", "gateway.void", "gateway.refund", "carrier.label")
POINTS = [
    *(f"{change}.commit.{when}" for change in CHANGES for when in ("before", "after")),
    *(f"{call}.{when}" for call in CALLS for when in ("before", "after")),
]
WORKS = (
    "places_singly",
    "places_in_batches",
    "places_in_threads",
    "lives_whole_lives",
    "does_the_housekeeping",
)
PASSED_ONCE = ("deliver_order", "capture", "void", "refund", "label")
LATER_PASSES = [
    *((point, 2) for point in POINTS if not any(word in point for word in PASSED_ONCE)),
    *((f"gateway.authorise.{when}", nth) for when in ("before", "after") for nth in range(4, 12)),
]
"""In a life of `passes_every_point`: three orders one by one, then eight in a batch."""


@pytest.fixture
def books(tmp_path: Path) -> Path:
    return tmp_path / "books"


def test_the_points_are_all_there_are(tmp_path: Path, books: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    stock_up(url, books)
    hear, tell = processes.Pipe(duplex=False)
    plan = FaultPlan()
    with hear, tell:
        me = at_work(Work(name="passes_every_point", url=url, books=books), tell, plan)
        me.passes_every_point()
        me.shop.close()
    assert set(plan.passes) == set(POINTS)


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_a_point_loses_nothing(url: str, books: Path, point: str) -> None:
    stock_up(url, books)
    acks = Victim(Work(name="passes_every_point", url=url, books=books, cuts=(Cut(point, Fault.KILL),))).ends()
    found(url, books, acks)


@pytest.mark.timeout(600)
def test_processes_killed_at_random_moments_lose_nothing(url: str, books: Path) -> None:
    kill_at_random(url, books, kills=20, seed="20")


# -- the long proofs ------------------------------------------------------------------------------------------------


@pytest.mark.prove
@pytest.mark.parametrize("batch", range(10))
def test_two_hundred_killed_processes_lose_nothing(
    url: str, books: Path, batch: int, request: pytest.FixtureRequest
) -> None:
    seed = request.config.getoption("hypothesis_seed") or random.randrange(1_000_000)
    kill_at_random(url, books, kills=20, seed=f"{seed}-{batch}")


@pytest.mark.prove
@pytest.mark.parametrize(("point", "nth"), LATER_PASSES)
def test_a_process_killed_at_a_later_pass_loses_nothing(url: str, books: Path, point: str, nth: int) -> None:
    """The second order's, and each of the eight calls of a batch."""
    stock_up(url, books)
    work = Work(name="passes_every_point", url=url, books=books, cuts=(Cut(point, Fault.KILL, nth),))
    found(url, books, Victim(work).ends())


@pytest.mark.prove
def test_a_killed_database_server_loses_nothing(books: Path, request: pytest.FixtureRequest) -> None:
    """The client goes on when the server is back, with the same keys: one order a key."""
    seed = request.config.getoption("hypothesis_seed") or random.randrange(1_000_000)
    print(f"server kills: seed {seed}")
    chance = random.Random(f"{seed}")
    server = PostgresServer(fsync=True).start()
    try:
        url = server.create_database()
        ordercore.migrate(url)
        stock_up(url, books)
        victim = Victim(Work(name="places_through_restarts", url=url, books=books, seed=seed))
        for _ in range(8):
            victim.works(chance.uniform(0.05, 1.0))
            server.kill()
            server.restart()
        victim.works(1.0)
        acks = victim.is_killed()
        with recovered(url, books) as shop:
            check(shop, acks, is_synced=True)
            placed = snapshot(shop._core.store).orders
            keys = rows(shop._core.store, "SELECT count(*) FROM requests")  # type: ignore[arg-type] # a store of SQL
            assert [(len(placed),)] == keys
        assert len(acks) > 50
    finally:
        server.stop()


# -- a checker is tested too ----------------------------------------------------------------------------------------


def test_an_answer_before_its_commit_is_noticed(url: str, books: Path) -> None:
    stock_up(url, books)
    acks = Victim(Work(name="gives_one_away", url=url, books=books, is_hasty=True)).ends()
    assert [ack.told for ack in acks] == [Told.PLACED]
    with pytest.raises(AssertionError, match="acknowledged and gone"):
        found(url, books, acks)


def test_the_same_answer_after_its_commit_is_found(url: str, books: Path) -> None:
    stock_up(url, books)
    acks = Victim(Work(name="gives_one_away", url=url, books=books)).ends()
    assert [ack.told for ack in acks] == [Told.PLACED]
    found(url, books, acks)


def test_what_is_half_done_is_noticed(url: str, books: Path) -> None:
    """Before the worker came."""
    stock_up(url, books)
    cut = Cut("gateway.authorise.after", Fault.KILL)
    acks = Victim(Work(name="passes_every_point", url=url, books=books, cuts=(cut,))).ends()
    with open_shop(url, books) as shop, pytest.raises(AssertionError, match="an attempt is open"):
        check(shop, acks, is_synced=url.startswith("sqlite"))


def test_a_charge_that_only_the_provider_knows_is_noticed(url: str, books: Path) -> None:
    stock_up(url, books)
    amount = ordercore.Money.of("9.99", "EUR")
    call = ProviderCall(kind=AttemptKind.AUTHORISE, key="nobody's", amount=amount, token="tok_visa")
    FakeGateway(books / "payments.db").call(call)
    with pytest.raises(AssertionError, match="the provider knows a authorise that we do not"):
        found(url, books, [])


def kill_at_random(url: str, books: Path, *, kills: int, seed: str) -> None:
    """Let children work and kill them, one after the other on one database; look after each."""
    print(f"{kills} kills on {url.split(':')[0]}: seed {seed}")
    stock_up(url, books)
    chance = random.Random(seed)
    acks: list[Ack] = []
    for number in range(kills):
        victim = Victim(Work(name=WORKS[number % len(WORKS)], url=url, books=books, seed=number))
        victim.works(chance.uniform(0, 0.4))
        acks += victim.is_killed()
        found(url, books, acks)
    assert len(acks) > 2 * kills, "the children did hardly anything"


def found(url: str, books: Path, acks: list[Ack]) -> None:
    """Open the shop again, let the worker finish, and look at everything."""
    with recovered(url, books) as shop:
        check(shop, acks, is_synced=url.startswith("sqlite"))
