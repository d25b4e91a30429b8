from urllib.parse import quote

import pytest

from ordercore import Permission
from tests.support.api import BUYER, HOME, Api

PASSWORD = "long enough to be one"
PRICE = {"amount": "9.90", "currency": "EUR"}


def test_a_product_is_added_edited_and_archived(api: Api) -> None:
    added = api.post("/v1/products", {"sku": "CUP", "name": "Cup", "price": PRICE, "quantity_in_stock": 3})
    product = added.json or {}
    path = added.headers["Location"]
    assert added.status_code == 201
    assert api.get(path).json == api.get("/v1/products/sku:CUP").json == product
    edited = api.put(path, {"name": "Big cup", "price": PRICE}, headers={"If-Match": added.headers["ETag"]})
    assert (edited.json or {})["name"] == "Big cup"
    assert edited.headers["ETag"] != added.headers["ETag"]
    archived = api.ask("DELETE", path)
    assert (archived.json or {})["is_archived"] is True
    assert [row["sku"] for row in (api.get("/v1/products").json or {})["data"]] == ["MUG"]


def test_products_are_searched_and_low_ones_listed(api: Api) -> None:
    api.stock("CUP", quantity=1, low_stock_threshold=2, category="kitchen")
    for query in ("low=true", "text=cU", "category=kitchen"):
        rows = (api.get(f"/v1/products?{query}").json or {})["data"]
        assert [row["sku"] for row in rows] == ["CUP"], query


def test_stock_is_received_adjusted_and_its_movements_listed(api: Api) -> None:
    received = api.post("/v1/products/sku:MUG/stock/receipts", {"quantity": 5, "reason": "delivery"})
    adjusted = api.post("/v1/products/sku:MUG/stock/adjustments", {"change": -2, "reason": "broken"})
    assert (received.status_code, adjusted.status_code) == (201, 201)
    assert (adjusted.json or {})["quantity_in_stock"] == 43
    movements = (api.get("/v1/products/sku:MUG/movements").json or {})["data"]
    assert [(each["kind"], each["quantity"]) for each in movements] == [
        ("adjusted", -2),
        ("received", 5),
        ("initial", 40),
    ]


def test_a_refused_adjustment_names_the_orders(api: Api) -> None:
    number = api.place()["number"]
    problem = api.post("/v1/products/sku:MUG/stock/adjustments", {"change": -39}).json or {}
    assert problem["order_numbers"] == [number]


def test_a_customer_is_registered_edited_and_found(api: Api) -> None:
    registered = api.post("/v1/customers", {"contact": BUYER, "address": HOME, "locale": "de"})
    path = registered.headers["Location"]
    assert registered.status_code == 201
    assert api.get(path).json == registered.json
    edited = api.put(path, {"contact": {**BUYER, "name": "Ann B"}}, headers={"If-Match": registered.headers["ETag"]})
    assert (edited.json or {})["contact"]["name"] == "Ann B"
    assert (edited.json or {})["address"] is None
    found = api.get("/v1/customers", query_string={"email": BUYER["email"].upper()}).json or {}
    assert [row["id"] for row in found["data"]] == [(registered.json or {})["id"]]


def test_who_may_not_read_customers_sees_none_of_them(api: Api) -> None:
    clerk = api.with_scopes(Permission.CUSTOMERS_MANAGE)
    registered = clerk.post("/v1/customers", {"contact": BUYER, "address": HOME})
    assert registered.status_code == 201
    assert (registered.json or {})["contact"] is None
    assert clerk.get(registered.headers["Location"]).status_code == 403


def test_admins_are_made_listed_deactivated_and_given_new_passwords(api: Api) -> None:
    made = api.post("/v1/admins", {"username": "ann", "password": PASSWORD})
    path = made.headers["Location"]
    assert made.status_code == 201
    assert PASSWORD not in made.text
    assert "hash" not in made.text
    assert api.get(path).json == made.json
    assert api.post(f"{path}/password", {"password": PASSWORD + "!"}).status_code == 200
    gone = api.post(f"{path}/deactivate")
    assert (gone.json or {})["is_active"] is False
    assert {row["username"] for row in (api.get("/v1/admins").json or {})["data"]} == {"shop", "ann"}


