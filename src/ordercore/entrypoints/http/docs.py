"""The interactive description at /docs: Swagger UI from its package, under a strict policy, nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

import flask_swagger_ui  # type: ignore[import-untyped] # only its folder is used
from flask import Blueprint, Flask, Response, send_file
from werkzeug.exceptions import NotFound

UI = Path(flask_swagger_ui.__file__).parent / "dist"
OURS = Path(__file__).parent / "static"
FILES = {
    "swagger-ui.css": UI,
    "swagger-ui-bundle.js": UI,
    "favicon-32x32.png": UI,
    "docs.css": OURS,
    "docs.js": OURS,
}
# Swagger UI draws its icons from data: addresses; it needs no inline script and no inline style sheet.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

pages = Blueprint("docs", __name__)


def install(app: Flask) -> None:
    """Route the page and its files."""
    app.register_blueprint(pages)


@pages.get("/docs")
def page() -> Response:
    """The page itself."""
    response = send_file(OURS / "docs.html", mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@pages.get("/docs/<name>")
def file(name: str) -> Response:
    """One of the page's files, no other."""
    if name not in FILES:
        raise NotFound
    return send_file(FILES[name] / name, max_age=3600)
