import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from ordercore.domain.errors import OrderCoreError
from ordercore.entrypoints.http import openapi
from ordercore.entrypoints.http.app import CAPABILITIES
from ordercore.entrypoints.http.examples import EXAMPLES
from ordercore.entrypoints.http.operations import NIL, Key, Operation, all_operations
from ordercore.entrypoints.http.problems import status_of
from ordercore.entrypoints.payloads import command_from
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


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.body], ids=lambda each: each.view.__name__)
def test_every_example_of_a_body_is_what_its_schema_and_its_command_want(
    described: dict[str, Any], operation: Operation
) -> None:
    content = described_as(described, operation)["requestBody"]["content"]["application/json"]
    refers = {"$ref": content["schema"]["$ref"], "components": described["components"]}
    Draft202012Validator(refers).validate(content["example"])
    assert operation.body is not None
    assert command_from(operation.body, content["example"], **dict.fromkeys(operation.named, NIL))


def test_every_example_is_some_operations(described: dict[str, Any]) -> None:
    bodies = {each.view.__name__ for each in OPERATIONS if each.needs_body}
    assert set(EXAMPLES) == bodies
    keys = [each["example"] for each in described_as(described, OPERATIONS[0])["parameters"] if each["in"] == "header"]
    assert keys == [f"{OPERATIONS[0].view.__name__}-1"]


def test_the_example_of_an_order_places_one(api: Api, described: dict[str, Any]) -> None:
    example = described["paths"]["/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["example"]
    api.stock(example["items"][0]["sku"])
    placed = api.post("/v1/orders", example)
    assert (placed.status_code, (placed.json or {})["status"]) == (201, "confirmed")
