"""The only place that turns lines of import files into commands."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from ordercore.application.catalogue import AddProduct
from ordercore.application.importing import ImportedOrder
from ordercore.domain.errors import InvalidRequest, OrderCoreError, UnreadableRequest
from ordercore.domain.limits import MAX_BODY_BYTES
from ordercore.entrypoints.cli.options import price
from ordercore.entrypoints.cli.sources import Source
from ordercore.entrypoints.payloads import order_from_line

NEEDED_COLUMNS = ("sku", "name", "price", "currency")
NUMBER_COLUMNS = ("quantity_in_stock", "low_stock_threshold", "weight_grams")
OTHER_COLUMNS = ("description", "category")
COLUMNS = {*NEEDED_COLUMNS, *NUMBER_COLUMNS, *OTHER_COLUMNS}

Parsed = tuple[int, Any, Any]
"""Line number, the command or its refusal, and the content as it was."""


def orders(source: Source) -> Iterator[tuple[int, ImportedOrder | OrderCoreError, object]]:
    """Each line's number, its order or why it is none, and what stood there."""
    for line in source.lines():
        content: object = line.decode("utf-8", "replace")[:MAX_SHOWN]
        try:
            content = _json(line)
            yield source.line_number, order_from_line(content), content
        except OrderCoreError as refusal:
            yield source.line_number, refusal, content


MAX_SHOWN = 10_000
"""Of a line that is no JSON, at most this many characters are written to the file of refused lines."""


def products(source: Source) -> Iterator[tuple[int, AddProduct | OrderCoreError, object]]:
    """Each row's line number, its product or why it is none, and what stood there.

    Raises:
        UnreadableRequest: the header is not that of a product file.
    """
    rows = csv.DictReader((line.decode("utf-8-sig", "surrogateescape") for line in source.lines()), strict=True)
    _refuse_header(source.path, rows.fieldnames or ())
    seen: set[int] = set()  # hashes, so that millions of rows fit; two skus with one hash are one in 2**64
    while True:
        try:
            row = next(rows, None)
        except csv.Error as failure:
            yield source.line_number, UnreadableRequest(detail=f"the row is no CSV: {failure}"), None
            continue
        if row is None:
            return
        yield source.line_number, _product(row, seen), row


def _json(line: bytes) -> object:
    if len(line) > MAX_BODY_BYTES:
        raise UnreadableRequest(detail=f"the line is longer than {MAX_BODY_BYTES} bytes")
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as failure:
        raise UnreadableRequest(detail=f"the line is no JSON: {failure}") from failure


def _refuse_header(path: str, names: Any) -> None:
    missing = [name for name in NEEDED_COLUMNS if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) < len(names):
        wrong = [f"misses {name}" for name in missing] + [f"has an unknown column {name!r:.40}" for name in unknown]
        detail = ", ".join(wrong) or "has a column twice"
        raise UnreadableRequest(detail=f"{path} {detail}; the columns are: {', '.join(sorted(COLUMNS))}")


def _product(row: Mapping[str, Any], seen: set[int]) -> AddProduct | OrderCoreError:
    try:
        if None in row or None in row.values():
            raise UnreadableRequest(detail="the row has more or fewer values than the header has columns")
        values: dict[str, Any] = {name: row[name] for name in ("sku", "name", "description") if name in row}
        values |= {name: _number(name, row[name]) for name in NUMBER_COLUMNS if row.get(name)}
        values |= {"category": row["category"]} if row.get("category") else {}
        product = AddProduct(price=price(row["price"], row["currency"]), **values)
    except OrderCoreError as refusal:
        return refusal
    if (name := hash(product.sku)) in seen:
        return InvalidRequest.of("/sku", f"{product.sku} was named before in this file", "duplicate")
    seen.add(name)
    return product


def _number(name: str, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 12):
        raise InvalidRequest.of(f"/{name}", f"must be a whole number, not {text!r:.40}", "wrong_type")
    return int(text)
