from typing import Any
from uuid import UUID

import pytest

from ordercore import Permission
from tests.support.api import BUYER, HOME, Api, an_order, fresh_key

PASSWORD = "long enough to be one"


def customer_of(api: Api) -> str:
    answer = api.post("/v1/customers", {"contact": BUYER, "address": HOME})
    assert answer.status_code == 201, answer.text
    return str((answer.json or {})["id"])


def in_stock(api: Api) -> int:
    return int((api.get("/v1/products/sku:MUG").json or {})["quantity_in_stock"])


def test_one_request_places_a_paid_order(api: Api) -> None:
    answer = api.post("/v1/orders", an_order())
    order = answer.json or {}
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/orders/{order['id']}"
    assert answer.headers["ETag"] == f'"{order["version"]}"'
    assert order["status"] == "confirmed"
    assert order["customer"] == {"id": order["customer"]["id"], **BUYER}
    assert order["ship_to"] == {**HOME, "line2": "", "region": ""}
    assert order["total"] == {"amount": "25.00", "currency": "EUR"}
    assert order["payment"]["status"] == "authorised"
    (item,) = order["items"]
    assert (item["sku"], item["quantity"]) == ("MUG", 2)
    assert item["unit_price"] == {"amount": "12.50", "currency": "EUR"}
    assert in_stock(api) == 38


def test_no_answer_tells_the_token_of_a_card(api: Api) -> None:
    placed = api.place()
    for path in (f"/v1/orders/{placed['id']}", f"/v1/orders/{placed['id']}/events", "/v1/payments", "/v1/events"):
        assert "tok_" not in api.get(path).text


def test_an_order_is_found_by_its_id_and_its_number(api: Api) -> None:
    placed = api.place()
    assert api.get(f"/v1/orders/{placed['id']}").json == api.get(f"/v1/orders/{placed['number']}").json == placed


