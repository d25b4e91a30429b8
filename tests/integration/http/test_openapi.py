import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from ordercore.domain.errors import OrderCoreError
from ordercore.entrypoints.http import openapi
from ordercore.entrypoints.http.app import CAPABILITIES
from ordercore.entrypoints.http.operations import Key, Operation, all_operations
from ordercore.entrypoints.http.problems import status_of
from tests.support.api import Api

OPERATIONS = list(all_operations(CAPABILITIES))


@pytest.fixture
def described(api: Api) -> dict[str, Any]:
    return dict(api.get("/openapi.json").json or {})


def described_as(document: dict[str, Any], operation: Operation) -> dict[str, Any]:
    return dict(document["paths"][openapi.path_of(operation)][operation.method.lower()])


def test_the_description_is_valid_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    validate(described)


def test_every_route_is_described_and_nothing_else(api: Api, described: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(\w+:)?(\w+)>", r"{\2}", rule.rule), method.lower())
        for rule in api.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(("/docs", "/openapi.json"))
    }
    assert routes == {(path, method) for path, methods in described["paths"].items() for method in methods}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.view.__name__)
def test_every_operation_tells_its_statuses_its_key_and_its_version(
    described: dict[str, Any], operation: Operation
) -> None:
    told = described_as(described, operation)
    headers = {each["name"]: each["required"] for each in told["parameters"] if each["in"] == "header"}
    refusals: tuple[type[OrderCoreError], ...] = operation.refusals
    assert {str(operation.status), *(str(status_of(each)) for each in refusals)} <= set(told["responses"])
    assert headers.get("Idempotency-Key") == {Key.NONE: None, Key.OPTIONAL: False, Key.REQUIRED: True}[operation.key]
    assert ("If-Match" in headers) == operation.has_version
    assert told["summary"]


def test_checks_of_the_commands_are_in_the_description(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    assert schemas["ItemRequest"]["properties"]["quantity"] == {"type": "integer", "minimum": 1, "maximum": 1_000_000}
    assert schemas["PlaceOrder"]["properties"]["items"]["maxItems"] == 500
    assert schemas["Contact"]["properties"]["email"]["format"] == "email"
    assert "expected_version" not in schemas["CancelOrder"]["properties"]
    assert "order_id" not in schemas["CancelOrder"]["properties"]
    payloads = [schemas[name] for name in ("PlaceOrder", "ItemRequest", "CancelOrder", "AddProduct", "MoneyPayload")]
    assert all(schema["additionalProperties"] is False for schema in payloads)


def test_a_batch_is_described_as_orders_with_their_keys(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    entry = schemas["Batch"]["properties"]["orders"]["items"]["$ref"].rpartition("/")[2]
    assert "idempotency_key" in schemas[entry]["required"]
