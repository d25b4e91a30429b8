"""Card numbers and bearer secrets are found wherever a text or a blob can be, and named without being shown."""

from __future__ import annotations

import pytest

import ordercore
from ordercore import CreateToken, Permission
from ordercore.adapters.sql.health_secrets import PAGE
from tests.integration.doctor.conftest import Patient
from tests.integration.doctor.test_examination import order

CARD = "4242424242424242"


def blob(patient: Patient, text: str) -> str:
    return f"convert_to('{text}', 'UTF8')" if patient.is_postgres else f"CAST('{text}' AS BLOB)"


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("events", "payload"),
        ("requests", "key"),
        ("orders", "personal"),
        ("customers", "personal"),
        ("order_references", "reference"),
        ("payment_attempts", "token"),
        ("shipments", "label"),
        ("stock_movements", "reason"),
    ],
)
def test_a_card_number_anywhere_is_seen_and_not_shown(patient: Patient, table: str, column: str) -> None:
    is_blob = column in ("personal", "token", "label")
    value = blob(patient, f"pay with {CARD}") if is_blob else f"'pay with {CARD}'"
    where = {
        "events": f"stream = 'order' AND number = 1 AND stream_id = {order('confirmed')}",
        "requests": "key = 'shipped'",
        "orders": f"id = {order('confirmed')}",
        "customers": f"id = (SELECT customer_id FROM orders WHERE id = {order('confirmed')})",
        "order_references": "reference = 'basket-1'",
        "payment_attempts": f"order_id = {order('confirmed')}",
        "shipments": f"order_id = {order('shipped')}",
        "stock_movements": "kind = 'adjusted'",
    }[table]
    patient.suffer(f"UPDATE {table} SET {column} = {value} WHERE {where}")
    found = patient.broken()["card_numbers"]
    assert found.guarantee == 8
    assert f"not so for 1 ({table} " in found.detail
    assert CARD not in found.detail


def test_a_bearer_secret_is_seen_and_not_shown(patient: Patient) -> None:
    with ordercore.open(patient.url) as shop:
        _, secret = shop.tokens.create(CreateToken(name="leak", permissions=frozenset({Permission.ORDERS_READ})))
    assert "bearer_secrets" not in patient.broken()
    patient.suffer(f"UPDATE stock_movements SET reason = 'Bearer {secret}' WHERE kind = 'adjusted'")
    broken = patient.broken()
    assert set(broken) == {"bearer_secrets"}
    assert secret not in broken["bearer_secrets"].detail


def test_every_page_is_looked_at(patient: Patient) -> None:
    id = "gen_random_uuid()" if patient.is_postgres else "randomblob(16)"
    rows = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {3 * PAGE})"
    columns = "order_id, id, kind, label, amount_minor, is_tax_included"
    patient.suffer(
        f"INSERT INTO adjustments ({columns}) {rows} SELECT {id}, {id}, 'gift', '{CARD}', 0,"
        f" {'false' if patient.is_postgres else '0'} FROM n"
    )
    assert f"not so for {3 * PAGE} (" in patient.broken()["card_numbers"].detail
