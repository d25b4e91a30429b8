"""Where the processor's time of an order over HTTP goes: many threads call the application in this process.

    python -m benchmarks.parts [--threads N] [--seconds S]

Each part is timed by its thread's own clock, which stands still while others run; sockets and Granian are left out.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any

from flask import Flask

from benchmarks import http
from benchmarks.shops import databases, filled
from ordercore import CreateToken, Permission
from ordercore.adapters.group_commit import GroupCommit
from ordercore.adapters.sql.store import SqlStore
from ordercore.application.ordering import Ordering
from ordercore.entrypoints.http import operations, orders
from ordercore.entrypoints.http.app import create_app
from ordercore.entrypoints.process import settle_in

TIMED: dict[str, tuple[Any, str]] = {
    "all": (Flask, "wsgi_app"),
    "view": (operations, "_run"),
    "reading the request": (operations.Asked, "__init__"),
    "who asks": (operations, "_bound"),
    "placing": (Ordering, "place"),
    "transactions": (GroupCommit, "_transact"),
    "the commit itself": (SqlStore, "_commit"),
    "writing the answer": (orders, "ordered"),
}


def main() -> None:
    """Measure on SQLite, and print each part's share."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    os.environ["ORDERCORE_FAKE_PROVIDERS"] = "memory"
    spent, calls = _timed()
    with databases() as urls:
        _load(urls["sqlite"], asked.threads, asked.seconds)
    of_orders, groups = calls["all"], calls["transactions"]
    print(f"{of_orders:,} orders, {2 * of_orders / groups:.1f} changes a transaction")
    for part, seconds in _alone(spent).items():
        print(f"{100 * seconds / spent['all']:5.1f} %  {1e6 * seconds / of_orders:6.0f} us  {part}")


def _timed() -> tuple[Counter[str], Counter[str]]:
    """Seconds and calls by part, from now on."""
    spent: Counter[str] = Counter()
    calls: Counter[str] = Counter()

    def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            started = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                spent[part] += time.thread_time() - started  # type: ignore[assignment] # a count of seconds
                calls[part] += 1

        return run

    for part, (owner, name) in TIMED.items():
        setattr(owner, name, timed(part, getattr(owner, name)))
    return spent, calls


def _alone(spent: Counter[str]) -> dict[str, float]:
    """Each part without the parts inside it."""
    inside_view = sum(spent[part] for part in ("reading the request", "who asks", "placing", "writing the answer"))
    return {
        "Flask": spent["all"] - spent["view"],
        "reading the request": spent["reading the request"],
        "who asks": spent["who asks"],
        "placing, outside transactions": spent["placing"] - spent["transactions"],
        "transactions, without the commit": spent["transactions"] - spent["the commit itself"],
        "the commit itself": spent["the commit itself"],
        "writing the answer": spent["writing the answer"],
        "the rest of the view": spent["view"] - inside_view,
    }


def _load(url: str, threads: int, seconds: float) -> None:
    bench = filled("sqlite", url)
    _, token = bench.shop.tokens.create(CreateToken(name="parts", permissions=frozenset({Permission.ALL})))
    app = create_app(bench.shop)
    settle_in()
    until = time.perf_counter() + seconds

    def place() -> None:
        for head, _, body in (each.partition(b"\r\n\r\n") for each in http.orders(bench, token)):
            assert _status(app, _environ(head.decode(), body)) == "201 CREATED"
            if time.perf_counter() > until:
                return

    workers = [Thread(target=place) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    bench.shop.close()


def _status(app: Flask, environ: dict[str, Any]) -> str:
    statuses: list[str] = []
    body: Iterable[bytes] = app.wsgi_app(environ, lambda status, *_: statuses.append(status))  # type: ignore[arg-type] # no writer
    b"".join(body)
    return statuses[0]


def _environ(head: str, body: bytes) -> dict[str, Any]:
    request, *lines = head.split("\r\n")
    method, path, protocol = request.split(" ")
    headers = {name.upper().replace("-", "_"): value for name, value in (line.split(": ", 1) for line in lines)}
    length, kind = headers.pop("CONTENT_LENGTH"), headers.pop("CONTENT_TYPE")
    return {
        **{f"HTTP_{name}": value for name, value in headers.items()},
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": protocol,
        "CONTENT_LENGTH": length,
        "CONTENT_TYPE": kind,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
    }


if __name__ == "__main__":
    main()
