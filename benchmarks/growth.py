"""Whether anything costs more as the store grows: place, get, list at a thousand and at a million orders.

The orders are filled in by SQL (copies of one placed order with other ids) and the file is kept between runs.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from uuid import UUID

from attrs import frozen
from uuid_utils.compat import uuid7

import ordercore
from benchmarks.shops import Bench, filled
from ordercore import OrderFilter, OrderStatus, PageRequest

CACHE = Path(__file__).parent / "cache"
TIMES = 300


@frozen
class Cost:
    """The median milliseconds of one operation at a number of orders."""

    orders: int
    what: str
    milliseconds: float


def measure(sizes: tuple[int, ...]) -> Iterator[Cost]:
    """The same three operations on a store of each size."""
    for size in sizes:
        bench = _of_size(size)
        try:
            yield from _costs(bench, size)
        finally:
            bench.shop.close()


def _costs(bench: Bench, size: int) -> Iterator[Cost]:
    rnd = random.Random(0)
    ordering = bench.shop.ordering
    known = [row.id for row in ordering.list(page=PageRequest(limit=500)).data]
    middle = _middle(bench, size)
    operations: dict[str, Callable[[], object]] = {
        "place and pay one": lambda: ordering.place(bench.order(rnd), idempotency_key=str(uuid7())),
        "get one": lambda: ordering.get(rnd.choice(known)),
        "first page of 50": lambda: ordering.list(page=PageRequest(limit=50)),
        "page of 50 in the middle": lambda: ordering.list(page=PageRequest(limit=50, after=middle)),
        "page of 50 by status": lambda: ordering.list(OrderFilter(status=OrderStatus.CONFIRMED), PageRequest(limit=50)),
    }
    for what, run in operations.items():
        run()
        yield Cost(size, what, median(_milliseconds(run) for _ in range(TIMES)))


def _milliseconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def _middle(bench: Bench, size: int) -> str | None:
    """A cursor about half-way: pages are walked once, outside the timing."""
    after, walked = None, 0
    while walked < min(size // 2, 20_000):
        page = bench.shop.ordering.list(page=PageRequest(limit=500, after=after))
        walked, after = walked + len(page.data), page.next
        if after is None:
            break
    return after


def _of_size(size: int) -> Bench:
    """A store with that many orders, filled once and kept."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"growth-{size}-{_schema()}.db"
    url = f"sqlite:///{path}"
    if not path.exists():
        filling = path.with_suffix(".filling")
        filling.unlink(missing_ok=True)
        bench = filled("growth", f"sqlite:///{filling}")
        template = bench.shop.ordering.place(bench.order(random.Random(1)))
        bench.shop.close()
        _multiply(filling, template.id, size)
        filling.rename(path)
    shop = ordercore.open(url)
    products = shop.catalogue.list(page=PageRequest(limit=500)).data
    customer = shop.customers.list().data[0].id
    return Bench("growth", url, shop, customer, tuple(product.sku for product in products))


def _schema() -> str:
    from ordercore.adapters.sql.schema import REVISION

    return REVISION


def _multiply(path: Path, template: UUID, size: int) -> None:
    """Copies of one order, each with ids, number and time of its own, and with its stock reserved."""
    with closing(sqlite3.connect(path)) as connection:
        connection.create_function("uuid7", 0, lambda: uuid7().bytes)
        connection.execute("PRAGMA synchronous=OFF")
        columns = {table: _columns(connection, table) for table in _TABLES}
        for start in range(0, size, 50_000):
            count = min(50_000, size - start)
            connection.execute("CREATE TEMP TABLE copies (number INTEGER PRIMARY KEY, id BLOB NOT NULL)")
            rows = ((5_000 + start + number, uuid7().bytes) for number in range(count))
            connection.executemany("INSERT INTO copies VALUES (?, ?)", rows)
            for table in _TABLES:
                _copy(connection, table, columns[table], template)
            connection.execute("DROP TABLE copies")
            connection.commit()
        connection.execute(
            "UPDATE stock SET reserved = (SELECT coalesce(sum(quantity), 0) FROM allocations a"
            " WHERE a.product_id = stock.product_id), on_hand = on_hand + 10 * ?",
            (size,),
        )
        connection.execute("ANALYZE")
        connection.commit()
        connection.execute("PRAGMA journal_mode=DELETE")  # one file, that can be renamed


_TABLES = ("orders", "order_items", "allocations", "payments", "payment_attempts", "ledger_entries", "events")


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]


def _copy(connection: sqlite3.Connection, table: str, columns: list[str], template: UUID) -> None:
    """One table's rows of the template, once for each copy."""
    changed = {"number": "c.number"} if table == "orders" else {}
    if table in ("orders", "payments"):
        changed["ordered_at"] = "t.ordered_at + c.number * 1000000"
    owner = {"orders": "id", "events": "stream_id"}.get(table, "order_id")
    changed[owner] = "c.id"
    if table in ("payments", "order_items"):
        changed["id"] = "uuid7()"
    values = ", ".join(changed.get(name, f"t.{name}") for name in columns)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM copies c, {table} t WHERE t.{owner} = ?",
        (template.bytes,),
    )
