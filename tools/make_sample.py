"""The only place that cuts the demo's sample out of the Complete Journey data: python -m tools.make_sample DATA_FOLDER.

DATA_FOLDER holds `products.csv.gz` and `orders-2017-01-01.jsonl.gz`. The result is the same for the same data, byte by
byte; it goes into the wheel, so that neither the demo nor a test needs the folder.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parents[1] / "src" / "ordercore" / "entrypoints" / "sample"
PRODUCT_COUNT = 300
ORDER_COUNT = 300
LOW_COUNT = 6
DECLINED_EVERY = 75

Order = dict[str, Any]
Row = dict[str, str]


def main(folder: Path) -> None:
    """Cut the sample and write it."""
    with gzip.open(folder / "orders-2017-01-01.jsonl.gz", "rt", encoding="utf-8") as lines:
        orders = chosen([json.loads(line) for line in lines])
    with gzip.open(folder / "products.csv.gz", "rt", encoding="utf-8", newline="") as file:
        products = stocked(list(csv.DictReader(file)), demand_of(orders))
    write(SAMPLE / "products.csv.gz", as_csv(products))
    write(SAMPLE / "orders.jsonl.gz", "".join(f"{json.dumps(order)}\n" for order in with_declines(orders)))


def chosen(orders: list[Order]) -> list[Order]:
    """Orders of two to six items that share few products, in order of time."""
    popularity = demand_of(orders)
    several = [order for order in orders if 2 <= len(order["items"]) <= 6]
    several.sort(key=lambda order: -min(popularity[item["sku"]] for item in order["items"]))
    kept: list[Order] = []
    skus: set[str] = set()
    for order in several:
        named = {item["sku"] for item in order["items"]}
        if len(skus | named) <= PRODUCT_COUNT and len(kept) < ORDER_COUNT:
            skus |= named
            kept.append(order)
    return sorted(kept, key=lambda order: str(order["placed_at"]))


def demand_of(orders: Iterable[Order]) -> Counter[str]:
    """Pieces asked for, by sku."""
    pieces: Counter[str] = Counter()
    for order in orders:
        for item in order["items"]:
            pieces[item["sku"]] += item["quantity"]
    return pieces


def stocked(rows: list[Row], demand: Counter[str]) -> list[Row]:
    """The ordered products and others up to the count, with stock for every order; the most wanted end up low."""
    ordered = [row for row in rows if demand[row["sku"]]]
    others = [row for row in rows if not demand[row["sku"]] and len(row["description"]) > 20]
    step = max(1, len(others) // max(1, PRODUCT_COUNT - len(ordered)))
    wanted = {sku for sku, _ in demand.most_common(LOW_COUNT)}
    catalogue = ordered + others[::step][: PRODUCT_COUNT - len(ordered)]
    return [_stocked(row, demand[row["sku"]], row["sku"] in wanted) for row in catalogue]


def _stocked(row: Row, asked: int, is_low: bool) -> Row:
    spare, threshold = (4, 12) if is_low else (asked + 20, 5)
    return {**row, "quantity_in_stock": str(asked + spare), "low_stock_threshold": str(threshold)}


def with_declines(orders: list[Order]) -> list[Order]:
    """The same orders, a few of them paid with the test card that is declined."""
    declined = {**orders[0]["payment"], "token": "tok_chargeDeclined"}
    return [
        {**order, "payment": declined} if index % DECLINED_EVERY == DECLINED_EVERY - 1 else order
        for index, order in enumerate(orders)
    ]


def as_csv(rows: list[Row]) -> str:
    """The rows as CSV with their header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write(path: Path, text: str) -> None:
    """Gzipped without name and time, so that equal content makes equal bytes."""
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tools.make_sample DATA_FOLDER")
    main(Path(sys.argv[1]))
