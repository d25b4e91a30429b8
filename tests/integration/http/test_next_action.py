from typing import Any

from ordercore.adapters.payments.fake import FakeGateway
from tests.support.api import Api, an_order


def test_placing_says_what_the_customer_has_to_do_and_settling_what_came_of_it(api: Api) -> None:
    card = {"number": "4000 0025 0000 3155", "expiry_month": 12, "expiry_year": 2040, "cvc": "123"}
    token = (api.post("/v1/payment-tokens", {"card": card}).json or {})["token"]
    wish = an_order(payment={"token": token})
    first, again = (api.post("/v1/orders", wish, key="once") for _ in range(2))
    order: dict[str, Any] = first.json or {}
    assert (first.status_code, again.status_code, order["status"]) == (202, 202, "pending")
    assert order["payment"]["next_action"]["kind"] == "redirect"
    assert (again.json or {})["payment"]["next_action"] == order["payment"]["next_action"]
    assert (api.get(f"/v1/orders/{order['id']}").json or {})["payment"]["next_action"] is None
    gateway = api.shop._core.gateway
    assert isinstance(gateway, FakeGateway)
    gateway.act(order["payment"]["next_action"]["value"].rpartition("/")[2])
    settled = api.post(f"/v1/payments/{order['id']}/settle")
    assert (settled.status_code, (settled.json or {})["status"]) == (200, "confirmed")