def test_a_card_becomes_a_token_and_leaves_no_trace(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    card = {"number": "4242 4242 4242 4242", "expiry_month": 12, "expiry_year": 2040, "cvc": "123"}
    answer = api.post("/v1/payment-tokens", {"card": card})
    assert (answer.status_code, answer.json) == (201, {"token": "tok_visa"})
    wrong = api.post("/v1/payment-tokens", {"card": {**card, "number": "4242 4242 4242 4241", "cvc": "98765"}})
    assert wrong.status_code == 422
    for secret in ("4242", "98765"):
        assert secret not in wrong.text
        assert secret not in caplog.text


def test_events_tell_nothing_personal_and_need_their_scope(api: Api) -> None:
    api.place()
    events = (api.get("/v1/events?stream=order&limit=2").json or {})["data"]
    assert events[0]["type"] == "order.placed.v1"
    assert "ann@example.com" not in api.get("/v1/events").text
    assert api.with_scopes(Permission.ORDERS_READ).get("/v1/events").status_code == 403


def test_payments_are_listed(api: Api) -> None:
    order = api.place()
    (row,) = (api.get("/v1/payments?status=authorised").json or {})["data"]
    assert (row["order_id"], row["authorised"]) == (order["id"], {"amount": "25.00", "currency": "EUR"})


@pytest.mark.parametrize("name", ["MUG", "sku:MUG"])
def test_a_product_is_found_by_its_sku(api: Api, name: str) -> None:
    found = api.get(f"/v1/products/{name}")
    assert (found.status_code, (found.json or {})["sku"]) == (200, "MUG")


def test_a_sku_that_is_none_names_nothing(api: Api) -> None:
    assert api.get("/v1/products/no-such-sku").status_code == 404
    assert api.get("/v1/products/%00").status_code == 404


SLASHED = ["SL/", "SL//", "/SL", "a/b", "SL/movements", "SL/stock/receipts", "sku:SL/", "/", "//", "a/../SL", "SL/\n"]


@pytest.mark.parametrize("sku", [sku for sku in SLASHED if sku.isprintable()])
def test_a_sku_with_slashes_names_its_own_product_only(api: Api, sku: str) -> None:
    api.stock("SL")
    product = api.stock(sku)
    name = "sku:" + quote(sku, safe="")
    assert api.put(f"/v1/products/{name}", {**a_mug(), "name": "slashed"}).status_code == 200
    received = api.post(f"/v1/products/{name}/stock/receipts", {"quantity": 5})
    moved = api.get(f"/v1/products/{name}/movements")
    assert (received.json or {})["sku"] == sku
    assert [movement["quantity"] for movement in (moved.json or {})["data"]] == [5, 40]
    archived = api.ask("DELETE", f"/v1/products/{name}")
    assert (archived.json or {})["id"] == product["id"]
    other = api.get("/v1/products/sku:SL").json or {}
    assert (other["is_archived"], other["on_hand"], other["name"]) == (False, 40, "Sl")


@pytest.mark.parametrize("sku", SLASHED)
def test_a_sku_with_slashes_that_nothing_has_is_not_found(api: Api, sku: str) -> None:
    api.stock("SL")
    for method in ("PUT", "DELETE"):
        answer = api.ask(method, f"/v1/products/sku:{quote(sku, safe='')}", json=a_mug() if method == "PUT" else {})
        assert (answer.status_code, (answer.json or {})["code"]) == (404, "not_found")
    assert not (api.get("/v1/products/sku:SL").json or {})["is_archived"]


def a_mug() -> dict[str, object]:
    return {"name": "Mug", "price": {"amount": "12.50", "currency": "EUR"}}
