import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

import ordercore
from ordercore import AddProduct, CreateToken, Money, Permission
from ordercore.domain.limits import MAX_BODY_BYTES
from tests.support.api import an_order

pytestmark = pytest.mark.timeout(180)

SERVE = """
import sys
from ordercore.entrypoints.http.serving import serve
ends = {"longest_end_seconds": int(sys.argv[4])} if sys.argv[4:] else {}
serve(sys.argv[1], port=int(sys.argv[2]), workers=int(sys.argv[3]), housekeeping_seconds=0.2, **ends)
"""


@frozen
class Served:
    """A server process, and how to speak with it."""

    process: subprocess.Popen[str]
    port: int
    token: str
    url: str

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method: str, path: str, payload: Any = None, key: str = "key") -> tuple[int, Any]:
        connection = self.connect()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        connection.request(method, path, None if payload is None else json.dumps(payload), headers)
        answer = connection.getresponse()
        status, body = answer.status, json.loads(answer.read())
        connection.close()
        return status, body

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])


def started(url: str, workers: int = 1, *more: str) -> Served:
    """A server on that database, answering, with ten thousand mugs to sell."""
    with ordercore.open(url) as shop:
        price = Money.of("12.50", "EUR")
        shop.catalogue.add_product(AddProduct(sku="MUG", name="Mug", price=price, quantity_in_stock=10_000))
        _, token = shop.tokens.create(CreateToken(name="test", permissions=frozenset({Permission.ALL})))
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, url, str(port), str(workers), *more], text=True)
    served = Served(process, port, token, url)
    until = time.monotonic() + 60
    while True:
        try:
            assert served.ask("GET", "/readyz") == (200, {"status": "ready"})
        except OSError:
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < until, "the server did not answer"
            time.sleep(0.05)
        else:
            return served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = started(f"sqlite:///{tmp_path}/shop.db")
    yield made
    if made.process.poll() is None:
        made.stop()


def test_a_served_shop_takes_orders_and_ends_with_everything_on_disk(served: Served) -> None:
    answers: list[tuple[int, Any]] = []
    busy = [
        threading.Thread(target=lambda name=name: answers.append(served.ask("POST", "/v1/orders", an_order(), name)))
        for name in map(str, range(40))
    ]
    for thread in busy:
        thread.start()
    for thread in busy:
        thread.join()
    assert served.stop() == 0
    assert [status for status, _ in answers] == [201] * 40
    with ordercore.open(served.url) as shop:
        for _, order in answers:
            assert str(shop.ordering.by_number(int(order["number"])).id) == order["id"]
        assert not [finding for finding in shop.examine() if finding.verdict.value == "broken"]


def test_a_shutdown_gives_the_store_back(served: Served, tmp_path: Path) -> None:
    assert served.ask("POST", "/v1/orders", an_order())[0] == 201
    assert (tmp_path / "shop.db-wal").exists()
    assert served.stop() == 0
    assert not (tmp_path / "shop.db-wal").exists()  # SQLite removes it when the last connection is closed


def test_a_shutdown_finishes_what_was_accepted(served: Served) -> None:
    answers: list[tuple[int, Any]] = []
    slow = an_order(payment={"token": "tok_slow"})
    waiting = threading.Thread(target=lambda: answers.append(served.ask("POST", "/v1/orders", slow)))
    waiting.start()
    until = time.monotonic() + 30
    while not served.ask("GET", "/v1/orders?status=pending")[1]["data"]:
        assert time.monotonic() < until
    assert served.stop() == 0
    waiting.join()
    ((status, order),) = answers
    assert (status, order["status"]) == (201, "confirmed")


def test_a_client_that_never_finishes_its_request_cannot_keep_the_server_from_ending(tmp_path: Path) -> None:
    served = started(f"sqlite:///{tmp_path}/shop.db", 1, "2")
    assert served.ask("POST", "/v1/orders", an_order())[0] == 201
    with socket.create_connection(("127.0.0.1", served.port)) as stalled:
        stalled.sendall(b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Le")
        time.sleep(0.5)  # until the server has begun to read it
        assert served.stop() == 0
    with ordercore.open(served.url) as shop:
        assert len(shop.ordering.list().data) == 1
        assert not [finding for finding in shop.examine() if finding.verdict.value == "broken"]


def test_an_address_is_taken_as_it_is_spelled(served: Served) -> None:
    assert served.ask("GET", "/v1/products/sku:MUG")[0] == 200
    for path, code in (
        ("/v1/products/sku:MUG%2F", "not_found"),
        ("/v1/products/sku:%2FMUG", "not_found"),
        ("/v1/products/MUG/", "no_such_address"),
        ("//v1/products/sku:MUG", "no_such_address"),
    ):
        status, problem = served.ask("GET", path)
        assert (status, problem["code"]) == (404, code)
    slashed = {"sku": "MUG/", "name": "Slashed", "price": {"amount": "1", "currency": "EUR"}}
    assert served.ask("POST", "/v1/products", slashed)[0] == 201
    assert served.ask("DELETE", "/v1/products/sku:MUG%2F", key="d")[1]["sku"] == "MUG/"
    assert not served.ask("GET", "/v1/products/sku:MUG")[1]["is_archived"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"x" * 65_534 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"NONSENSE\r\n\r\n", 400),
    ],
    ids=["an endless address", "no HTTP"],
)
def test_what_never_reaches_the_application_is_answered_by_a_status_alone(
    served: Served, sent: bytes, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(sent)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        assert (answer.status, answer.read()) == (status, b"")


def test_a_large_body_is_refused_before_it_is_sent(served: Served) -> None:
    connection = served.connect()
    connection.putrequest("POST", "/v1/orders")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(10_000_000))
    connection.endheaders()
    answer = connection.getresponse()  # not a byte of the body was sent
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "body_too_large")
    connection.close()


