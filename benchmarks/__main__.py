"""`make bench`: everything measured side by side, a table and a plot at the end.

    python -m benchmarks [--quick] [--only library,http,growth,import] [--growth ORDERS] [--data FOLDER]

`--data` names the folder with products.csv.gz and orders-2017-01-01.jsonl.gz; without it the import is left out.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks import growth, http, imports, library, report
from benchmarks.report import Goal, Table
from benchmarks.shops import databases

FLASK = "empty POST, Flask on the same Granian"
BARE = "empty POST, bare WSGI on the same Granian"
PARTS = ("library", "http", "growth", "import")
SHOP_SERVERS_FASTEST = 8.0
"""Paid orders a second of the fastest of the well-known shop servers, measured for docs (DESIGN, section 8)."""


def main() -> None:
    """Measure what was asked for, and write the report."""
    asked = _arguments()
    goals: list[Goal] = []
    tables: list[Table] = []
    if "library" in asked.only:
        _library(goals, tables, orders=512 if asked.quick else 2048)
    if "http" in asked.only:
        _http(goals, tables, seconds=2.0 if asked.quick else 8.0)
    if "growth" in asked.only:
        _growth(goals, tables, (1_000, 20_000 if asked.quick else asked.growth))
    if "import" in asked.only and asked.data is not None:
        _imports(goals, tables, asked.data)
    print(report.write(goals, tables).read_text())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer orders, shorter loads, a smaller store")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, by comma")
    parser.add_argument("--growth", type=int, default=1_000_000, help="orders in the large store; filled once and kept")
    parser.add_argument("--data", type=Path, default=os.environ.get("ORDERCORE_BENCH_DATA"))
    asked = parser.parse_args()
    asked.only = asked.only.split(",")
    asked.data = None if asked.data is None else Path(asked.data)
    return asked


def _library(goals: list[Goal], tables: list[Table], orders: int) -> None:
    with databases() as urls:
        rates = list(library.measure(urls, orders=orders))
    rows = [(rate.database, rate.what, f"{rate.orders_per_second:,.0f}", f"{rate.ratio:.2f}") for rate in rates]
    heads = ("database", "what", "orders a second", "times the hand-written loop")
    tables.append(Table("Library", heads, rows))
    report.plot([(f"{rate.database}: {rate.what}", rate.ratio) for rate in rates], "times the hand-written loop")
    by_name = {(rate.database, rate.what): rate for rate in rates}
    for database in urls:
        single = by_name[database, "batches of 1, paid"].ratio
        batched = by_name[database, "batches of 128, paid"]
        hot = by_name[database, "batches of 128, paid, one hot product"]
        goals.append(_at_least(f"{database}: one at a time / hand-written", single, 0.7))
        goals.append(_at_least(f"{database}: batches of 128 / hand-written", batched.ratio, 6.0))
        goals.append(
            _at_least(f"{database}: hot product / cold ones", hot.orders_per_second / batched.orders_per_second, 0.8)
        )


def _http(goals: list[Goal], tables: list[Table], seconds: float) -> None:
    with databases() as urls:
        served = list(http.measure(urls, seconds=seconds))
    heads = ("database", "clients", "what", "a second", "p99 ms", "orders / this", "the clients' own share of a core")
    rows = [
        (
            one.database,
            str(one.clients),
            what,
            f"{each.requests_per_second:,.0f}",
            f"{each.p99_milliseconds:.0f}",
            f"{one.orders.requests_per_second / each.requests_per_second:.3f}",
            f"{each.own_share:.2f}",
        )
        for one in served
        for what, each in (("orders", one.orders), (FLASK, one.flask), (BARE, one.bare))
    ]
    tables.append(Table("HTTP", heads, rows))
    by_name = {(one.database, one.clients): one for one in served}
    for database, wanted in (("sqlite", 0.3), ("postgresql", 0.2)):
        one, many = by_name[database, 1], by_name[database, 32]
        rate = many.orders.requests_per_second
        for what, each in ((FLASK, many.flask), (BARE, many.bare)):
            goals.append(_at_least(f"{database}: 32 clients / {what}", rate / each.requests_per_second, wanted))
        goals.append(_at_least(f"{database}: 32 clients / one client", rate / one.orders.requests_per_second, 1.5))
        goals.append(_at_least(f"{database}: 32 clients / fastest shop server", rate / SHOP_SERVERS_FASTEST, 100))
        p99 = many.orders.p99_milliseconds / many.flask.p99_milliseconds
        goals.append(_at_most(f"{database}: p99 / that of {FLASK}, 32 clients", p99, 3.0))
    failures = sum(one.failures for one in served)
    goals.append(_at_most("HTTP answers other than 2xx", failures, 0))


def _growth(goals: list[Goal], tables: list[Table], sizes: tuple[int, ...]) -> None:
    costs = {(cost.what, cost.orders): cost.milliseconds for cost in growth.measure(sizes)}
    whats = list(dict.fromkeys(what for what, _ in costs))
    rows = [(what, *(f"{costs[what, size]:.3f}" for size in sizes)) for what in whats]
    tables.append(Table("Growth, milliseconds", ("operation", *(f"{size:,} orders" for size in sizes)), rows))
    for what in whats:
        ratio = costs[what, sizes[-1]] / costs[what, sizes[0]]
        goals.append(_at_most(f"{what}: {sizes[-1]:,} / {sizes[0]:,} orders", ratio, 1.5))


def _imports(goals: list[Goal], tables: list[Table], data: Path) -> None:
    with databases() as urls, tempfile.TemporaryDirectory() as scratch:
        found = list(imports.measure(urls, data, Path(scratch)))
    rows = [
        (
            one.database,
            one.what,
            f"{one.orders:,}",
            f"{one.seconds:.1f}",
            f"{one.orders / one.seconds:,.0f}",
            f"{one.peak_mb:.0f}",
        )
        for one in found
    ]
    tables.append(Table("Import", ("database", "what", "lines", "seconds", "a second", "peak MB"), rows))
    months = [one for one in found if one.what == "orders"]
    goals.append(_at_most("four months' memory beyond one, MB", months[-1].peak_mb - months[0].peak_mb, 50.0))


def _at_least(what: str, measured: float, wanted: float) -> Goal:
    return Goal(what, f">= {wanted:g}", measured, measured >= wanted)


def _at_most(what: str, measured: float, wanted: float) -> Goal:
    return Goal(what, f"<= {wanted:g}", measured, measured <= wanted)


if __name__ == "__main__":
    main()