def test_a_repeated_request_has_one_effect_and_the_same_answer(api: Api) -> None:
    first, again = (api.post("/v1/orders", an_order(), key="same") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert in_stock(api) == 38


def test_the_same_key_of_another_token_is_another_request(api: Api) -> None:
    other = api.with_scopes(Permission.ALL)
    first, second = (each.post("/v1/orders", an_order(), key="same") for each in (api, other))
    assert (first.json or {})["id"] != (second.json or {})["id"]


def test_a_declined_order_is_named_and_kept(api: Api) -> None:
    problem = api.post("/v1/orders", an_order(payment={"token": "tok_chargeDeclined"})).json or {}
    order = api.get(f"/v1/orders/{problem['order_id']}").json or {}
    assert (order["status"], order["cancel_reason"]) == ("cancelled", "payment_declined")
    assert in_stock(api) == 40


def test_a_declined_order_may_wait_and_be_paid_again(api: Api) -> None:
    declined = api.post("/v1/orders", an_order(payment={"token": "tok_chargeDeclined"}, on_decline="hold")).json or {}
    paid = api.post(f"/v1/orders/{declined['order_id']}/pay", {"token": "tok_visa"})
    assert paid.status_code == 200
    assert (paid.json or {})["status"] == "confirmed"


def test_an_outstanding_answer_is_202_until_it_is_settled(api: Api) -> None:
    answer = api.post("/v1/orders", an_order(payment={"token": "tok_timeout"}))
    order = answer.json or {}
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/orders/{order['id']}"
    assert (order["status"], order["payment"]["unknown"]) == ("pending", True)
    assert [row["order_id"] for row in (api.get("/v1/payments?unknown=true").json or {})["data"]] == [order["id"]]
    assert api.post(f"/v1/payments/{order['id']}/settle", key=None).status_code == 400
    settled = api.post(f"/v1/payments/{order['id']}/settle")
    assert settled.status_code == 200
    assert (settled.json or {})["status"] == "confirmed"


def test_an_admin_decides_what_nobody_can_tell(api: Api) -> None:
    order = api.place(payment={"token": "tok_timeout"})
    decision = {"outcome": "declined", "reason": "bank says no"}
    decided, again = (api.post(f"/v1/payments/{order['id']}/resolve", decision, key="once") for _ in range(2))
    assert (decided.status_code, again.status_code) == (200, 200)
    assert (decided.json or {})["status"] == "cancelled"
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_quote_prices_and_reserves_nothing(api: Api) -> None:
    answer = api.ask("POST", "/v1/quotes", json={"items": [{"sku": "MUG", "quantity": 3}]})
    assert answer.status_code == 200
    assert (answer.json or {})["total"] == {"amount": "37.50", "currency": "EUR"}
    assert in_stock(api) == 40


def test_many_orders_at_once_have_their_own_outcomes(api: Api) -> None:
    orders: list[dict[str, Any]] = [
        {**an_order(), "idempotency_key": "one"},
        {**an_order(items=[{"sku": "MUG", "quantity": 0}]), "idempotency_key": "two"},
        {**an_order(items=[{"sku": "MUG", "quantity": 39}]), "idempotency_key": "three"},
        {**an_order(), "idempotency_key": "one"},
        an_order(),
    ]
    answer = api.ask("POST", "/v1/orders/batch", json={"orders": orders})
    outcomes = (answer.json or {})["outcomes"]
    assert answer.status_code == 200
    assert [each["status"] for each in outcomes] == [201, 422, 409, 201, 422]
    assert [each["replayed"] for each in outcomes] == [False, False, False, True, False]
    assert outcomes[0]["order"]["id"] == outcomes[3]["order"]["id"]
    assert outcomes[1]["problem"]["errors"][0]["pointer"] == "/items/0/quantity"
    assert outcomes[2]["problem"]["code"] == "out_of_stock"
    assert outcomes[4]["problem"]["errors"][0]["pointer"] == "/idempotency_key"


def test_a_key_counts_in_a_batch_and_alone(api: Api) -> None:
    alone = api.post("/v1/orders", an_order(), key="both").json or {}
    batch = api.ask("POST", "/v1/orders/batch", json={"orders": [{**an_order(), "idempotency_key": "both"}]}).json
    assert (batch or {})["outcomes"][0]["order"]["id"] == alone["id"]


def test_an_order_is_shipped_and_delivered(api: Api) -> None:
    placed = api.place()
    shipped = api.post(f"/v1/orders/{placed['id']}/ship", {"reason": "packed"})
    shipment = shipped.json or {}
    assert shipped.status_code == 201
    assert shipped.headers["Location"] == f"/v1/shipments/{shipment['id']}"
    assert shipment["tracking_number"]
    assert api.get(shipped.headers["Location"]).json == shipment
    assert (api.get(f"/v1/orders/{placed['id']}/shipments").json or {})["data"] == [shipment]
    label = api.get(shipment["label"])
    assert label.status_code == 200
    assert label.headers["Content-Disposition"].startswith("attachment")
    delivered = api.post(f"/v1/orders/{placed['id']}/deliver")
    assert (delivered.json or {})["status"] == "delivered"
    assert (api.get("/v1/shipments?status=delivered").json or {})["data"][0]["id"] == shipment["id"]


def test_shipping_again_with_the_key_ships_nothing_more(api: Api) -> None:
    placed = api.place()
    first, again = (api.post(f"/v1/orders/{placed['id']}/ship", key="ship") for _ in range(2))
    assert (first.json or {})["id"] == (again.json or {})["id"]
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_label_that_was_never_made_is_not_there(api: Api) -> None:
    assert api.get("/v1/shipments/01a20907-7811-7584-a8eb-8ab1a8ea0b5b/label").status_code == 404


def test_a_cancelled_order_gives_its_stock_back(api: Api) -> None:
    placed = api.place()
    cancelled = api.post(f"/v1/orders/{placed['number']}/cancel", {"reason": "second thoughts"})
    assert cancelled.status_code == 200
    assert (cancelled.json or {})["payment"]["status"] == "voided"
    assert in_stock(api) == 40


def test_the_address_of_an_unshipped_order_is_corrected(api: Api) -> None:
    placed = api.place()
    corrected = api.put(f"/v1/orders/{placed['id']}/ship-to", {"ship_to": {**HOME, "line1": "Side St 2"}})
    assert (corrected.json or {})["ship_to"]["line1"] == "Side St 2"


def test_an_order_is_handed_to_another_admin(api: Api) -> None:
    admin = api.post("/v1/admins", {"username": "ann", "password": PASSWORD}).json or {}
    placed = api.place()
    handed = api.post(f"/v1/orders/{placed['id']}/hand-over", {"manager_id": admin["id"]})
    assert (handed.json or {})["manager_id"] == admin["id"]
    events = (api.get(f"/v1/orders/{placed['id']}/events").json or {})["data"]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))


