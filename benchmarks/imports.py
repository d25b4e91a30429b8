"""The whole month: seconds and orders a second on both databases, and memory for one month against four."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
from attrs import frozen

import ordercore


@frozen
class Import:
    """One import of orders: wall seconds, orders a second, the process's largest memory in MB."""

    database: str
    what: str
    orders: int
    seconds: float
    peak_mb: float


def measure(urls: dict[str, str], data: Path, scratch: Path) -> Iterator[Import]:
    """January once on every database; four times over on SQLite, for its memory."""
    products, orders = data / "products.csv.gz", data / "orders-2017-01-01.jsonl.gz"
    for name, url in urls.items():
        ordercore.migrate(url)
        yield _run(name, url, "products", products, 68_167)
        yield _run(name, url, "orders", orders, 11_692)
    fourfold = scratch / "four.jsonl.gz"
    _multiply(orders, fourfold, 4)
    url = f"sqlite:///{scratch / 'four.db'}"
    ordercore.migrate(url)
    plenty = scratch / "plenty.csv.gz"
    _restock(products, plenty, 4)
    yield _run("sqlite", url, "products", plenty, 68_167)
    yield _run("sqlite", url, "orders", fourfold, 4 * 11_692)


def _run(name: str, url: str, what: str, file: Path, count: int) -> Import:
    """The real command in a process of its own."""
    command = [sys.executable, "-m", "ordercore", "import", what, str(file), "--database", url]
    started = time.perf_counter()
    environment = os.environ | {"ORDERCORE_FAKE_PROVIDERS": "memory"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status != 0:
        raise RuntimeError(f"{' '.join(command)} failed")
    return Import(name, what, count, seconds, usage.ru_maxrss / 1024)


def _multiply(source: Path, target: Path, times: int) -> None:
    with gzip.open(target, "wb", compresslevel=1) as out:
        for copy in range(times):
            with gzip.open(source) as lines:
                for line in lines:
                    order = orjson.loads(line)
                    order["idempotency_key"] += f"-{copy}"
                    out.write(orjson.dumps(order) + b"\n")


def _restock(source: Path, target: Path, times: int) -> None:
    import csv

    with gzip.open(source, "rt", newline="") as rows, gzip.open(target, "wt", newline="", compresslevel=1) as out:
        reader = csv.DictReader(rows)
        writer = csv.DictWriter(out, reader.fieldnames or [])
        writer.writeheader()
        for row in reader:
            row["quantity_in_stock"] = str(min(1_000_000, int(row["quantity_in_stock"]) * times))
            writer.writerow(row)
