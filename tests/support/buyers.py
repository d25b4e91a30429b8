"""The only place for buyers who all want the same few pieces at once: as threads, as processes, over HTTP."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier as ProcessBarrier
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import ordercore
from ordercore import (
    AddProduct,
    Address,
    Contact,
    CreateToken,
    ItemRequest,
    Money,
    OrderCore,
    OrderCoreError,
    PaymentDetails,
    Permission,
    PlaceOrder,
)
from ordercore.adapters.group_commit import GroupCommit
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.shipping.fake import FakeCarrier

BUYERS = 200
PIECES = 20
PLENTY = tuple(f"PLENTY-{number}" for number in range(6))
SOLD = "sold"

processes = get_context("forkserver")
"""Real processes, each forked from a clean one that has everything imported."""
processes.set_forkserver_preload(["tests.support.buyers", "tests.support.crash"])


def open_shop(url: str, books: Path, **parts: Any) -> OrderCore:
    """The shop in a database, its providers' books in a folder that all processes share."""
    books.mkdir(parents=True, exist_ok=True)
    providers = {"payment_gateway": FakeGateway(books / "payments.db"), "carrier": FakeCarrier(books / "parcels.db")}
    return ordercore.open(url, **{**providers, **parts})


def fill(shop: OrderCore, pieces: int = PIECES) -> None:
    """Few pieces of what everybody wants, and many of the rest."""
    for sku, quantity in {"HOT": pieces, **dict.fromkeys(PLENTY, 100_000)}.items():
        price = Money.of("9.99", "EUR")
        shop.catalogue.add_product(AddProduct(sku=sku, name=sku, price=price, quantity_in_stock=quantity))


def basket(buyer: int) -> list[str]:
    """The wanted piece and others, each buyer's in another order: what deadlocks where locks have no order."""
    chance = random.Random(buyer)
    wanted = ["HOT", *chance.sample(PLENTY, 3)]
    chance.shuffle(wanted)
    return wanted


def buy(shop: OrderCore, buyer: int) -> str:
    """What becomes of a buyer's order: sold, or the code of the refusal; anything else is told as it is."""
    command = PlaceOrder(
        customer=Contact(name=f"Buyer {buyer}", email=f"buyer-{buyer % 50}@example.com"),
        ship_to=Address(line1="Main St 1", city="Springfield", country="US"),
        items=[ItemRequest(sku=sku, quantity=1) for sku in basket(buyer)],
        payment=PaymentDetails(token="tok_visa"),
    )
    try:
        order = shop.ordering.place(command, idempotency_key=f"buyer-{buyer}")
    except OrderCoreError as refusal:
        return refusal.code
    except Exception as failure:
        return repr(failure)
    return SOLD if order.status is ordercore.OrderStatus.CONFIRMED else order.status.value


def all_at_once(ask: Callable[[int], str], who: Sequence[int], ready: Callable[[], object] = bool) -> Counter[str]:
    """Everybody in a thread of their own, started by one signal; how often each outcome was."""
    outcomes: list[str] = []
    gate = Barrier(len(who) + 1)

    def one(buyer: int) -> None:
        gate.wait(60)
        outcomes.append(ask(buyer))

    threads = [Thread(target=one, args=(buyer,)) for buyer in who]
    for thread in threads:
        thread.start()
    ready()
    gate.wait(60)
    for thread in threads:
        thread.join()
    return Counter(outcomes)


def retries(shop: OrderCore) -> int:
    """How many transactions of this process were tried again after a deadlock."""
    commits = shop._core.commits
    assert isinstance(commits, GroupCommit)
    return commits.retries


def buy_in_a_process(url: str, books: Path, who: range, gate: ProcessBarrier, tell: Connection) -> None:
    """One process of several: its own shop, its own threads."""
    with open_shop(url, books) as shop:
        outcomes = all_at_once(lambda buyer: buy(shop, buyer), who, ready=lambda: gate.wait(60))
        tell.send((outcomes, retries(shop)))


def in_processes(url: str, books: Path, count: int) -> tuple[Counter[str], int]:
    """All buyers, spread over so many processes: their outcomes, and the retries of all."""
    gate = processes.Barrier(count)
    each = BUYERS // count
    running = []
    for number in range(count):
        hear, tell = processes.Pipe(duplex=False)
        who = range(number * each, (number + 1) * each)
        process = processes.Process(target=buy_in_a_process, args=(url, books, who, gate, tell))
        process.start()
        tell.close()
        running.append((process, hear))
    outcomes: Counter[str] = Counter()
    retried = 0
    for process, hear in running:
        with hear:
            told, again = hear.recv()
        process.join(60)
        assert process.exitcode == 0
        process.close()
        outcomes += told
        retried += again
    return outcomes, retried


# -- over HTTP ------------------------------------------------------------------------------------------------------


@contextmanager
def command(*words: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A running `ordercore` command; it does not outlive the block."""
    running = subprocess.Popen(
        [sys.executable, "-m", "ordercore", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(environment),
    )
    with running:
        try:
            yield running
        finally:
            running.kill()


class Server:
    """A server to ask, as one token."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> tuple[int, Any]:
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def buy(self, buyer: int) -> str:
        """A buyer's order as `buy` places it; the outcome with its status."""
        items = [{"sku": sku, "quantity": 1} for sku in basket(buyer)]
        body = {
            "customer": {"name": f"Buyer {buyer}", "email": f"buyer-{buyer % 50}@example.com"},
            "ship_to": {"line1": "Main St 1", "city": "Springfield", "country": "US"},
            "items": items,
            "payment": {"method": "card", "token": "tok_visa"},
        }
        try:
            status, answer = self.ask("POST", "/v1/orders", body, f"buyer-{buyer}")
        except OSError as failure:
            return repr(failure)
        return f"{status} {answer.get('code') or answer.get('status')}"

    def wait_until_ready(self, process: subprocess.Popen[str]) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                assert self.ask("GET", "/readyz")[0] == 200
            except OSError:
                assert process.poll() is None, process.stdout and process.stdout.read()
                assert time.monotonic() < until, "the server does not answer"
                time.sleep(0.05)
            else:
                return


@contextmanager
def served(url: str, environment: Mapping[str, str], workers: int = 1) -> Iterator[Server]:
    """`ordercore serve` on this database."""
    with ordercore.open(url) as shop:
        _, token = shop.tokens.create(CreateToken(name="buyers", permissions=frozenset({Permission.ALL})))
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = int(chosen.getsockname()[1])
    server = Server(port, token)
    words = ("--database", url, "--port", str(port), "--workers", str(workers))
    with command("serve", *words, environment=environment) as process:
        server.wait_until_ready(process)
        yield server
        process.terminate()
        assert process.wait(60) == 0
