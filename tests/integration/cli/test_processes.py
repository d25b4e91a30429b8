"""Commands as real processes: stopped by signals, bounded in memory."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ordercore import OrderFilter, PageRequest, open

ORDERS = 3_000


def ordercore(url: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "ordercore", *words, "--database", url]


@contextmanager
def started(url: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The running command; whatever happens, it does not outlive the test."""
    process = subprocess.Popen(ordercore(url, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def run(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(ordercore(url, *words), capture_output=True, text=True, check=False, timeout=110)


def write_products(file: Path, count: int) -> Path:
    rows = "".join(f"P{number},Product {number},1.25,EUR,1000000\n" for number in range(count))
    file.write_text(f"sku,name,price,currency,quantity_in_stock\n{rows}")
    return file


def write_orders(file: Path, count: int, items: int = 2) -> Path:
    order: dict[str, Any] = {
        "customer": {"name": "Ada Example", "email": "ada@example.com"},
        "ship_to": {"line1": "1 Main Street", "city": "Springfield", "country": "US"},
    }
    with file.open("w") as opened:
        for number in range(count):
            lines = [{"sku": f"P{(number + index) % 50}", "quantity": 1} for index in range(items)]
            opened.write(json.dumps({**order, "idempotency_key": f"k{number}", "items": lines}) + "\n")
    return file


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    assert run(url, "import", "products", str(write_products(tmp_path / "products.csv", 50))).returncode == 0
    return url


def references(url: str) -> Iterator[str | None]:
    with open(url) as shop:
        after: str | None = None
        while True:
            page = shop.ordering.list(OrderFilter(), PageRequest(limit=500, after=after))
            yield from (row.external_reference for row in page.data)
            if page.next is None:
                return
            after = page.next


def test_an_import_stopped_by_ctrl_c_goes_on_where_it_ended(url: str, tmp_path: Path) -> None:
    file = write_orders(tmp_path / "orders.jsonl", ORDERS)
    with started(url, "import", "orders", str(file)) as process:
        wait_for_orders(url)
        process.send_signal(signal.SIGINT)
        printed, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "Run the same command again" in told
    imported = json.loads(printed)["imported"]
    assert 0 < imported < ORDERS
    assert len(list(references(url))) == imported

    again = run(url, "import", "orders", str(file))
    assert again.returncode == 0, again.stderr
    summary = json.loads(again.stdout)
    assert (summary["imported"], summary["known"]) == (ORDERS - imported, imported)
    assert sorted(map(str, references(url))) == sorted(f"k{number}" for number in range(ORDERS))
    assert run(url, "doctor").returncode == 0


def test_an_import_killed_in_the_middle_loses_and_doubles_nothing(url: str, tmp_path: Path) -> None:
    file = write_orders(tmp_path / "orders.jsonl", ORDERS)
    with started(url, "import", "orders", str(file)) as process:
        wait_for_orders(url)
        process.kill()
    assert run(url, "import", "orders", str(file)).returncode == 0
    assert sorted(map(str, references(url))) == sorted(f"k{number}" for number in range(ORDERS))
    assert run(url, "doctor").returncode == 0


def test_the_memory_of_an_import_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for count in (1_000, 4_000):
        url = f"sqlite:///{tmp_path / f'{count}.db'}"
        run(url, "import", "products", str(write_products(tmp_path / "products.csv", 50)))
        peaks.append(peak_memory(ordercore(url, "import", "orders", str(write_orders(tmp_path / "o", count, items=5)))))
    assert peaks[1] - peaks[0] < 20 * 1024 * 1024


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_worker_stops_when_it_is_told(url: str, number: signal.Signals) -> None:
    with started(url, "worker", "--interval", "60") as process:
        assert process.stderr is not None
        assert "is running" in process.stderr.readline()
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, "has stopped" in told) == (0, True)


def test_serve_says_where_it_listens_and_ends_when_it_is_told(url: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with started(url, "serve", "--port", str(port)) as process:
        assert process.stderr is not None
        assert any(f"Listening at http://127.0.0.1:{port}" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def wait_for_orders(url: str) -> None:
    """Until the first batch of an import by another process is there."""
    with open(url) as shop:
        until = time.monotonic() + 60
        while not shop.ordering.list(page=PageRequest(limit=1)).data:
            assert time.monotonic() < until
            time.sleep(0.01)


def peak_memory(command: list[str]) -> int:
    """Bytes that the process had resident at most."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert isinstance(used, resource.struct_rusage)
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
