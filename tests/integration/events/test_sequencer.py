import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve

from ordercore import OrderCore, PageRequest
from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections import sequencing as statements
from ordercore.adapters.sql.store import SqlStore
from ordercore.application import sequencing
from ordercore.application.leasing import leased
from ordercore.application.sequencing import SEQUENCER, sequence
from ordercore.testing.store_samples import ACTOR_ID, AT, a_product, new_id
from tests.integration.events.scene import add, adjust


def positions(store: SqlStore) -> list[tuple[str, int, int | None]]:
    with store.snapshot() as (_, wire):
        return [tuple(row) for row in wire.run("SELECT type, number, position FROM events ORDER BY position")]


def test_committed_events_get_rising_positions_without_gaps(shop: OrderCore) -> None:
    mug = add(shop)
    adjust(shop, mug, 3)
    assert sequence(shop._core) == 4
    assert sequence(shop._core) == 0
    found = shop.events().data
    assert [(row.position, row.number) for row in found] == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_clocks_that_disagree_do_not_turn_a_stream_around(shop: OrderCore, store: SqlStore) -> None:
    """The second event says it was earlier than the first, by more than a batch of others."""
    late = a_product(sku="LATE")
    with store.begin() as work:
        work.products.claim_skus([evolve(late, facts=(evolve(late.facts[0], occurred_at=AT + timedelta(days=1)),))])
    with store.begin() as work:
        held = work.products.hold((late.id,))[late.id]
        work.products.save(held.adjust(1, at=AT - timedelta(days=1), actor_id=ACTOR_ID, reason=None))
    others = [a_product(sku=f"S-{number}") for number in range(5)]
    with store.begin() as work:
        work.products.claim_skus(others)
    with store.begin() as work:
        first, *rest = work.outbox.unpositioned(3)
    assert (first.stream_id, first.number) == (late.id, 1)
    assert late.id not in {key.stream_id for key in rest}
    sequence(shop._core)
    mine = [row.number for row in shop.events().data if row.stream_id == late.id]
    assert mine == [1, 2]


def test_a_transaction_that_commits_late_is_never_skipped(
    shop: OrderCore, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads by position has all that has one; what commits later comes later."""
    if not store.is_postgres:
        pytest.skip("SQLite has one writer: nothing commits late")
    written, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with store.begin() as work:
            work.products.claim_skus([a_product(sku="EARLY")])

    slow = threading.Thread(target=write)
    commit = store._commit

    def late(connection: Any, cursor: Any) -> None:
        if threading.current_thread() is slow:
            written.set()
            assert go_on.wait(60)
        commit(connection, cursor)

    monkeypatch.setattr(store, "_commit", late)
    slow.start()
    assert written.wait(60)
    add(shop, "SECOND")
    add(shop, "THIRD")
    seen = [(row.position, row.payload["sku"]) for row in shop.events().data]
    assert seen == [(1, "SECOND"), (2, "THIRD")]
    go_on.set()
    slow.join()
    rest = shop.events(None, PageRequest(after="2")).data
    assert [(row.position, row.payload["sku"]) for row in rest] == [(3, "EARLY")]


def test_only_the_holder_of_the_lease_gives_positions(shop: OrderCore, store: SqlStore) -> None:
    add(shop)

    def meanwhile(_: object) -> int:
        return sequence(shop._core)

    assert leased(shop._core, SEQUENCER, meanwhile) == 0
    with store.begin() as work:
        assert sequencing._give_positions(work, (uuid4(),)) == [0]
    assert sequence(shop._core) == 1


def test_a_lease_that_is_over_is_anybodys(store: SqlStore) -> None:
    mine, other = new_id(), new_id()
    with store.begin() as work:
        assert work.leases.take("task", holder="me", token=mine, lasting=timedelta(hours=1))
        assert work.leases.take("task", holder="me", token=mine, lasting=timedelta())
    with store.begin() as work:
        assert not work.leases.holds("task", mine)
        assert work.leases.take("task", holder="other", token=other, lasting=timedelta(hours=1))
        assert not work.leases.take("task", holder="me", token=mine, lasting=timedelta(hours=1))
        work.leases.give_back("task", mine)
    with store.reading() as lookups:
        (lease,) = lookups.leases()
    assert (lease.holder, lease.ran_at) == ("other", None)
    with store.begin() as work:
        work.leases.give_back("task", other)
    with store.reading() as lookups:
        (lease,) = lookups.leases()
    assert lease.holder is None
    assert lease.ran_at is not None
    assert abs(lease.ran_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_several_sequencers_at_once_give_each_position_once(shop: OrderCore, store: SqlStore) -> None:
    products = [add(shop, f"S-{number}") for number in range(4)]
    stop = threading.Event()

    def again() -> None:
        while not stop.is_set():
            sequence(shop._core)

    threads = [threading.Thread(target=again) for _ in range(3)]
    for thread in threads:
        thread.start()
    for product in products * 5:
        adjust(shop, product)
    stop.set()
    for thread in threads:
        thread.join()
    sequence(shop._core)
    assert [position for _, _, position in positions(store)] == list(range(1, 25))
    assert [f for f in shop.examine() if f.guarantee == 6 and f.verdict != "holds"] == []


def test_what_the_sequencer_looks_at_does_not_grow_with_the_table(shop: OrderCore, store: SqlStore) -> None:
    """Its statements walk indexes that hold only what waits, or look single rows up."""
    with store.begin() as work:
        work.products.claim_skus([a_product(sku=f"S-{number:04}") for number in range(2_000)])
    sequence(shop._core)
    if store.is_postgres:
        with store.writing.connect() as connection:
            connection.exec_driver_sql("ANALYZE events")
            connection.commit()
    explain = "EXPLAIN " if store.is_postgres else "EXPLAIN QUERY PLAN "
    for statement in (statements.LAST, statements._OLDEST.replace("?", "500"), _predecessor(store)):
        with store.snapshot() as (_, wire):
            plan = " ".join(str(row[-1]) for row in wire.run(explain + statement))
        assert "Seq Scan" not in plan, plan
        assert "SCAN events" not in plan or "USING" in plan, plan
        assert "Sort" not in plan, plan


def _predecessor(store: SqlStore) -> str:
    with store.snapshot() as (_, wire):
        ((stream, id, number),) = wire.run("SELECT stream, stream_id, number FROM events LIMIT 1")
    spelled = f"'{id}'::uuid" if store.is_postgres else f"x'{bytes(id).hex()}'"
    key = f"('{stream}', {spelled}, {number})"
    values = f"SELECT * FROM (VALUES {key}) AS v" if store.is_postgres else f"VALUES {key}"
    return f"SELECT position FROM {tables.events.name} WHERE (stream, stream_id, number) IN ({values})"
