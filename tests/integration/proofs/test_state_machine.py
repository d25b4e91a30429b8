from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

import ordercore
from ordercore import OrderCore
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.domain.payment import ProviderAnswer
from ordercore.domain.product import Product
from ordercore.ports.gateway import ProviderCall
from ordercore.testing.faults import FaultyGateway
from tests.support.machine import CoreMachine
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.timeout(600)  # a failure is shrunk first, which takes its time

ANN = ("embedding", "fresh")
GUEST = ("guest", "ann@example.com")
NewUrl = Callable[[ExitStack], str | None]


def on_memory(_: ExitStack) -> None:
    return None


@pytest.fixture
def on_sqlite(tmp_path: Path) -> NewUrl:
    """A fresh file for each life, copied from a migrated one."""
    template = tmp_path / "template.db"
    ordercore.open(f"sqlite:///{template}").close()

    def new_url(_: ExitStack) -> str:
        for old in tmp_path.glob("shop.db*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copy(template, tmp_path / "shop.db")
        return f"sqlite:///{tmp_path / 'shop.db'}"

    return new_url


@pytest.fixture
def on_postgres(postgres: PostgresServer, postgres_url: str) -> NewUrl:
    """A fresh database for each life, copied from a migrated one."""
    ordercore.migrate(postgres_url)

    def new_url(cleanup: ExitStack) -> str:
        url = postgres.create_database(template=postgres_url)
        cleanup.callback(postgres.drop_database, url)
        return url

    return new_url


def lives(new_url: NewUrl, *, examples: int, steps: int) -> None:
    run_state_machine_as_test(machine(new_url), settings=settings(max_examples=examples, stateful_step_count=steps))


def machine(new_url: NewUrl) -> type[CoreMachine]:
    return type("Machine", (CoreMachine,), {"new_url": staticmethod(new_url)})


def a_life() -> CoreMachine:
    """A life that a test tells step by step."""
    life = machine(on_memory)()
    life.open(captures_at_once=False, stock=[20, 20, 20])
    return life


@contextmanager
def one_life() -> Iterator[CoreMachine]:
    """The same, its end checked as of any other."""
    life = a_life()
    yield life
    life.core_and_model_agree()
    life.teardown()


def test_the_core_on_memory_does_what_the_model_says() -> None:
    lives(on_memory, examples=60, steps=40)


def test_the_core_on_sqlite_does_what_the_model_says(on_sqlite: NewUrl) -> None:
    lives(on_sqlite, examples=30, steps=40)


def test_the_core_on_postgres_does_what_the_model_says(on_postgres: NewUrl) -> None:
    lives(on_postgres, examples=10, steps=40)


@pytest.mark.prove
def test_long_lives_on_memory() -> None:
    lives(on_memory, examples=400, steps=50)


@pytest.mark.prove
def test_long_lives_on_sqlite(on_sqlite: NewUrl) -> None:
    lives(on_sqlite, examples=150, steps=50)


@pytest.mark.prove
def test_long_lives_on_postgres(on_postgres: NewUrl) -> None:
    lives(on_postgres, examples=60, steps=50)


# -- what it found: each kept by name ---------------------------------------------------------------------------------


def test_an_awaited_answer_to_another_payment_is_no_decline() -> None:
    with one_life() as life:
        (order,) = life.place_plainly(who=ANN, customer=GUEST, item=("TEA", 1), token="tok_chargeDeclined").values
        life.pay(who=ANN, order=order, token="tok_visa", mishap=("authorise", "lost after"))
        life.send_again(which=0, mishap=None)


def test_a_capture_that_waited_for_a_day_is_looked_for_not_asked_again() -> None:
    with one_life() as life:
        (order,) = life.place_plainly(who=ANN, customer=GUEST, item=("TEA", 1), token="tok_visa").values
        life.ship(who=ANN, order=order, stale=False, mishap=("capture", "dies after"))
        life.time_passes(seconds=90_000)
        life.worker_runs()


def test_a_repeated_shipping_is_refused_for_the_first_reason() -> None:
    """The money that was missing then has come since; the label is not what was wrong."""
    with one_life() as life:
        (order,) = life.place_plainly(who=ANN, customer=GUEST, item=("TEA", 1), token="tok_visa").values
        life.ship(who=ANN, order=order, stale=False, mishap=("capture", "lost before"))
        life.time_passes(seconds=90_000)
        life.worker_runs()
        life.an_admin_decides(order=order)
        life.worker_runs()
        life.ship(who=ANN, order=order, stale=False, mishap=None)
        life.send_again(which=1, mishap=None)


def test_a_late_word_against_a_decision_is_kept_and_settled() -> None:
    with one_life() as life:
        place: dict[str, Any] = {
            "who": ANN,
            "customer": GUEST,
            "items": [("TEA", 1)],
            "line1": "Main St 1",
            "token": "tok_visa",
        }
        place |= {"on_decline": "cancel", "expected": None}
        (given_up,) = life.place(**place, mishap=("authorise", "lost after")).values
        life.an_admin_is_mistaken(order=given_up, is_settled=True)
        (voided,) = life.place(**place, mishap=None).values
        life.cancel(who=ANN, order=voided, stale=False, mishap=("void", "lost after"))
        life.an_admin_is_mistaken(order=voided, is_settled=False)
        life.core_and_model_agree()
        assert life.model.orders[voided]["discrepancy"] == -1 * life.model.orders[voided]["total"]
        life.somebody_asks_the_provider(order=voided)


def test_goods_that_may_not_be_paid_wait_for_somebody_and_hold_up_nothing_else() -> None:
    with one_life() as life:
        token = "tok_captureTimeout"
        (order,) = life.place_plainly(who=ANN, customer=GUEST, item=("TEA", 1), token=token).values
        life.ship(who=ANN, order=order, stale=False, mishap=None)
        life.an_admin_is_mistaken(order=order, is_settled=False)
        life.core_and_model_agree()


# -- a checker is tested too ------------------------------------------------------------------------------------------


class ForgetfulGateway(FakeGateway):
    """Takes a repeated call for a new one."""

    def call(self, request: ProviderCall) -> ProviderAnswer:
        is_known = any(entry.request.key == request.key for entry in self.entries())
        return super().call(evolve(request, key=f"{request.key}-again") if is_known else request)


def test_a_provider_that_charges_twice_is_noticed() -> None:
    life = a_life()
    life.provider = ForgetfulGateway()
    life.shop = OrderCore(evolve(life.core, gateway=FaultyGateway(life.provider, life.weather)))
    spec = {"customer": GUEST, "items": [("TEA", 1)], "line1": "Main St 1", "token": "tok_visa", "expected": None}
    life.place(who=ANN, mishap=("authorise", "lost after"), on_decline="cancel", **spec)
    life.core_and_model_agree()
    life.time_passes(seconds=26)
    life.worker_runs()
    with pytest.raises(AssertionError, match="-again"):
        life.core_and_model_agree()


def test_stock_that_is_not_given_back_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    life = a_life()
    (order,) = life.place_plainly(who=ANN, customer=GUEST, item=("TEA", 1), token="tok_visa").values
    monkeypatch.setattr(Product, "release", lambda product, *_, **__: product)
    life.cancel(who=ANN, order=order, stale=False, mishap=None)
    with pytest.raises(AssertionError, match="TEA: reserved 1, allocated 0"):
        life.core_and_model_agree()
