import logging
from collections import defaultdict

import pytest

from ordercore import Permission
from ordercore.entrypoints.http.app import CAPABILITIES, HEADERS, create_app
from ordercore.entrypoints.http.openapi import path_of
from ordercore.entrypoints.http.operations import Key, Operation, all_operations
from tests.support.api import Api, an_order

OPERATIONS = list(all_operations(CAPABILITIES))


def address_of(operation: Operation) -> str:
    return path_of(operation).format_map(defaultdict(lambda: "x", order="1001", product="sku:MUG"))


@pytest.mark.parametrize("path", ["/v1/orders", "/healthz", "/readyz", "/openapi.json", "/docs", "/nowhere", "/docs/x"])
def test_every_answer_carries_the_security_headers(api: Api, path: str) -> None:
    answer = api.get(path)
    assert HEADERS.items() <= dict(answer.headers).items()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_answers_with_personal_data_are_kept_by_no_cache(api: Api) -> None:
    assert api.get("/v1/orders").headers["Cache-Control"] == "no-store"


def test_health_and_readiness_need_no_token(api: Api) -> None:
    stranger = Api(api.shop, api.app)
    assert stranger.get("/healthz").json == {"status": "ok"}
    assert stranger.get("/readyz").json == {"status": "ready"}


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if not each.is_open], ids=lambda operation: operation.view.__name__
)
def test_no_operation_answers_who_has_no_token_or_no_scope(api: Api, operation: Operation) -> None:
    path, key = address_of(operation), None if operation.key is Key.NONE else "key"
    payload: object = {} if operation.body else None
    malformed = {422} if operation.needs_body else set()
    unknown = Api(api.shop, api.app).ask(operation.method, path, key=key, json=payload)
    powerless = api.with_scopes(Permission.TOKENS_MANAGE).ask(operation.method, path, key=key, json=payload)
    assert unknown.status_code in {401} | malformed, unknown.text
    assert powerless.status_code in {403, 404} | malformed, powerless.text


def test_our_own_fault_is_500_and_logged_without_what_was_processed(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ann" + "@example.com")

    monkeypatch.setattr("ordercore.application.ordering.Ordering.place", broken)
    with caplog.at_level(logging.ERROR):
        answer = api.post("/v1/orders", an_order())
    assert answer.status_code == 500
    assert (answer.json or {})["code"] == "internal_error"
    assert "ZeroDivisionError" in caplog.text
    assert "ann@example.com" not in caplog.text + answer.text


def test_two_applications_live_side_by_side(api: Api) -> None:
    assert create_app(api.shop).test_client().get("/healthz").status_code == 200


def test_a_store_that_is_away_is_not_ready(api: Api) -> None:
    api.shop.close()
    answer = Api(api.shop, api.app).get("/readyz")
    assert answer.status_code == 503


@pytest.mark.parametrize("path", ["/v1/orders/", "//v1/orders", "/v1//orders", "///healthz", "/docs/", "/v1/products/"])
def test_an_address_with_other_slashes_is_another_address(api: Api, path: str) -> None:
    answer = api.get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert (answer.json or {})["code"] == "no_such_address"


def test_the_body_of_a_request_may_be_left_out_where_nothing_in_it_is_needed(api: Api) -> None:
    placed = api.place()
    assert api.post(f"/v1/orders/{placed['id']}/cancel").status_code == 200
