"""The server under load: the shop's application, served as `ordercore serve` does, and one route that does nothing.

`/empty` is served outside the application: bare WSGI on the same Granian, the strictest yardstick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from ordercore.entrypoints.http import app, serving


def main(url: str, port: int) -> None:
    """Serve until terminated."""
    make = app.create_app

    def with_yardstick(*arguments: Any, **named: Any) -> Any:
        made = make(*arguments, **named)
        shop_wsgi = made.wsgi_app

        def wsgi(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            if environ["PATH_INFO"] != "/empty":
                answer: Iterable[bytes] = shop_wsgi(environ, start)
                return answer
            environ["wsgi.input"].read()
            start("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
            return [b"{}"]

        made.wsgi_app = wsgi  # type: ignore[method-assign,assignment] # how Flask says a middleware is put around it
        return made

    vars(serving)["create_app"] = with_yardstick
    serving.serve(url, host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
