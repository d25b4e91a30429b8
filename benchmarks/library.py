"""The library against the hand-written loop: one at a time, in batches, on a hot product; reserved and paid."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from statistics import median

from attrs import frozen
from sqlalchemy import make_url

from benchmarks import handwritten
from benchmarks.shops import Bench, filled
from ordercore import OrderCoreError, PlaceOrder
from ordercore.entrypoints.process import settle_in

BATCHES = (1, 8, 32, 128, 512)
ROUNDS = 3

_keys = (f"bench-{number}" for number in count())


@frozen
class Rate:
    """Orders a second, the median of several interleaved rounds, and the ratio to the hand-written loop."""

    database: str
    what: str
    orders_per_second: float
    ratio: float


def measure(urls: dict[str, str], *, orders: int) -> Iterator[Rate]:
    """Every contender on every database, interleaved round by round so that noise falls on all alike."""
    for name, url in urls.items():
        bench = filled(name, url)
        try:
            yield from _compare(bench, orders)
        finally:
            bench.shop.close()


def _compare(bench: Bench, orders: int) -> Iterator[Rate]:
    rnd = random.Random(0)
    loop = _loop(bench)
    settle_in()  # as our own processes do; the hand-written loop runs in the same process
    hand = "hand-written loop, paid"
    contenders: dict[str, Callable[[int], float]] = {hand: lambda n: _timed_loop(bench, loop, rnd, n)}
    contenders["hand-written loop, reserved"] = lambda n: _timed_loop(bench, loop, rnd, n, pays=False)
    for size in BATCHES:
        contenders[f"batches of {size}, paid"] = lambda n, size=size: _timed(bench, rnd, n, size)  # type: ignore[misc] # mypy cannot infer a default in a lambda
        contenders[f"batches of {size}, reserved"] = lambda n, size=size: _reserved(bench, rnd, n, size)  # type: ignore[misc] # mypy cannot infer a default in a lambda
    contenders["batches of 128, paid, one hot product"] = lambda n: _timed(bench, rnd, n, 128, hot=bench.skus[0])
    rates: dict[str, list[float]] = {what: [] for what in contenders}
    for _ in range(ROUNDS):
        for what, run in contenders.items():
            few = what.startswith(hand[:12]) or "batches of 1," in what
            rates[what].append(run(orders // 4 if few else orders))
    for what, found in rates.items():
        base = median(rates[hand if ", paid" in what else "hand-written loop, reserved"])
        yield Rate(bench.name, what, median(found), median(found) / base)


def _loop(bench: Bench) -> handwritten.Handwritten:
    address = make_url(bench.url)
    if address.get_backend_name() == "sqlite":
        return handwritten.on_sqlite(str(address.database))
    return handwritten.on_postgres(bench.url)


def _timed_loop(
    bench: Bench, loop: handwritten.Handwritten, rnd: random.Random, orders: int, *, pays: bool = True
) -> float:
    wanted = [[(sku, rnd.randint(1, 3)) for sku in rnd.sample(bench.skus, 3)] for _ in range(orders)]
    keys = [next(_keys) for _ in wanted]
    place = loop.place_and_pay if pays else loop.reserve
    started = time.perf_counter()
    for lines, key in zip(wanted, keys, strict=True):
        place(bench.customer, lines, key)
    return orders / (time.perf_counter() - started)


def _timed(bench: Bench, rnd: random.Random, orders: int, size: int, *, hot: str | None = None) -> float:
    commands = [bench.order(rnd, hot=hot) for _ in range(orders)]
    keys = [next(_keys) for _ in commands]
    started = time.perf_counter()
    for start in range(0, orders, size):
        outcomes = bench.shop.ordering.place_many(
            commands[start : start + size], idempotency_keys=keys[start : start + size]
        )
        _refuse_refusals(outcomes)
    return orders / (time.perf_counter() - started)


def _reserved(bench: Bench, rnd: random.Random, orders: int, size: int) -> float:
    """The first transaction alone: the orders wait for a payment that nobody asks for."""
    from ordercore.application.ordering import placement_of
    from ordercore.application.placing import RESERVE

    core, actor = bench.shop._core, bench.shop.actor
    commands: list[PlaceOrder] = [bench.order(rnd) for _ in range(orders)]
    keys = [next(_keys) for _ in commands]
    started = time.perf_counter()
    for start in range(0, orders, size):
        batch = zip(commands[start : start + size], keys[start : start + size], strict=True)
        placements = [placement_of(core, actor, command, key) for command, key in batch]
        reserved = core.commits.run(RESERVE, placements)
        _refuse_refusals(reserved)
    return orders / (time.perf_counter() - started)


def _refuse_refusals(outcomes: Sequence[object]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, OrderCoreError):
            raise outcome
