"""Two hundred buyers, twenty pieces: exactly twenty are sold, whatever way they come."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from ordercore import CapturePolicy, Money, OrderCore, OrderCoreError, RefundPayment, Settings
from ordercore.domain.errors import PaymentInFlight
from tests.support.audit import breaches, broken, disagreements, snapshot, unfinished
from tests.support.buyers import (
    BUYERS,
    PIECES,
    PLENTY,
    SOLD,
    all_at_once,
    buy,
    command,
    fill,
    in_processes,
    open_shop,
    retries,
    served,
)

FAIR = {SOLD: PIECES, "out_of_stock": BUYERS - PIECES}


def examine(shop: OrderCore, url: str) -> None:
    found = snapshot(shop._core.store)
    gateway = shop._core.gateway
    assert breaches(found, hand_over_is_done=True) == []
    assert unfinished(found) == []
    assert disagreements(found, gateway.entries(), gateway.accounts()) == []  # type: ignore[attr-defined] # the fake's
    assert broken(shop, is_synced=url.startswith("sqlite")) == []
    assert shop.catalogue.by_sku("HOT").available == 0
    assert len(found.orders) == PIECES


def test_threads_sell_exactly_what_there_is(url: str, tmp_path: Path) -> None:
    with open_shop(url, tmp_path / "books") as shop:
        fill(shop)
        outcomes = all_at_once(lambda buyer: buy(shop, buyer), range(BUYERS))
        assert outcomes == FAIR
        assert retries(shop) == 0
        examine(shop, url)


@pytest.mark.parametrize(("amount", "refunded", "refused"), [("0.50", 50, 0), ("5.00", 7, 43)])
def test_fifty_refunds_at_once_give_back_no_more_than_was_taken(
    url: str, tmp_path: Path, amount: str, refunded: int, refused: int
) -> None:
    """Whoever comes while another is under way asks again, as a client would: 39.96 EUR were taken."""
    with open_shop(url, tmp_path / "books", settings=Settings(capture=CapturePolicy.CONFIRMED)) as shop:
        fill(shop)
        assert buy(shop, 1) == SOLD
        order = shop.ordering.by_number(1001)
        wish = RefundPayment(order_id=order.id, amount=Money.of(amount, "EUR"))

        def give_back(customer: int) -> str:
            while True:
                try:
                    shop.payments.refund(wish, idempotency_key=f"refund-{customer}")
                except PaymentInFlight:
                    continue
                except OrderCoreError as refusal:
                    return refusal.code
                return "refunded"

        outcomes = all_at_once(give_back, range(50))
        assert (outcomes["refunded"], outcomes["amount_unavailable"]) == (refunded, refused)
        found = snapshot(shop._core.store)
        gateway = shop._core.gateway
        assert found.orders[order.id].payment.refunded == refunded * Money.of(amount, "EUR").amount_minor
        assert breaches(found, hand_over_is_done=True) == []
        assert disagreements(found, gateway.entries(), gateway.accounts()) == []  # type: ignore[attr-defined] # the fake's
        assert broken(shop, is_synced=url.startswith("sqlite")) == []


def test_processes_sell_exactly_what_there_is(url: str, tmp_path: Path) -> None:
    with open_shop(url, tmp_path / "books") as shop:
        fill(shop)
        outcomes, retried = in_processes(url, tmp_path / "books", count=8)
        assert outcomes == FAIR
        assert retried == 0
        examine(shop, url)


def test_a_server_sells_exactly_what_there_is(url: str, tmp_path: Path) -> None:
    books = tmp_path / "books"
    with open_shop(url, books) as shop:
        fill(shop)
    environment = {**os.environ, "ORDERCORE_FAKE_PROVIDERS": str(books)}
    with served(url, environment, workers=1 if url.startswith("sqlite") else 2) as server:
        outcomes = all_at_once(server.buy, range(BUYERS))
    assert outcomes == {"201 confirmed": PIECES, "409 out_of_stock": BUYERS - PIECES}
    with open_shop(url, books) as shop:
        examine(shop, url)


def test_server_worker_and_import_share_one_sqlite_file(tmp_path: Path) -> None:
    url, books = f"sqlite:///{tmp_path / 'shop.db'}", tmp_path / "books"
    with open_shop(url, books) as shop:
        fill(shop, pieces=100_000)
    environment = {**os.environ, "ORDERCORE_FAKE_PROVIDERS": str(books)}
    file = lines(tmp_path / "orders.jsonl", 2_000)
    imports = ("import", "orders", str(file), "--payments", "charge", "--database", url)
    outcomes: Counter[str] = Counter()
    buyer = 0
    with (
        served(url, environment) as server,
        command("worker", "--interval", "0.1", "--database", url, environment=environment) as worker,
        command(*imports, environment=environment) as importing,
    ):
        while importing.poll() is None:
            outcomes += all_at_once(server.buy, range(buyer, buyer + 8))
            buyer += 8
        assert importing.stdout is not None
        said = importing.stdout.read()
        worker.terminate()
        heard, _ = worker.communicate(timeout=60)
    assert importing.returncode == 0, said
    assert worker.returncode == 0, heard
    assert "locked" not in said + heard
    assert outcomes == {"201 confirmed": buyer}
    with open_shop(url, books) as shop:
        found = snapshot(shop._core.store)
        assert len(found.orders) == 2_000 + buyer
        assert breaches(found) == unfinished(found) == broken(shop) == []


def lines(file: Path, count: int) -> Path:
    order = {
        "customer": {"name": "Ann", "email": "ann@example.com"},
        "ship_to": {"line1": "Main St 1", "city": "Springfield", "country": "US"},
        "payment": {"method": "card", "token": "tok_visa"},
    }
    with file.open("w") as opened:
        for number in range(count):
            items = [{"sku": PLENTY[number % len(PLENTY)], "quantity": 1}, {"sku": "HOT", "quantity": 1}]
            opened.write(json.dumps({**order, "idempotency_key": f"line-{number}", "items": items}) + "\n")
    return file


def test_a_race_that_oversells_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same examination fails where reserving forgets to look."""
    from ordercore.domain.product import Product

    monkeypatch.setattr(Product, "reserve", lambda product, *_, **__: product)
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with open_shop(url, tmp_path / "books") as shop:
        fill(shop)
        assert all_at_once(lambda buyer: buy(shop, buyer), range(PIECES + 1)) != FAIR
        with pytest.raises(AssertionError, match="HOT: reserved 0, allocated 21"):
            examine(shop, url)
