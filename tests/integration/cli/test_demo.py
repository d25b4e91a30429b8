"""The demo as a stranger meets it: started, tried out with the lines it prints, started again."""

import json
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ordercore import (
    AddProduct,
    Address,
    Contact,
    Finding,
    ItemRequest,
    Money,
    OrderCore,
    OrderStatus,
    PageRequest,
    PaymentDetails,
    PlaceOrder,
    Verdict,
    open,
)
from ordercore.domain.errors import OrderCoreError
from ordercore.entrypoints import sample
from ordercore.entrypoints.cli import lines
from ordercore.entrypoints.cli.sources import Source

LONGEST_START_SECONDS = 60
"""On a test machine shared with other tests; on its own it is up within a few seconds."""


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """A running demo, and all it printed until its page was complete."""
    port = free_port()
    command = [sys.executable, "-m", "ordercore", "demo", "--database", "sqlite:///demo.db", "--port", str(port)]
    with (folder / "told").open("w") as told:
        process = subprocess.Popen(command, cwd=folder, stdout=told, stderr=subprocess.STDOUT)
    try:
        wait_until_healthy(port, process)
        page = (folder / "told").read_text()
        assert "/docs" in page
        yield page
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0, (folder / "told").read_text()


def test_the_printed_lines_work_as_they_stand(tmp_path: Path) -> None:
    with demo(tmp_path) as page:
        mails = tmp_path / "demo.db.mails"
        place, look, ship, low = shell_lines(page)
        placed = shell(place)
        assert placed["status"] == "confirmed"
        assert shell(look)["data"][0]["id"] == placed["id"]
        assert shell(f"{ship} --format json")["status"] == "labelled"
        assert suggested(page, tmp_path)["status"] == "confirmed"
        assert "is_low" in subprocess.run(low, shell=True, check=True, capture_output=True, text=True).stdout
        secret = (tmp_path / "demo.db.token").read_text().strip()
        assert secret not in page
        assert stat.S_IMODE((tmp_path / "demo.db.token").stat().st_mode) == 0o600
        confirmation = eventually(lambda: [*mails.glob(f"{placed['number']}-*-confirmation.eml")])
        assert str(mails) in page
        assert b"ada@example.com" in confirmation.read_bytes()
    assert findings(tmp_path, Verdict.BROKEN) == []


def suggested(page: str, folder: Path) -> Any:
    """What comes of the order that the demo's /docs suggests."""
    address = re.findall(r"in the browser: (\S+)/docs", page)[0]
    operation = json.load(urllib.request.urlopen(f"{address}/openapi.json"))["paths"]["/v1/orders"]["post"]
    body = json.dumps(operation["requestBody"]["content"]["application/json"]["example"]).encode()
    headers = {each["name"]: each["example"] for each in operation["parameters"]}
    headers["Authorization"] = f"Bearer {(folder / 'demo.db.token').read_text().strip()}"
    headers["Content-Type"] = "application/json"
    return json.load(urllib.request.urlopen(urllib.request.Request(f"{address}/v1/orders", body, headers)))


def eventually(look: Callable[[], list[Path]]) -> Path:
    """The one file, as soon as the worker has written it."""
    until = time.monotonic() + LONGEST_START_SECONDS
    while not (found := look()):
        assert time.monotonic() < until
        time.sleep(0.05)
    (only,) = found
    return only


def test_a_second_start_keeps_what_the_first_made(tmp_path: Path) -> None:
    with demo(tmp_path):
        secret = (tmp_path / "demo.db.token").read_text()
        before = everything(tmp_path)
    assert {status for _, status in before} == set(OrderStatus) - {OrderStatus.PENDING, OrderStatus.PARTIALLY_SHIPPED}
    assert len(before) == 300
    with demo(tmp_path):
        assert (tmp_path / "demo.db.token").read_text() == secret
        assert everything(tmp_path) == before
    with open(f"sqlite:///{tmp_path / 'demo.db'}") as shop:
        assert [each.name for each in shop.tokens.list().data] == ["demo"]


def test_somebodys_shop_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with open(url) as shop:
        fill_with_one_order(shop)
    done = subprocess.run(
        [sys.executable, "-m", "ordercore", "demo", "--database", url, "--port", str(free_port())],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 4
    assert "has orders of its own" in done.stderr
    assert not (tmp_path / "shop.db.token").exists()


def test_the_sample_is_small_and_carries_its_licence() -> None:
    files = (sample.PRODUCTS, sample.ORDERS)
    assert sum(file.stat().st_size for file in files) <= 300_000
    assert "MIT License" in sample.PRODUCTS.with_name("LICENCE").read_text()


def test_every_order_of_the_sample_is_well_formed_and_names_its_products() -> None:
    with Source(str(sample.PRODUCTS)) as source:
        products = [command for _, command, _ in lines.products(source)]
    with Source(str(sample.ORDERS)) as source:
        orders = [command for _, command, _ in lines.orders(source)]
    skus = {each.sku for each in products if not isinstance(each, OrderCoreError)}
    named = {item.sku for each in orders if not isinstance(each, OrderCoreError) for item in each.order.items}
    assert not [each for each in (*products, *orders) if isinstance(each, OrderCoreError)]
    assert named <= skus


def shell_lines(page: str) -> list[str]:
    """The commands that the page shows, each on one line."""
    joined = page.replace("\\\n", "")
    return [line.strip() for line in joined.splitlines() if re.match(r"  \S", line)]


def shell(line: str) -> Any:
    if line.startswith("curl") and shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    return json.loads(subprocess.run(line, shell=True, check=True, capture_output=True, text=True).stdout)


def everything(folder: Path) -> list[tuple[str | None, OrderStatus]]:
    with open(f"sqlite:///{folder / 'demo.db'}") as shop:
        return [(row.external_reference, row.status) for row in shop.ordering.list(page=PageRequest(limit=500)).data]


def findings(folder: Path, verdict: Verdict) -> list[Finding]:
    with open(f"sqlite:///{folder / 'demo.db'}") as shop:
        return [each for each in shop.examine() if each.verdict is verdict]


def fill_with_one_order(shop: OrderCore) -> None:
    shop.catalogue.add_product(AddProduct(sku="MUG", name="Mug", price=Money.of("1", "EUR"), quantity_in_stock=1))
    shop.ordering.place(
        PlaceOrder(
            customer=Contact(name="Ada", email="ada@example.com"),
            ship_to=Address(line1="1 Main Street", city="Springfield", country="US"),
            items=(ItemRequest(sku="MUG", quantity=1),),
            payment=PaymentDetails(token="tok_visa"),
        )
    )


def wait_until_healthy(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + LONGEST_START_SECONDS
    while True:
        assert process.poll() is None
        assert time.monotonic() < until
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
