import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from ordercore import CreateToken, Permission, RevokeToken
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.errors import OrderCoreError
from ordercore.domain.limits import MAX_BODY_BYTES, MAX_LINES_PER_ORDER
from ordercore.entrypoints.http.problems import HTTP_CODES, MEDIA_TYPE, IdempotencyKeyRequired, status_of
from tests.support.api import BUYER, HOME, Api, an_order

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"
Situation = Callable[[Api], TestResponse]


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without their backticks."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]


def place_of(problem: dict[str, str]) -> str:
    """A field's pointer, or the header that is meant."""
    return problem["pointer"] if "pointer" in problem else f"header {problem['header']}"


def leaves(cls: type[OrderCoreError] = OrderCoreError) -> list[type[OrderCoreError]]:
    found = [leaf for child in cls.__subclasses__() for leaf in leaves(child)]
    return found or [cls]


def order(**changes: Any) -> Situation:
    return lambda api: api.post("/v1/orders", an_order(**changes))


def item(**changes: Any) -> Situation:
    return order(items=[{"sku": "MUG", "quantity": 1, **changes}])


def raw(body: bytes, media_type: str = "application/json") -> Situation:
    return lambda api: api.post("/v1/orders", data=body, content_type=media_type)


def listing(query: str) -> Situation:
    return lambda api: api.get(f"/v1/orders?{query}")


def chunked(api: Api) -> TestResponse:
    body = io.BytesIO(b" " * (2 * MAX_BODY_BYTES))
    return api.post(
        "/v1/orders",
        input_stream=body,
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )


def with_revoked_token(api: Api) -> TestResponse:
    token, secret = api.shop.tokens.create(CreateToken(name="gone", permissions=frozenset({Permission.ALL})))
    api.shop.tokens.revoke(RevokeToken(token_id=token.id))
    return api.get("/v1/orders", headers={"Authorization": f"Bearer {secret}"})


def repeated_key(api: Api) -> TestResponse:
    api.post("/v1/orders", an_order(), key="once")
    return api.post("/v1/orders", an_order(items=[{"sku": "MUG", "quantity": 3}]), key="once")


def repeated_reference(api: Api) -> TestResponse:
    api.place(external_reference="basket-1")
    return api.post("/v1/orders", an_order(external_reference="basket-1"))


def misspelt_card(api: Api) -> TestResponse:
    card = {"number": "4242424242424241", "expiry_month": 12, "expiry_year": 2040, "cvc": "123"}
    return api.post("/v1/payment-tokens", {"card": card})


def reserved_adjustment(api: Api) -> TestResponse:
    api.place()
    return api.post("/v1/products/sku:MUG/stock/adjustments", {"change": -39})


def cancelling_shipped(api: Api) -> TestResponse:
    placed = api.place()
    api.post(f"/v1/orders/{placed['id']}/ship")
    return api.post(f"/v1/orders/{placed['id']}/cancel")


def paying_unsettled(api: Api) -> TestResponse:
    placed = api.place(payment={"token": "tok_timeout"})
    return api.post(f"/v1/orders/{placed['id']}/pay", {"token": "tok_visa"})


def to_inactive_admin(api: Api) -> TestResponse:
    password = {"password": "long enough to be one"}
    gone = api.post("/v1/admins", {"username": "gone", **password}).json
    assert gone is not None
    placed = api.place()
    api.post(f"/v1/admins/{gone['id']}/deactivate")
    return api.post(f"/v1/orders/{placed['id']}/hand-over", {"manager_id": gone["id"]})


