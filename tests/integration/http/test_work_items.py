from typing import Any

import pytest

from ordercore import Permission
from tests.support.api import Api
from tests.support.late_answers import contradicted


@pytest.fixture
def item(api: Api) -> dict[str, Any]:
    contradicted(api.shop)
    (found,) = (api.get("/v1/work-items?status=open").json or {})["data"]
    return dict(found)


def test_a_discrepancy_is_shown_with_its_order_and_listed_as_work(api: Api, item: dict[str, Any]) -> None:
    order = api.get(f"/v1/orders/{item['order_id']}").json or {}
    surplus = {"amount": "12.50", "currency": "EUR"}
    assert (order["payment"]["discrepancy"], item["amount"], item["kind"]) == (surplus, surplus, "payment_discrepancy")
    (attempt,) = order["payment"]["attempts"]
    assert (attempt["id"], attempt["status"], attempt["reported"]) == (item["attempt_id"], "declined", "approved")
    (row,) = (api.get("/v1/payments").json or {})["data"]
    assert (row["id"], row["discrepancy"]) == (item["payment_id"], surplus)
    one = api.get(f"/v1/work-items/{item['id']}")
    assert (one.json, one.headers["ETag"]) == (item, '"1"')


def test_a_work_item_is_settled_once_with_its_reason(api: Api, item: dict[str, Any]) -> None:
    path = f"/v1/work-items/{item['id']}/settle"
    assert api.post(path, {"reason": "refunded there"}, headers={"If-Match": '"7"'}).status_code == 412
    settled, again = (api.post(path, {"reason": "refunded there"}, key="once") for _ in range(2))
    assert (settled.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (200, 200, "true")
    assert settled.json == again.json
    assert ((settled.json or {})["status"], (settled.json or {})["resolution"]) == ("settled", "refunded there")
    assert api.post(path, {"reason": "refunded there"}).status_code == 409
    assert (api.get("/v1/work-items?status=open").json or {})["data"] == []
    assert len((api.get("/v1/work-items").json or {})["data"]) == 1
    order = api.get(f"/v1/orders/{item['order_id']}").json or {}
    assert order["payment"]["discrepancy"] == {"amount": "0.00", "currency": "EUR"}


def test_settling_needs_a_key_a_reason_and_a_scope(api: Api, item: dict[str, Any]) -> None:
    path = f"/v1/work-items/{item['id']}/settle"
    assert api.post(path, {"reason": "seen"}, key=None).status_code == 400
    refused = api.post(path, {}).json or {}
    assert [each["pointer"] for each in refused["errors"]] == ["/reason"]
    reader = api.with_scopes(Permission.PAYMENTS_READ)
    assert reader.get(f"/v1/work-items/{item['id']}").status_code == 200
    assert reader.post(path, {"reason": "seen"}).status_code == 403
    assert api.post("/v1/work-items/nothing/settle", {"reason": "seen"}).status_code == 404
