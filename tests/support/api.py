"""The only place where tests speak HTTP: a shop in memory, its application, and a client with a token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from attrs import evolve, field, frozen
from flask import Flask
from werkzeug.test import TestResponse

import ordercore
from ordercore import CreateToken, OrderCore, Permission
from ordercore.entrypoints.http.app import create_app

BUYER = {"name": "Ann", "email": "ann@example.com", "phone": "+4930123456"}
HOME = {"line1": "Main St 1", "city": "Springfield", "country": "US", "postal_code": "12345"}

_keys = count(1)


@frozen
class Api:
    """A client of the application, with a token or without."""

    shop: OrderCore
    app: Flask = field(repr=False)
    token: str | None = field(default=None, repr=False)

    def ask(self, method: str, path: str, *, key: str | None = None, **request: Any) -> TestResponse:
        """One request; `key` is the idempotency key."""
        headers = dict(request.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.app.test_client().open(path, method=method, headers=headers, buffered=True, **request)

    def get(self, path: str, **request: Any) -> TestResponse:
        return self.ask("GET", path, **request)

    def post(self, path: str, json: Any = None, **request: Any) -> TestResponse:
        """A POST with a fresh idempotency key, unless one is given."""
        request.setdefault("key", fresh_key())
        return self.ask("POST", path, **request) if json is None else self.ask("POST", path, json=json, **request)

    def put(self, path: str, json: Any, **request: Any) -> TestResponse:
        return self.ask("PUT", path, json=json, **request)

    def with_scopes(self, *scopes: Permission) -> Api:
        """Another client, whose token has these scopes."""
        _, secret = self.shop.tokens.create(CreateToken(name="test", permissions=frozenset(scopes)))
        return evolve(self, token=secret)

    def stock(self, sku: str = "MUG", quantity: int = 40, price: str = "12.50", **more: Any) -> dict[str, Any]:
        """A product, added."""
        payload = {"sku": sku, "name": sku.title(), "price": {"amount": price, "currency": "EUR"}, **more}
        answer = self.post("/v1/products", {"quantity_in_stock": quantity, **payload})
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def place(self, **changes: Any) -> dict[str, Any]:
        """An order, placed."""
        answer = self.post("/v1/orders", an_order(**changes))
        assert answer.status_code in (201, 202), answer.text
        return dict(answer.json or {})


def an_order(**changes: Any) -> dict[str, Any]:
    """The payload of an order of two mugs; a field changed to None is left out."""
    order = {
        "customer": BUYER,
        "ship_to": HOME,
        "items": [{"sku": "MUG", "quantity": 2}],
        "payment": {"method": "card", "token": "tok_visa"},
        **changes,
    }
    return {name: value for name, value in order.items() if value is not None}


def fresh_key() -> str:
    """A key that no other request of this process has."""
    return f"key-{next(_keys)}"


@contextmanager
def an_api() -> Iterator[Api]:
    """A client with all scopes, of a shop in memory with forty mugs."""
    with ordercore.in_memory() as shop:
        api = Api(shop, create_app(shop)).with_scopes(Permission.ALL)
        api.stock()
        yield api