SITUATIONS: dict[str, Situation] = {
    "a field that nobody knows": order(colour="red"),
    "a field that nobody knows, deep inside": item(colour="red"),
    "text where a number belongs": item(quantity="7"),
    "true where a number belongs": item(quantity=True),
    "1.5 items": item(quantity=1.5),
    "a negative quantity": item(quantity=-1),
    "no items": order(items=[]),
    "too many items": order(items=[{"sku": "MUG", "quantity": 1}] * (MAX_LINES_PER_ORDER + 1)),
    "items that are no list": order(items="MUG"),
    "an item that is no object": order(items=["MUG"]),
    "an item named by sku and by id": item(product_id=str(uuid4())),
    "an address without a city": order(ship_to={name: HOME[name] for name in ("line1", "country")}),
    "a country that is none": order(ship_to={**HOME, "country": "usa"}),
    "an e-mail address that is none": order(customer={**BUYER, "email": "nobody"}),
    "a control character in a name": order(customer={**BUYER, "name": "Ann\x00"}),
    "a payment method that nobody knows": order(payment={"method": "shells", "token": "tok_visa"}),
    "an amount that is a number": order(expected_total={"amount": 25.0, "currency": "EUR"}),
    "an amount with too many decimals": order(expected_total={"amount": "25.001", "currency": "EUR"}),
    "a customer id that is none": order(customer={"id": "Ann"}),
    "no payment where money is due": order(payment=None),
    "a body that is a list": raw(b"[]"),
    "a body that is null": raw(b"null"),
    "an idempotency key that is too long": lambda api: api.post("/v1/orders", an_order(), key="k" * 201),
    "an idempotency key that is a card number": lambda api: api.post("/v1/orders", an_order(), key="4242424242424242"),
    "a version that is no ETag": lambda api: api.post("/v1/orders/1001/cancel", headers={"If-Match": "2"}),
    "a list with a parameter that nobody knows": listing("colour=red"),
    "a list with a limit of 0": listing("limit=0"),
    "a list after a cursor that we never gave": listing("after=nowhere"),
    "a list filtered by a status that nobody knows": listing("status=lost"),
    "no idempotency key": lambda api: api.post("/v1/orders", an_order(), key=None),
    "an empty body": lambda api: api.post("/v1/orders"),
    "a form instead of JSON": raw(b"sku=MUG", "application/x-www-form-urlencoded"),
    "no JSON at all": raw(b"{sku: MUG}"),
    "NaN": raw(b'{"items": [{"sku": "MUG", "quantity": NaN}]}'),
    "a lone surrogate": raw(b'{"customer": {"name": "\\ud800"}}'),
    "a field named twice": raw(b'{"items": [], "items" : []}'),
    "a hundred thousand brackets": raw(b"[" * 100_000),
    "a body of 10 MB": raw(b" " * 10_000_000),
    "a chunked body of 2 MB": chunked,
    "no token": lambda api: Api(api.shop, api.app).post("/v1/orders", an_order()),
    "a wrong token": lambda api: Api(api.shop, api.app, "oc_wrong").post("/v1/orders", an_order()),
    "a revoked token": with_revoked_token,
    "a token without the scope": lambda api: api.with_scopes(Permission.ORDERS_READ).post("/v1/orders", an_order()),
    "an order that does not exist": lambda api: api.get(f"/v1/orders/{uuid4()}"),
    "an order whose number is no number": lambda api: api.get("/v1/orders/\u0661\u0662"),
    "an address that does not exist": lambda api: api.get("/v1/baskets"),
    "a method that an address does not take": lambda api: api.ask("DELETE", "/v1/orders"),
    "an unknown sku": item(sku="CUP"),
    "an unknown customer": order(customer={"id": str(uuid4())}),
    "more than there is": item(quantity=41),
    "another total than expected": order(expected_total={"amount": "1.00", "currency": "EUR"}),
    "another currency than expected": order(expected_total={"amount": "25.00", "currency": "USD"}),
    "a key used for another request": repeated_key,
    "an external reference used before": repeated_reference,
    "a card number in place of a token": order(payment={"token": "4242 4242 4242 4242"}),
    "a declined card": order(payment={"token": "tok_chargeDeclined"}),
    "a card number that is misspelt": misspelt_card,
    "a sku that is taken": lambda api: api.post(
        "/v1/products", {"sku": "MUG", "name": "Mug", "price": {"amount": "1", "currency": "EUR"}}
    ),
    "an adjustment of reserved pieces": reserved_adjustment,
    "cancelling a shipped order": cancelling_shipped,
    "paying again while an answer is outstanding": paying_unsettled,
    "an older version": lambda api: api.post(f"/v1/orders/{api.place()['id']}/cancel", headers={"If-Match": '"1"'}),
    "deactivating the store's own admin user": lambda api: api.post(f"/v1/admins/{STORE_ADMIN}/deactivate"),
    "handing over to an inactive admin user": to_inactive_admin,
}


