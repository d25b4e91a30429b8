"""Placing orders over HTTP against the same server's empty JSON POST, in the same run."""

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
from benchmarks.shops import Bench, filled
from ordercore import CreateToken, Permission

CLIENTS = (1, 8, 32, 128)
_keys = (f"http-{number}" for number in count())


@frozen
class Served:
    """A rate with its p99, beside the empty POST's at the same number of clients."""

    database: str
    clients: int
    orders_per_second: float
    p99_milliseconds: float
    empty_per_second: float
    empty_p99_milliseconds: float
    failures: int


def measure(urls: dict[str, str], *, seconds: float) -> Iterator[Served]:
    """Every number of clients on every database, the empty POST before each."""
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
            load.run(port, 8, _orders(bench, token), seconds / 2)
            for clients in CLIENTS:
                empty = load.run(port, clients, _empty(token), seconds)
                orders = load.run(port, clients, _orders(bench, token), seconds)
                yield Served(
                    name,
                    clients,
                    orders.requests_per_second,
                    orders.p99_milliseconds,
                    empty.requests_per_second,
                    empty.p99_milliseconds,
                    orders.failures + empty.failures,
                )
        finally:
            server.terminate()
            server.wait()


def _orders(bench: Bench, token: str) -> Iterator[bytes]:
    rnd = random.Random(0)
    while True:
        body = {
            "customer": {"id": str(bench.customer)},
            "items": [{"sku": sku, "quantity": rnd.randint(1, 3)} for sku in rnd.sample(bench.skus, 3)],
            "payment": {"method": "card", "token": "tok_visa"},
        }
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{next(_keys)}-{time.time_ns()}"}
        yield load.post("/v1/orders", json.dumps(body).encode(), headers)


def _empty(token: str) -> Iterator[bytes]:
    request = load.post("/empty", b"{}", {"Authorization": f"Bearer {token}"})
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
