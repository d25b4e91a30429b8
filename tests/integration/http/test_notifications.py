from ordercore.adapters.payments.fake import FakeGateway
from tests.support.api import Api


def test_a_provider_is_heard_without_a_token_and_only_as_it_signed(api: Api) -> None:
    order = api.place(payment={"token": "tok_timeout"})
    gateway = api.shop._core.gateway
    assert isinstance(gateway, FakeGateway)
    body, headers = gateway.notification(order["payment"]["attempts"][0]["id"])
    stranger, path = api.app.test_client(), "/v1/payment-notifications/fake"
    refused = [
        stranger.post("/v1/payment-notifications/nobody", data=body, headers=headers),
        stranger.post(path, data=body),
        stranger.post(path, data=body + b" ", headers=headers),
    ]
    assert [(each.status_code, (each.json or {})["code"]) for each in refused] == [
        (404, "not_found"),
        (400, "bad_signature"),
        (400, "bad_signature"),
    ]
    heard = [stranger.post(path, data=body, headers=headers) for _ in range(2)]
    assert [(each.status_code, each.json) for each in heard] == [(200, {"heard": 1}), (200, {"heard": 0})]
    assert (api.get(f"/v1/orders/{order['id']}").json or {})["status"] == "confirmed"