@pytest.mark.parametrize(("situation", "status", "code", "pointer"), rows("Situations"), ids=lambda cell: cell or "-")
def test_every_situation_of_the_page_is_refused_as_it_says(
    api: Api, situation: str, status: str, code: str, pointer: str
) -> None:
    answer = SITUATIONS[situation](api)
    problem = answer.json or {}
    places = [place_of(each) for each in problem.get("errors", [])]
    assert (answer.status_code, problem["code"], problem["status"]) == (int(status), code, int(status)), answer.text
    assert places == ([pointer] if pointer or code == "invalid_request" else [])
    assert answer.mimetype == MEDIA_TYPE
    assert problem["type"] == f"urn:ordercore:problem:{code}"
    assert problem["title"]
    assert problem["detail"]


def test_the_page_and_the_tests_know_the_same_situations() -> None:
    assert {row[0] for row in rows("Situations")} == set(SITUATIONS)


def test_every_refusal_has_its_line_with_its_status() -> None:
    stated = {(code, int(status)) for status, code, _ in rows("Codes")}
    ours = {(leaf.code, status_of(leaf)) for leaf in leaves()}
    https = {(code, status) for status, code in HTTP_CODES.items()}
    assert stated == ours | https | {(IdempotencyKeyRequired.code_name, 400)}


def test_no_code_stands_on_the_page_twice() -> None:
    codes = [row[1] for row in rows("Codes")]
    assert len(codes) == len(set(codes))


def test_the_page_names_every_code_of_a_field() -> None:
    sources = [*Path("src/ordercore/entrypoints").rglob("*.py"), Path("src/ordercore/domain/fields.py")]
    codes = r'"(unknown_field|missing|wrong_\w+|out_of_range|bad_\w+|unknown_choice|not_an?_\w+)"'
    raised = {code for source in sources for code in re.findall(codes, source.read_text(encoding="utf-8"))}
    section = PAGE.read_text(encoding="utf-8").split("\n## Codes of fields\n")[1].split("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section))
    assert raised - {"bad_request"} <= named


def test_who_must_wait_is_told_how_long(api: Api) -> None:
    answer = paying_unsettled(api)
    assert int(answer.headers["Retry-After"]) >= 1


def test_who_is_unknown_is_told_how_to_authenticate(api: Api) -> None:
    answer = Api(api.shop, api.app).get("/v1/orders")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_what_is_malformed_is_said_before_who_asks_is_asked(api: Api) -> None:
    answer = Api(api.shop, api.app).post("/v1/orders", an_order(items=[]))
    assert answer.status_code == 422


def test_a_replayed_refusal_says_so(api: Api) -> None:
    declined = an_order(payment={"token": "tok_chargeDeclined"})
    first = api.post("/v1/orders", declined, key="declined")
    again = api.post("/v1/orders", declined, key="declined")
    assert (first.status_code, again.status_code) == (402, 402)
    assert first.json == again.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_every_bad_field_is_named_at_once(api: Api) -> None:
    answer = api.post("/v1/orders", an_order(items=[{"sku": "", "quantity": "1"}, 5], colour="red", ship_to=[]))
    problems = (answer.json or {})["errors"]
    assert {each["pointer"] for each in problems} == {
        "/colour",
        "/ship_to",
        "/items/0/sku",
        "/items/0/quantity",
        "/items/1",
    }
