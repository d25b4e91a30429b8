"""The HTTP entry: one Flask application around an open shop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import orjson
from flask import Flask, Response, request

from ordercore import __version__
from ordercore.application.shop import OrderCore
from ordercore.entrypoints.http import docs, inputs, openapi, operations, problems
from ordercore.entrypoints.http.admins import admins
from ordercore.entrypoints.http.answers import answer
from ordercore.entrypoints.http.customers import customers
from ordercore.entrypoints.http.orders import orders
from ordercore.entrypoints.http.payments import payments
from ordercore.entrypoints.http.products import products
from ordercore.entrypoints.http.shipments import shipments
from ordercore.entrypoints.http.webhooks import events, webhooks
from ordercore.entrypoints.http.work_items import work_items

CAPABILITIES = (orders, shipments, products, customers, payments, work_items, admins, events, webhooks)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every response."""

UNLESS_SAID = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}
"""On every response that says nothing else."""

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def create_app(shop: OrderCore) -> Flask:
    """The application for a shop; whoever opened the shop closes it."""
    app = Flask("ordercore", static_folder=None, template_folder=None)
    app.url_map.merge_slashes = False  # an address is what it says: a sku may end in a slash
    app.extensions[operations.EXTENSION] = shop
    problems.install(app)
    app.before_request(lambda: inputs.refuse_other_address(request))
    app.before_request(lambda: inputs.refuse_large(request))
    app.wsgi_app = _secured(app.wsgi_app)  # type: ignore[method-assign,assignment] # as Flask says it is done
    operations.install(app, CAPABILITIES)
    docs.install(app)
    _install_health(app, shop)
    _install_description(app)
    return app


def _install_health(app: Flask, shop: OrderCore) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return answer({"status": "ok"})

    @app.get("/readyz")
    def readyz() -> Response:
        return answer({"status": "ready"}) if shop.is_ready() else answer({"status": "not ready"}, 503)


def _install_description(app: Flask) -> None:
    @app.get("/openapi.json")
    def description() -> Response:
        return Response(_described(), mimetype="application/json")


@cache
def _described() -> bytes:
    return orjson.dumps(openapi.document(operations.all_operations(CAPABILITIES), version=__version__))


def _secured(wsgi: Wsgi) -> Wsgi:
    """The headers of every response, put beside the application: one by one they cost ten times as much."""
    always = list(HEADERS.items())

    def secured(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        def start_secured(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            said = {name for name, _ in headers}
            unsaid = [header for header in UNLESS_SAID.items() if header[0] not in said]
            return start(status, [*headers, *always, *unsaid], *failure)

        return wsgi(environ, start_secured)

    return secured
