"""Placing orders over HTTP against empty JSON POSTs to the same server, in the same run."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from itertools import count

from attrs import frozen

from benchmarks import load
from benchmarks.load import Load
from benchmarks.shops import Bench, filled
from ordercore import CreateToken, Permission

CLIENTS = (1, 8, 32, 128)
_keys = (f"http-{number}" for number in count())


@frozen
class Served:
    """Orders, and the two yardsticks, at one number of clients.

    `flask` is an empty POST to a Flask application on the same Granian with the same threads: the same server without
    a shop. `bare` is a WSGI callable there, without even Flask.
    """

    database: str
    clients: int
    orders: Load
    flask: Load
    bare: Load

    @property
    def failures(self) -> int:
        """Answers other than 2xx, in all three."""
        return self.orders.failures + self.flask.failures + self.bare.failures


def measure(urls: dict[str, str], *, seconds: float) -> Iterator[Served]:
    """Every number of clients on every database, the yardsticks before each."""
    for name, url in urls.items():
        bench = filled(name, url)
        _, token = bench.shop.tokens.create(CreateToken(name="bench", permissions=frozenset({Permission.ALL})))
        bench.shop.close()
        port = _free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server", url, str(port)],
            env=os.environ | {"ORDERCORE_FAKE_PROVIDERS": "memory"},
        )
        try:
            _wait(port)
            load.run(port, 8, orders(bench, token), seconds / 2)
            for clients in CLIENTS:
                bare = load.run(port, clients, _empty("/empty/bare", token), seconds)
                flask = load.run(port, clients, _empty("/empty/flask", token), seconds)
                placed = load.run(port, clients, orders(bench, token), seconds)
                yield Served(database=name, clients=clients, orders=placed, flask=flask, bare=bare)
        finally:
            server.terminate()
            server.wait()


def orders(bench: Bench, token: str) -> Iterator[bytes]:
    """Requests that place orders of three items, each with a key of its own."""
    rnd = random.Random(0)
    while True:
        body = {
            "customer": {"id": str(bench.customer)},
            "items": [{"sku": sku, "quantity": rnd.randint(1, 3)} for sku in rnd.sample(bench.skus, 3)],
            "payment": {"method": "card", "token": "tok_visa"},
        }
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{next(_keys)}-{time.time_ns()}"}
        yield load.post("/v1/orders", json.dumps(body).encode(), headers)


def _empty(path: str, token: str) -> Iterator[bytes]:
    request = load.post(path, b"{}", {"Authorization": f"Bearer {token}"})
    while True:
        yield request


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")
