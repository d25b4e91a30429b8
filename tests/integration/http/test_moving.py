from tests.support.api import Api

FIVE = {"amount": {"amount": "5.00", "currency": "EUR"}}


def test_money_is_captured_and_refunded_in_parts(api: Api) -> None:
    path = f"/v1/orders/{api.place()['id']}"
    taken = api.post(f"{path}/captures")
    assert taken.status_code == 200
    back, again = (api.post(f"{path}/refunds", {**FIVE, "reason": "a scratch"}, key="once") for _ in range(2))
    assert (back.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (200, 200, "true")
    assert back.json == again.json
    assert (back.json or {})["payment"]["refunded"] == FIVE["amount"]
    assert (back.json or {})["payment"]["status"] == "partially_refunded"


def test_what_does_not_move_is_refused_with_its_code(api: Api) -> None:
    path = f"/v1/orders/{api.place()['id']}"
    dollars = {"amount": {"amount": "5.00", "currency": "USD"}}
    much = {"amount": {"amount": "500.00", "currency": "EUR"}}
    refusals = [api.post(f"{path}/refunds"), api.post(f"{path}/captures", much), api.post(f"{path}/captures", dollars)]
    api.post(f"{path}/captures")
    refusals += [api.post(f"{path}/refunds", much), api.post(f"{path}/refunds", dollars)]
    assert [(each.status_code, (each.json or {})["code"]) for each in refusals] == [
        (409, "transition_refused"),
        (422, "amount_unavailable"),
        (422, "currency_mismatch"),
        (422, "amount_unavailable"),
        (422, "currency_mismatch"),
    ]
    assert (refusals[1].json or {})["errors"][0]["pointer"] == "/amount"
    assert api.post(f"{path}/refunds", key=None).status_code == 400
    failing = api.place(payment={"token": "tok_captureFails"})
    declined = api.post(f"/v1/orders/{failing['id']}/captures")
    assert (declined.status_code, (declined.json or {})["code"]) == (422, "money_not_moved")
