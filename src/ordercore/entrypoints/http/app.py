"""The HTTP entry: one Flask application around an open shop."""

from __future__ import annotations

from functools import cache

import orjson
from flask import Flask, Response, request

from ordercore import __version__
from ordercore.application.shop import OrderCore
from ordercore.entrypoints.http import docs, inputs, openapi, operations, problems
from ordercore.entrypoints.http.admins import admins, events
from ordercore.entrypoints.http.answers import answer
from ordercore.entrypoints.http.customers import customers
from ordercore.entrypoints.http.orders import orders
from ordercore.entrypoints.http.payments import payments
from ordercore.entrypoints.http.products import products
from ordercore.entrypoints.http.shipments import shipments

CAPABILITIES = (orders, shipments, products, customers, payments, admins, events)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every response."""

NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def create_app(shop: OrderCore) -> Flask:
    """The application for a shop; whoever opened the shop closes it."""
    app = Flask("ordercore", static_folder=None, template_folder=None)
    app.url_map.strict_slashes = False
    app.extensions[operations.EXTENSION] = shop
    problems.install(app)
    app.before_request(lambda: inputs.refuse_large(request))
    app.after_request(_secured)
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


def _secured(response: Response) -> Response:
    headers = response.headers
    headers.update(HEADERS)
    headers.setdefault("Content-Security-Policy", NOTHING_ALLOWED)
    headers.setdefault("Cache-Control", "no-store")
    return response
