"""Each check is broken by raw SQL, exactly it where it is independent of the others, and seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import frozen

import ordercore
from tests.integration.doctor.conftest import Patient


@frozen
class Injury:
    """Raw SQL that breaks `guarantee`; `broken` are all the checks that see it, `names` what the first one says."""

    guarantee: int
    broken: tuple[str, ...]
    statements: Sequence[str]
    names: str = ""
    unchecked: tuple[str, ...] = ()


def order(reference: str) -> str:
    return f"(SELECT id FROM orders WHERE external_reference = '{reference}')"


def product(sku: str) -> str:
    return f"(SELECT id FROM products WHERE sku = '{sku}')"


def owned(table: str, changes: str, reference: str, also: str = "") -> str:
    return f"UPDATE {table} SET {changes} WHERE order_id = {order(reference)} {also}"


def stock_of(sku: str, changes: str) -> str:
    return f"UPDATE stock SET {changes} WHERE product_id = {product(sku)}"


SUMS = ("payments.ck_payments_sums",)
QUANTITIES = ("order_items.ck_order_items_quantities",)
LEVELS = ("stock.ck_stock_levels",)

INJURIES = {
    "negative available": Injury(
        1, ("stock_levels", "on_hand"), [stock_of("BOWL", "on_hand = 1")], "BOWL", unchecked=LEVELS
    ),
    "reserved too much": Injury(2, ("reserved",), [stock_of("BOWL", "reserved = reserved + 1")], "BOWL"),
    "reserved without a level": Injury(
        2, ("reserved", "on_hand", "stock_exists"), [f"DELETE FROM stock WHERE product_id = {product('BOWL')}"], "BOWL"
    ),
    "pieces from nowhere": Injury(2, ("on_hand",), [stock_of("BOWL", "on_hand = on_hand + 1")], "BOWL"),
    "an allocation lost": Injury(
        2,
        ("allocations",),
        [
            f"DELETE FROM allocations WHERE order_id = {order('unknown')}",
            stock_of("MUG", "reserved = reserved - 1"),
        ],
    ),
    "an allocation of another product": Injury(
        2,
        ("allocations", "reserved"),
        [owned("allocations", f"product_id = {product('BOWL')}", "unknown")],
    ),
    "an alert forgotten": Injury(
        2, ("low_stock",), ["UPDATE products SET is_low = NOT is_low WHERE sku = 'PLATE'"], "PLATE"
    ),
    "an alert on what is archived": Injury(
        2, ("low_stock",), ["UPDATE products SET is_low = NOT is_low WHERE sku = 'TEAPOT'"], "TEAPOT"
    ),
    "a line miscounted": Injury(
        3,
        ("line_totals",),
        [
            owned("order_items", "line_total_minor = line_total_minor + 100", "confirmed", "AND position = 0"),
            owned("order_items", "line_total_minor = line_total_minor - 100", "confirmed", "AND position = 1"),
        ],
    ),
    "a total changed": Injury(
        3,
        ("order_totals", "payment_amounts"),
        [f"UPDATE orders SET total_minor = total_minor + 1 WHERE id = {order('confirmed')}"],
    ),
    "a total below zero": Injury(
        3,
        ("totals_positive", "order_totals", "payment_amounts"),
        [f"UPDATE orders SET total_minor = -1 WHERE id = {order('confirmed')}"],
        unchecked=("orders.ck_orders_total",),
    ),
    "an item miscounted": Injury(
        3, ("item_counts",), [f"UPDATE orders SET item_count = item_count + 1 WHERE id = {order('confirmed')}"]
    ),
    "an order without items": Injury(
        3,
        ("item_counts", "allocations", "order_totals"),
        [f"DELETE FROM order_items WHERE order_id = {order('confirmed')}"],
    ),
    "a payment lost": Injury(
        3, ("one_payment", "ledger"), [f"DELETE FROM payments WHERE order_id = {order('basket-1')}"]
    ),
    "a payment of another amount": Injury(
        3, ("payment_amounts",), [owned("payments", "amount_minor = amount_minor + 1", "confirmed")]
    ),
    "more shipped than ordered": Injury(
        3,
        ("quantities", "order_status", "allocations", "shipment_pieces"),
        [owned("order_items", "quantity_shipped = quantity + 1", "confirmed", "AND position = 0")],
        unchecked=QUANTITIES,
    ),
    "a status without its pieces": Injury(
        3,
        ("order_status", "last_event"),
        [f"UPDATE orders SET status = 'delivered' WHERE id = {order('shipped')}"],
    ),
    "a confirmed order without money": Injury(
        3,
        ("status_of_payment", "payment_status"),
        [owned("payments", "status = 'declined'", "confirmed")],
    ),
    "a cancelled order without a reason": Injury(
        3, ("order_ends",), [f"UPDATE orders SET cancel_reason = NULL WHERE id = {order('refunded')}"]
    ),
    "a pending order that never expires": Injury(
        3, ("order_ends",), [f"UPDATE orders SET expires_at = NULL WHERE id = {order('unknown')}"]
    ),
    "a claim without a shipment": Injury(
        3, ("shipment_claims",), [owned("order_items", "quantity_claimed = 1", "confirmed", "AND position = 0")]
    ),
    "pieces gone without a parcel": Injury(
        3,
        ("shipment_pieces",),
        [
            "DELETE FROM shipment_lines WHERE shipment_id ="
            f" (SELECT id FROM shipments WHERE order_id = {order('delivered')})"
        ],
    ),
    "a label lost": Injury(3, ("labels",), [owned("shipments", "label = NULL", "shipped")]),
    "a tracking number lost": Injury(3, ("labels",), [owned("shipments", "tracking_number = ''", "shipped")]),
    "more captured than authorised": Injury(
        4,
        ("payment_sums", "ledger"),
        [owned("payments", "captured_minor = captured_minor + 1", "captured")],
        unchecked=SUMS,
    ),
    "more asked than due": Injury(
        4,
        ("payment_sums", "pending_sums"),
        [owned("payments", "authorise_pending_minor = 1", "confirmed")],
        unchecked=SUMS,
    ),
    "pending money forgotten": Injury(
        4, ("pending_sums",), [owned("payments", "capture_pending_minor = 0", "claimed")]
    ),
    "a ledger entry lost": Injury(
        4,
        ("ledger", "booked_once"),
        [f"DELETE FROM ledger_entries WHERE order_id = {order('captured')} AND kind = 'captured'"],
    ),
    "an entry of another attempt": Injury(
        4,
        ("booked_once",),
        [owned("ledger_entries", "attempt_id = order_id", "captured", "AND kind = 'captured'")],
    ),
    "an entry that nobody asked for": Injury(
        4,
        ("booked_once",),
        [owned("ledger_entries", "attempt_id = NULL", "captured", "AND kind = 'captured'")],
    ),
    "a discrepancy forgotten": Injury(4, ("ledger",), [owned("payments", "discrepancy_minor = 0", "contradicted")]),
    "a discrepancy without its entry": Injury(
        4,
        ("discrepancies", "ledger"),
        [f"DELETE FROM ledger_entries WHERE order_id = {order('contradicted')} AND kind = 'discrepancy'"],
    ),
    "a discrepancy that nobody is told of": Injury(
        4, ("discrepancies",), [owned("work_items", "status = 'settled', settled_at = opened_at", "contradicted")]
    ),
    "a work item about more than there is": Injury(
        4, ("discrepancies",), [owned("work_items", "amount_minor = amount_minor + 1", "contradicted")]
    ),
    "a work item opened again": Injury(
        4, ("discrepancies",), [owned("work_items", "status = 'open', settled_at = NULL", "looked into")]
    ),
    "a work item's event lost": Injury(
        6,
        ("event_numbers",),
        ["DELETE FROM events WHERE stream = 'work_item' AND type = 'work_item.settled.v1'"],
        "work_item payment_discrepancy",
    ),
    "two attempts at once": Injury(
        4,
        ("one_open_attempt", "pending_sums"),
        [
            "INSERT INTO payment_attempts (order_id, id, position, kind, status, amount_minor, started_at)"
            " SELECT order_id, order_id, position + 1, kind, 'pending', amount_minor, started_at FROM payment_attempts"
            f" WHERE order_id = {order('unknown')}"
        ],
    ),
    "an answer without an end": Injury(
        4,
        ("attempt_ends", "pending_sums"),
        [owned("payment_attempts", "finished_at = NULL", "confirmed")],
    ),
    "a flag forgotten": Injury(4, ("unknown_flag",), [owned("payments", "is_unknown = NOT is_unknown", "unknown")]),
    "a payment's status changed": Injury(
        4, ("payment_status",), [owned("payments", "status = 'captured'", "confirmed")]
    ),
    "a reference that nobody claimed": Injury(
        5, ("external_references",), [f"DELETE FROM order_references WHERE order_id = {order('basket-1')}"]
    ),
    "a reference to another order": Injury(
        5, ("external_references",), [owned("order_references", f"order_id = {order('basket-2')}", "basket-1")]
    ),
    "a gap in a stream": Injury(
        6,
        ("event_numbers",),
        [f"DELETE FROM events WHERE stream = 'order' AND stream_id = {order('delivered')} AND number = 3"],
    ),
    "an order's last event lost": Injury(
        6,
        ("event_numbers", "last_event"),
        [
            f"DELETE FROM events WHERE stream = 'order' AND stream_id = {order('delivered')}"
            f" AND number = (SELECT event_count FROM orders WHERE id = {order('delivered')})"
        ],
    ),
    "an order's placement lost": Injury(
        6,
        ("order_placed",),
        [
            "UPDATE events SET type = 'order.noted.v1'"
            f" WHERE stream = 'order' AND stream_id = {order('free')} AND number = 1"
        ],
    ),
    "events of nobody": Injury(
        6,
        ("event_numbers",),
        [f"UPDATE events SET stream = 'parcel' WHERE stream = 'product' AND stream_id = {product('BOWL')}"],
    ),
    "a product's event lost": Injury(
        6,
        ("event_numbers",),
        [f"DELETE FROM events WHERE stream = 'product' AND stream_id = {product('BOWL')} AND number = 1"],
        "product BOWL",
    ),
    "a customer's event lost": Injury(
        6, ("event_numbers",), ["DELETE FROM events WHERE stream = 'customer' AND type = 'customer.edited.v1'"]
    ),
    "a shipment's event lost": Injury(
        6, ("event_numbers",), ["DELETE FROM events WHERE stream = 'shipment' AND type = 'shipment.delivered.v1'"]
    ),
    "an admin's event lost": Injury(
        6,
        ("event_numbers",),
        ["DELETE FROM events WHERE stream = 'admin' AND type = 'admin.deactivated.v1'"],
        "admin bob",
    ),
    "a token's event lost": Injury(
        6,
        ("event_numbers",),
        ["DELETE FROM events WHERE stream = 'token' AND type = 'token.revoked.v1'"],
        "token robot",
    ),
    "another event of an import": Injury(
        6, ("event_numbers",), ["UPDATE events SET number = 2 WHERE stream = 'import'"], "import of products"
    ),
    "positions against the numbers": Injury(
        6,
        ("event_positions",),
        [
            f"UPDATE events SET position = 1000 - number WHERE stream = 'order' AND stream_id = {order('delivered')}",
        ],
    ),
    "a position left out": Injury(
        6,
        ("event_positions",),
        [f"UPDATE events SET position = 7 WHERE stream = 'order' AND stream_id = {order('free')} AND number = 2"],
    ),
    "a lane that leads nowhere": Injury(
        6,
        ("event_lanes",),
        [
            "INSERT INTO subscriptions (id, name, kind, sealed, types, allows_private, status, added_at, version,"
            " event_count) SELECT id, 'till', 'webhook', personal, '*', is_guest, 'active', registered_at, 1, 0"
            " FROM customers LIMIT 1",
            "INSERT INTO event_lanes (subscription_id, stream, stream_id, again, next_number, last_number, tries,"
            " due_at) SELECT id, 'order', id, 0, 1, 1, 0, added_at FROM subscriptions",
        ],
    ),
    "a password in clear": Injury(
        8, ("password_hashes",), ["UPDATE admin_users SET password_hash = 'hunter2' WHERE username = 'ann'"], "ann"
    ),
    "a short hash": Injury(
        8,
        ("token_hashes",),
        ["UPDATE api_tokens SET secret_hash = SUBSTR(secret_hash, 1, 8) WHERE name = 'till'"],
        "till",
    ),
    "a manager who does not exist": Injury(
        9, ("managers",), [f"UPDATE orders SET manager_id = customer_id WHERE id = {order('confirmed')}"]
    ),
}


def test_a_filled_database_in_good_health_has_nothing_broken(patient: Patient) -> None:
    assert patient.broken() == {}
    findings = patient.examined()
    assert {each.guarantee for each in findings} == set(range(1, 10))
    assert list(findings) == sorted(findings, key=lambda each: each.guarantee)


@pytest.mark.parametrize("name", INJURIES)
def test_what_is_broken_is_seen_and_nothing_else(patient: Patient, name: str) -> None:
    injury = INJURIES[name]
    patient.suffer(*injury.statements, unchecked=injury.unchecked)
    broken = patient.broken()
    assert set(broken) == set(injury.broken)
    finding = broken[injury.broken[0]]
    assert finding.guarantee == injury.guarantee
    assert f"({injury.names}" in finding.detail


@pytest.mark.parametrize(
    ("guarantee", "table", "constraint"),
    [
        (1, "stock", "ck_stock_levels"),
        (2, "allocations", "ck_allocations_quantity"),
        (3, "order_items", "ck_order_items_quantities"),
        (4, "payments", "ck_payments_sums"),
        (5, "requests", "pk_requests"),
        (5, "order_references", "pk_order_references"),
        (6, "events", "pk_events"),
        (9, "orders", "fk_orders_manager_id"),
    ],
)
def test_a_constraint_that_is_gone_is_missed(patient: Patient, guarantee: int, table: str, constraint: str) -> None:
    patient.forget_constraints(table)
    assert set(patient.broken()) == {"constraints"}
    found = [each for each in patient.examined() if each.check == "constraints"]
    (missed,) = [each for each in found if each.guarantee == guarantee]
    assert constraint in missed.detail.partition("not so for")[2]


def test_an_order_number_used_twice_is_seen(patient: Patient) -> None:
    patient.forget_constraints("orders")
    patient.suffer(f"UPDATE orders SET number = 1001 WHERE id = {order('shipped')}")
    assert patient.broken()["order_numbers"].detail.endswith("not so for 1 (1001)")


def test_two_payments_of_one_order_are_seen(patient: Patient) -> None:
    patient.forget_constraints("payments")
    patient.suffer(f"INSERT INTO payments SELECT * FROM payments WHERE order_id = {order('confirmed')}")
    assert patient.broken()["one_payment"].guarantee == 3


def test_all_offenders_are_counted_and_five_are_named(patient: Patient) -> None:
    patient.suffer("UPDATE orders SET item_count = item_count + 1")
    detail = patient.broken()["item_counts"].detail
    _, _, offenders = detail.partition("not so for ")
    count, _, names = offenders.partition(" ")
    assert int(count) > 5
    assert names == "(1001, 1002, 1003, 1004, 1005, …)"


def test_an_old_request_that_nobody_works_on_is_noted(patient: Patient) -> None:
    patient.suffer("UPDATE requests SET outcome = NULL, finished_at = NULL WHERE key = 'k'")
    assert not patient.broken()
    long_ago = "'2020-01-01T00:00:00Z'" if patient.is_postgres else "0"
    patient.suffer(f"UPDATE requests SET claimed_at = {long_ago}")
    assert "(place_order)" in patient.note("unfinished_requests").detail
    assert not patient.broken()


def test_open_orders_of_an_inactive_admin_user_are_noted(patient: Patient) -> None:
    note = patient.note("hand_overs")
    assert note.guarantee == 9
    assert "not so for" in note.detail


def test_work_that_waits_for_somebody_is_noted(patient: Patient) -> None:
    note = patient.note("work_items")
    assert note.guarantee == 4
    assert "not so for 1 (" in note.detail


def test_who_is_asked_for_money_is_noted(patient: Patient) -> None:
    note = patient.note("payment_provider")
    assert (note.guarantee, note.detail) == (4, "payments go through the provider fake")


def test_what_is_not_sealed_is_noted(patient: Patient) -> None:
    assert "not configured" in patient.note("sealing").detail


def test_the_docs_explain_every_check() -> None:
    page = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text()
    with ordercore.in_memory() as shop:
        names = {each.check for each in shop.examine()}
    assert [name for name in sorted(names) if f"| `{name}` |" not in page] == []
