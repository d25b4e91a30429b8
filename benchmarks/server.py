"""The server under load: the shop's application, served as `ordercore serve` does, and two yardsticks beside it.

`/empty/flask` is a Flask application of one route that reads its body and answers an empty object: our server without a
shop. `/empty/bare` does the same without Flask. Both on the same Granian, with the same threads.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask, Response, request

from ordercore.entrypoints.http import app, serving

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def main(url: str, port: int) -> None:
    """Serve until terminated."""
    make = app.create_app

    def with_yardsticks(*arguments: Any, **named: Any) -> Any:
        made = make(*arguments, **named)
        yardsticks: dict[str, Wsgi] = {"/empty/bare": _bare, "/empty/flask": _flask().wsgi_app}
        made.wsgi_app = _by_path(yardsticks, made.wsgi_app)  # type: ignore[method-assign,assignment] # Flask's own way
        return made

    vars(serving)["create_app"] = with_yardsticks
    serving.serve(url, host="127.0.0.1", port=port)


def _by_path(yardsticks: Mapping[str, Wsgi], otherwise: Wsgi) -> Wsgi:
    def wsgi(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return yardsticks.get(environ["PATH_INFO"], otherwise)(environ, start)

    return wsgi


def _bare(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]


def _flask() -> Flask:
    yardstick = Flask("yardstick", static_folder=None, template_folder=None)

    @yardstick.post("/empty/flask")
    def empty() -> Response:
        request.get_data()
        return Response(b"{}", mimetype="application/json")

    return yardstick


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
