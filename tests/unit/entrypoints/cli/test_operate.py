import os
import signal
import socket
import sqlite3
import threading

import pytest

from ordercore import __version__, open
from ordercore.application.housekeeping import RoundReport
from ordercore.application.shop import OrderCore
from ordercore.domain.errors import StoreUnavailable
from ordercore.entrypoints.cli.exits import Exit, Refusal
from ordercore.entrypoints.cli.operate import address_of, refuse_taken
from ordercore.entrypoints.cli.signals import until_told_to_stop
from ordercore.entrypoints.worker import run_worker
from tests.unit.entrypoints.cli.conftest import Terminal


def test_init_is_safe_to_repeat(terminal: Terminal) -> None:
    assert "nothing to do" in terminal.run("init").stdout
    assert "is at" in terminal.run("init", "--database", f"sqlite:///{terminal.folder}/new.db").stdout


def test_version_says_the_release(terminal: Terminal) -> None:
    assert terminal.run("version").stdout == f"ordercore {__version__}\n"


def test_a_sound_shop_passes_the_doctor(terminal: Terminal) -> None:
    terminal.add_mug()
    terminal.place()
    findings = terminal.json("doctor")["data"]
    assert {each["guarantee"] for each in findings} == set(range(1, 10))
    assert not [each for each in findings if each["verdict"] == "broken"]


def test_the_doctor_exits_with_one_where_something_is_broken(terminal: Terminal) -> None:
    terminal.add_mug()
    terminal.place()
    with sqlite3.connect(terminal.folder / "shop.db") as connection:
        connection.execute("UPDATE stock SET reserved = reserved + 1")
    connection.close()
    result = terminal.run("doctor", "--format", "table", exit_code=Exit.CHECK_FAILED)
    assert "broken" in result.stdout
    assert "checks failed" in result.stderr


def test_a_taken_port_is_refused_before_anything_starts(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in (("serve",), ("demo", "--database", terminal.url)):
            assert "choose another --port" in terminal.refused(2, *command, "--port", str(port))
    refuse_taken("127.0.0.1", port)


def test_a_second_process_on_sqlite_is_refused(terminal: Terminal) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert "must be 1 on SQLite" in terminal.refused(2, "serve", "--workers", "2", "--port", str(port))


def test_a_host_that_is_not_ours_is_refused() -> None:
    with pytest.raises(Refusal, match=r"cannot listen at 192\.0\.2\.1:8000"):
        refuse_taken("192.0.2.1", 8000)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("shop.example", "http://shop.example:8000"),
    ],
)
def test_an_address_can_be_opened_in_a_browser(host: str, address: str) -> None:
    assert address_of(host, 8000) == address


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_the_event_and_a_second_one_ends_at_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with until_told_to_stop() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(5)
        assert signal.getsignal(number) == before
    assert signal.getsignal(number) == before


class Rounds:
    """Housekeeping with a plan: what each round does; after the last one the worker is told to stop."""

    def __init__(self, *plan: RoundReport | Exception) -> None:
        self.plan = list(plan)
        self.stop = threading.Event()

    def worker(self) -> "Rounds":
        return self

    @property
    def relay(self) -> "Rounds":
        return self

    def prepare(self) -> None:
        """There are no events."""

    start = close = prepare

    def keep_house(self) -> RoundReport:
        step = self.plan.pop(0)
        if not self.plan:
            self.stop.set()
        if isinstance(step, Exception):
            raise step
        return step


def test_the_worker_survives_a_database_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    rounds = Rounds(StoreUnavailable(reason="away"), RoundReport(settled=2, expired=1), RoundReport())
    with caplog.at_level("INFO"):
        run_worker(rounds, rounds.stop, 0.001)  # type: ignore[arg-type] # a plan in the place of a shop
    assert rounds.plan == []
    assert "put off" in caplog.text
    assert "settled 2, alerted 0, expired 1, handed over 0, forgot 0" in caplog.text


def test_the_worker_survives_what_nobody_foresaw(caplog: pytest.LogCaptureFixture) -> None:
    rounds = Rounds(ConnectionResetError("a plug-in's own"), RoundReport(settled=1))
    with caplog.at_level("INFO"):
        run_worker(rounds, rounds.stop, 0.001)  # type: ignore[arg-type] # a plan in the place of a shop
    assert rounds.plan == []
    assert "broke off" in caplog.text


def test_the_worker_does_rounds_until_it_is_told_to_stop(terminal: Terminal) -> None:
    with open(terminal.url) as shop:
        stop = threading.Event()
        worker = threading.Thread(target=run_worker, args=(shop, stop, 0.01))
        worker.start()
        assert isinstance(shop, OrderCore)
        stop.set()
        worker.join(10)
        assert not worker.is_alive()
