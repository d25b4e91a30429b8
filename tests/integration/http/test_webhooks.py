from typing import Any

import pytest

from ordercore import Permission
from tests.support.api import Api

HOOK = {"address": "https://example.com/hook"}


def added(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.post("/v1/webhooks", {**HOOK, **more})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/webhooks/{(answer.json or {})['subscription']['id']}"
    return dict(answer.json or {})


def test_a_webhook_lives_over_http(api: Api) -> None:
    made = added(api, name="till", types=["order.*"], after=0)
    id = made["subscription"]["id"]
    found = api.get(f"/v1/webhooks/{id}")
    assert (found.status_code, found.json, found.headers["ETag"]) == (200, made["subscription"], '"1"')
    assert made["secret"] not in api.get("/v1/webhooks").text
    rotated = api.post(f"/v1/webhooks/{id}/rotate", {"overlap_hours": 0}).json or {}
    assert rotated["secret"] != made["secret"]
    for action, status in (("pause", "paused"), ("resume", "active"), ("replay", "active"), ("remove", "removed")):
        body = {"after": 0} if action == "replay" else {}
        answer = api.post(f"/v1/webhooks/{id}/{action}", body)
        assert (answer.status_code, (answer.json or {})["status"]) == (200, status)
    assert (api.get("/v1/webhooks").json or {})["data"] == []
    assert api.post(f"/v1/webhooks/{id}/pause", {}).status_code == 409


def test_what_waits_is_given_up_and_tried_again(api: Api) -> None:
    id = added(api, types=["product.*"], after=0)["subscription"]["id"]
    shop = api.shop
    shop.worker().relay.prepare()
    product = (api.get("/v1/products").json or {})["data"][0]["id"]
    poison = {"stream": "product", "stream_id": product, "number": 1, "reason": "poison"}
    buried = api.post(f"/v1/webhooks/{id}/dead-letters", poison)
    assert (buried.status_code, (buried.json or {})["status"]) == (201, "dead")
    assert api.post(f"/v1/webhooks/{id}/dead-letters", poison).status_code == 404
    assert (api.get(f"/v1/webhooks/{id}/dead-letters").json or {})["data"] == [buried.json]
    letter = (buried.json or {})["id"]
    assert (api.post(f"/v1/webhooks/{id}/dead-letters/{letter}/retry").json or {})["status"] == "retrying"
    assert api.post(f"/v1/webhooks/{id}/dead-letters/{letter}/retry").status_code == 409
    assert api.post(f"/v1/webhooks/{id}/dead-letters/{id}/retry").status_code == 404
    assert (api.get(f"/v1/webhooks/{id}/deliveries").json or {})["data"] == []


def test_a_test_says_what_came_back(api: Api) -> None:
    answer = api.post("/v1/webhooks", {"address": "http://127.0.0.1:9/hook", "allows_private": True})
    id = (answer.json or {})["subscription"]["id"]
    assert (api.post(f"/v1/webhooks/{id}/test").json or {})["answer"] == "retry"


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        ({"address": "http://127.0.0.1/hook"}, "/address"),
        ({"address": "no url"}, "/address"),
        ({**HOOK, "types": ["order*"]}, "/types/0"),
        ({**HOOK, "types": []}, "/types"),
        ({**HOOK, "after": -1}, "/after"),
        ({**HOOK, "allows_private": 1}, "/allows_private"),
    ],
)
def test_what_makes_no_webhook_is_refused(api: Api, payload: dict[str, Any], pointer: str) -> None:
    answer = api.post("/v1/webhooks", payload)
    assert (answer.status_code, (answer.json or {})["errors"][0]["pointer"]) == (422, pointer)


def test_events_are_followed_by_position_with_their_scope(api: Api) -> None:
    api.stock("CUP")
    reader = api.with_scopes(Permission.EVENTS_READ)
    first = reader.get("/v1/events?limit=1&type=product.*").json or {}
    (row,) = first["data"]
    assert first["next"] == str(row["position"])
    rest = reader.get(f"/v1/events?after={row['position']}&stream=product").json or {}
    assert [each["payload"]["sku"] for each in rest["data"]] == ["CUP"]
    assert reader.get("/v1/events?after=x").status_code == 422
    assert reader.get("/v1/webhooks").status_code == 403
    assert api.with_scopes(Permission.WEBHOOKS_MANAGE).get("/v1/webhooks").status_code == 200