def test_a_chunked_body_is_read_no_further_than_it_may_go(served: Served) -> None:
    connection = served.connect()
    connection.putrequest("POST", "/v1/quotes")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    chunk = b"%x\r\n%s\r\n" % (65_536, b" " * 65_536)
    for _ in range(MAX_BODY_BYTES // 65_536 + 1):
        connection.send(chunk)
    connection.send(b"0\r\n\r\n")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "body_too_large")
    connection.close()


def test_the_housekeeping_runs_beside_the_requests(served: Served) -> None:
    status, _ = served.ask("POST", "/v1/admins", {"username": "ann", "password": "long enough to be one"})
    assert status == 201
    number = served.ask("POST", "/v1/orders", an_order(), "order")[1]["number"]
    admin = served.ask("GET", f"/v1/orders/{number}")[1]["manager_id"]
    served.ask("POST", "/v1/admins", {"username": "bob", "password": "long enough to be one"}, "bob")
    assert served.ask("POST", f"/v1/admins/{admin}/deactivate", key="off")[0] == 200
    until = time.monotonic() + 30
    while served.ask("GET", f"/v1/orders/{number}")[1]["manager_id"] == admin:
        assert time.monotonic() < until, "nobody handed the order over"
        time.sleep(0.1)


def test_sqlite_has_one_worker_process() -> None:
    from ordercore.domain.errors import InvalidRequest
    from ordercore.entrypoints.http.serving import serve

    with pytest.raises(InvalidRequest):
        serve("sqlite:///shop.db", workers=2)


def test_postgresql_takes_several_worker_processes(postgres_url: str) -> None:
    ordercore.migrate(postgres_url)
    served = started(postgres_url, workers=2)
    answers = [served.ask("POST", "/v1/orders", an_order(), str(number))[0] for number in range(10)]
    assert served.stop() == 0
    assert answers == [201] * 10


def test_a_killed_worker_process_is_replaced_and_the_shop_goes_on(postgres_url: str) -> None:
    ordercore.migrate(postgres_url)
    served = started(postgres_url, workers=2)
    killed = set(children_of(served.process.pid))
    assert len(killed) == 2
    for number, child in enumerate(sorted(killed)):
        os.kill(child, signal.SIGKILL)
        until = time.monotonic() + 30
        while child in children_of(served.process.pid) or len(children_of(served.process.pid)) < 2:
            assert time.monotonic() < until, "it was not replaced"
            time.sleep(0.05)
        assert persisting(served, f"after-{number}") == 201
    assert not killed & set(children_of(served.process.pid))
    assert served.stop() == 0


@pytest.mark.parametrize("stalled", [False, True])
def test_no_process_goes_on_serving_when_the_main_one_is_killed(tmp_path: Path, *, stalled: bool) -> None:
    served = started(f"sqlite:///{tmp_path}/shop.db", 1, "2")
    assert served.ask("POST", "/v1/orders", an_order())[0] == 201
    (child,) = children_of(served.process.pid)
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        if stalled:
            client.sendall(b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Le")
            time.sleep(0.5)  # until the server has begun to read it
        served.process.kill()
        served.process.wait()
        until = time.monotonic() + 30
        while runs(child) or not is_free(served.port):
            assert time.monotonic() < until, "it still serves"
            time.sleep(0.05)
    with ordercore.open(served.url) as shop:
        assert not [finding for finding in shop.examine() if finding.verdict.value == "broken"]


def children_of(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def runs(process: int) -> bool:
    """Whether it runs; what nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def persisting(served: Served, key: str) -> int:
    """An order, asked for until somebody answers: a killed process takes its connections with it."""
    until = time.monotonic() + 30
    while True:
        try:
            return served.ask("POST", "/v1/orders", an_order(), key)[0]
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < until, "nobody answers"


def test_any_other_server_finds_the_application_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ordercore.domain.errors import InvalidRequest
    from ordercore.entrypoints.http import wsgi

    monkeypatch.delenv("ORDERCORE_DATABASE_URL", raising=False)
    with pytest.raises(InvalidRequest):
        wsgi.application()
    monkeypatch.setenv("ORDERCORE_DATABASE_URL", f"sqlite:///{tmp_path}/shop.db")
    app = wsgi.application()
    assert app.test_client().get("/readyz").status_code == 200
    app.extensions["ordercore"].close()
    assert os.listdir(tmp_path)