def test_the_version_that_was_looked_at_is_heeded(api: Api) -> None:
    placed = api.place()
    path = f"/v1/orders/{placed['id']}/cancel"
    assert api.post(path, headers={"If-Match": '"1"'}).status_code == 412
    assert api.post(path, headers={"If-Match": f'"{placed["version"]}"'}).status_code == 200


def test_orders_are_listed_page_by_page_newest_first(api: Api) -> None:
    placed = [api.place()["id"] for _ in range(5)]
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = api.get("/v1/orders", query_string={"limit": 2, **({"after": after} if after else {})}).json or {}
        assert len(page["data"]) <= 2
        seen += [row["id"] for row in page["data"]]
        after = page["next"]
    assert seen == placed[::-1]


def test_orders_are_narrowed_by_status_and_customer(api: Api) -> None:
    kept, cancelled = api.place(), api.place()
    api.post(f"/v1/orders/{cancelled['id']}/cancel")
    by_status = api.get("/v1/orders?status=cancelled").json or {}
    by_customer = api.get(f"/v1/orders?customer_id={kept['customer']['id']}").json or {}
    assert [row["id"] for row in by_status["data"]] == [cancelled["id"]]
    assert {row["id"] for row in by_customer["data"]} == {kept["id"], cancelled["id"]}


def test_a_known_customer_orders_by_id(api: Api) -> None:
    id = customer_of(api)
    order = api.place(customer={"id": id}, ship_to=None)
    assert order["customer"]["id"] == id
    assert order["ship_to"]["line1"] == HOME["line1"]


def test_who_may_not_read_orders_sees_only_what_it_said_itself(api: Api) -> None:
    buyer, stranger = (api.with_scopes(Permission.ORDERS_PLACE) for _ in range(2))
    waiting = an_order(payment={"token": "tok_chargeDeclined"}, on_decline="hold")
    id = (buyer.post("/v1/orders", waiting).json or {})["order_id"]
    paid = stranger.post(f"/v1/orders/{id}/pay", {"token": "tok_visa"}).json or {}
    assert (paid["customer"]["name"], paid["customer"]["email"], paid["ship_to"]) == (None, None, None)
    own = buyer.post("/v1/orders", an_order()).json or {}
    assert own["customer"]["email"] == BUYER["email"]


@pytest.mark.parametrize(
    ("method", "path", "payload"),
    [
        ("POST", "/v1/orders", an_order()),
        ("POST", "/v1/orders/1001/pay", {"token": "tok_visa"}),
        ("POST", "/v1/orders/1001/cancel", None),
        ("POST", "/v1/orders/1001/ship", None),
        ("POST", "/v1/products/sku:MUG/stock/receipts", {"quantity": 1}),
        ("POST", "/v1/products/sku:MUG/stock/adjustments", {"change": 1}),
    ],
)
def test_a_key_is_required_where_money_or_stock_moves(api: Api, method: str, path: str, payload: object) -> None:
    answer = api.ask(method, path) if payload is None else api.ask(method, path, json=payload)
    assert answer.status_code == 400
    assert (answer.json or {})["code"] == "idempotency_key_required"


def test_ids_are_uuids_of_version_7(api: Api) -> None:
    assert UUID(api.place()["id"]).version == 7


def test_a_hostile_number_is_no_order(api: Api) -> None:
    assert api.get("/v1/orders/" + "9" * 30).status_code == 404
    assert api.get("/v1/orders/%00").status_code == 404
    assert api.get("/v1/products/sku:%00").status_code == 404


def test_fresh_keys_differ() -> None:
    assert fresh_key() != fresh_key()
