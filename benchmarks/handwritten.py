"""The yardstick: one order after the other, written by hand against the driver, with the same rows and durability.

Two transactions an order, as ordercore needs them for a provider that may time out: reserve (intent) and record
(answer). The statements are those that a careful programmer writes for exactly this case and no other.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

LOCATION = UUID(int=1)
ACTOR = UUID(int=1)

Line = tuple[str, int]
"""A sku and a quantity."""


class Handwritten:
    """Places and pays orders on an open driver connection whose schema ordercore made."""

    def __init__(self, connection: Any, *, is_postgres: bool) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._is_postgres = is_postgres
        self._id: Callable[[UUID], Any] = (lambda id: id) if is_postgres else (lambda id: id.bytes)
        self._lock = " FOR NO KEY UPDATE" if is_postgres else ""

    def place_and_pay(self, customer: UUID, lines: Sequence[Line], key: str) -> UUID:
        """One order's life up to its confirmation; the provider between the two transactions says yes at once."""
        order, attempt, total = self.reserve(customer, lines, key)
        self.record(order, attempt, total)
        return order

    def reserve(self, customer: UUID, lines: Sequence[Line], key: str) -> tuple[UUID, UUID, int]:
        """Transaction one: key, order, items, stock, payment, attempt, event."""
        order, payment, attempt = uuid7(), uuid7(), uuid7()
        id, now = self._id, self._now()
        self._begin()
        self._run(
            "INSERT INTO requests (actor_id, key, operation, fingerprint, resource_id, claimed_at)"
            " VALUES (?, ?, 'place_order', ?, ?, ?) ON CONFLICT DO NOTHING",
            (id(ACTOR), key, b"fingerprint-of-the-request", id(order), now),
        )
        ((personal,),) = self._rows("SELECT personal FROM customers WHERE id = ?", (id(customer),))
        products = [
            self._rows(
                "SELECT id, name, price_minor, is_archived, low_stock_threshold FROM products WHERE sku = ?", (sku,)
            )[0]
            for sku, _ in lines
        ]
        held = [(product[0], quantity) for product, (_, quantity) in zip(products, lines, strict=True)]
        for product, quantity in sorted(held):
            ((on_hand, reserved),) = self._rows(
                f"SELECT on_hand, reserved FROM stock WHERE product_id = ? AND location_id = ?{self._lock}",
                (product, id(LOCATION)),
            )
            assert on_hand - reserved >= quantity, "the benchmark's stock must last"
            self._run(
                "UPDATE stock SET reserved = reserved + ? WHERE product_id = ? AND location_id = ?",
                (quantity, product, id(LOCATION)),
            )
        manager = self._rows("SELECT id FROM admin_users WHERE is_active ORDER BY id", ())[0][0]
        number = self._number()
        priced = [
            (product, quantity, product[2] * quantity) for product, (_, quantity) in zip(products, lines, strict=True)
        ]
        total = sum(line_total for _, _, line_total in priced)
        self._run(
            "INSERT INTO orders (id, number, customer_id, manager_id, placed_by, ordered_at, status, on_decline,"
            " expires_at, currency, total_minor, item_count, adjustment_count, personal, version, event_count)"
            " VALUES (?, ?, ?, ?, ?, ?, 'pending', 'cancel', ?, 'EUR', ?, ?, 0, ?, 1, 1)",
            (id(order), number, id(customer), manager, id(ACTOR), now, now, total, len(lines), bytes(personal)),
        )
        self._many(
            "INSERT INTO order_items (order_id, position, id, product_id, sku, name, unit_price_minor, quantity,"
            " line_total_minor, quantity_claimed, quantity_cancelled, quantity_shipped, quantity_delivered,"
            " quantity_returned) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0)",
            [
                (id(order), at, id(uuid7()), product[0], lines[at][0], product[1], product[2], quantity, line_total)
                for at, (product, quantity, line_total) in enumerate(priced)
            ],
        )
        self._many(
            "INSERT INTO allocations (order_id, position, location_id, product_id, quantity) VALUES (?, ?, ?, ?, ?)",
            [(id(order), at, id(LOCATION), product[0], quantity) for at, (product, quantity, _) in enumerate(priced)],
        )
        self._run(
            "INSERT INTO payments (order_id, id, amount_minor, method, status, is_external, is_unknown,"
            " authorised_minor, captured_minor, refunded_minor, authorise_pending_minor, capture_pending_minor,"
            " refund_pending_minor, ordered_at, changed_at)"
            " VALUES (?, ?, ?, 'card', 'pending', ?, ?, 0, 0, 0, ?, 0, 0, ?, ?)",
            (id(order), id(payment), total, False, False, total, now, now),
        )
        self._run(
            "INSERT INTO payment_attempts (order_id, position, id, kind, status, amount_minor, token, started_at)"
            " VALUES (?, 0, ?, 'authorise', 'pending', ?, ?, ?)",
            (id(order), id(attempt), total, b"tok_visa", now),
        )
        placed = {"number": number, "total_minor": total, "lines": [{"sku": sku, "quantity": n} for sku, n in lines]}
        self._event(order, 1, "order.placed.v1", now, placed)
        self._commit()
        return order, attempt, total

    def record(self, order: UUID, attempt: UUID, total: int) -> None:
        """Transaction two: order, payment, attempt, ledger, events, the request's outcome."""
        id, now = self._id, self._now()
        self._begin()
        self._rows(f"SELECT status, version, event_count FROM orders WHERE id = ?{self._lock}", (id(order),))
        self._rows("SELECT product_id, quantity FROM order_items WHERE order_id = ?", (id(order),))
        self._rows("SELECT authorised_minor, authorise_pending_minor FROM payments WHERE order_id = ?", (id(order),))
        self._run(
            "UPDATE orders SET status = 'confirmed', expires_at = NULL, version = 2, event_count = 3 WHERE id = ?",
            (id(order),),
        )
        self._run(
            "UPDATE payments SET status = 'authorised', authorised_minor = ?, authorise_pending_minor = 0,"
            " changed_at = ? WHERE order_id = ?",
            (total, now, id(order)),
        )
        self._run(
            "UPDATE payment_attempts SET status = 'succeeded', reference = ?, finished_at = ?"
            " WHERE order_id = ? AND id = ?",
            (f"authorise_{attempt}", now, id(order), id(attempt)),
        )
        self._run(
            "INSERT INTO ledger_entries (order_id, id, kind, amount_minor, at, attempt_id)"
            " VALUES (?, ?, 'authorised', ?, ?, ?)",
            (id(order), id(uuid7()), total, now, id(attempt)),
        )
        self._event(order, 2, "payment.recorded.v1", now, {"amount_minor": total, "attempt_id": str(attempt)})
        self._event(order, 3, "order.confirmed.v1", now, {})
        self._run(
            "UPDATE requests SET outcome = 'done', finished_at = ?"
            " WHERE resource_id = ? AND operation = 'place_order' AND outcome IS NULL",
            (now, id(order)),
        )
        self._commit()

    def _event(self, order: UUID, number: int, type_: str, now: Any, payload: dict[str, object]) -> None:
        self._run(
            "INSERT INTO events (stream, stream_id, number, type, occurred_at, actor_id, payload)"
            " VALUES ('order', ?, ?, ?, ?, ?, ?)",
            (self._id(order), number, type_, now, self._id(ACTOR), json.dumps(payload)),
        )

    def _number(self) -> int:
        if self._is_postgres:
            return int(self._rows("SELECT nextval('order_numbers')", ())[0][0])
        return int(self._rows("SELECT coalesce(max(number), 1000) + 1 FROM orders", ())[0][0])

    def _now(self) -> Any:
        micros = time.time_ns() // 1000
        if not self._is_postgres:
            return micros
        from datetime import UTC, datetime

        return datetime.fromtimestamp(micros / 1e6, UTC)

    def _begin(self) -> None:
        if not self._is_postgres:
            self._cursor.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        if self._is_postgres:
            self._connection.commit()
        else:
            self._cursor.execute("COMMIT")

    def _marked(self, statement: str) -> str:
        return statement.replace("?", "%s") if self._is_postgres else statement

    def _run(self, statement: str, values: Sequence[Any]) -> None:
        self._cursor.execute(self._marked(statement), values)

    def _many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self._cursor.executemany(self._marked(statement), rows)

    def _rows(self, statement: str, values: Sequence[Any]) -> list[Any]:
        self._cursor.execute(self._marked(statement), values)
        found: list[Any] = self._cursor.fetchall()
        return found


def on_sqlite(path: str) -> Handwritten:
    """The loop on a SQLite file, as durable as ordercore's."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    return Handwritten(connection, is_postgres=False)


def on_postgres(conninfo: str) -> Handwritten:
    """The loop on PostgreSQL, a round trip a statement."""
    import psycopg

    return Handwritten(psycopg.connect(conninfo), is_postgres=True)
