import subprocess
import sys
import threading
import time
from pathlib import Path

from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.sql.file_lock import FileLock
from ordercore.adapters.sql.store import SqlStore
from ordercore.testing.store_samples import ACTOR_ID, AT, a_product

PATIENCE_SECONDS = 60

HOLDER = """
import sys
from pathlib import Path
from ordercore.adapters.sql.file_lock import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""

RECEIVER = """
import sys
from uuid import UUID
from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.sql.store import SqlStore
from ordercore.testing.store_samples import ACTOR_ID, AT
store, id = SqlStore(sys.argv[1], PlainSealer), UUID(sys.argv[2])
for _ in range(50):
    with store.begin() as work:
        work.products.save(work.products.hold([id])[id].receive(1, at=AT, actor_id=ACTOR_ID))
store.close()
"""


def holder(file: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def waiter(file: Path) -> tuple[threading.Thread, threading.Event]:
    """A thread that wants the lock, and what it sets when it has it."""
    entered = threading.Event()

    def enter() -> None:
        lock = FileLock(file)
        with lock:
            entered.set()
        lock.close()

    thread = threading.Thread(target=enter)
    thread.start()
    return thread, entered


def test_another_process_waits_until_the_lock_is_free(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    process = holder(file)
    thread, entered = waiter(file)
    assert not entered.wait(0.2)
    process.communicate("let go\n", timeout=PATIENCE_SECONDS)
    assert entered.wait(PATIENCE_SECONDS)
    thread.join()


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    process = holder(file)
    thread, entered = waiter(file)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    assert entered.wait(PATIENCE_SECONDS)
    thread.join()


def test_a_closed_lock_can_be_taken_again(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "shop.db")
    for _ in range(2):
        with lock:
            assert (tmp_path / "shop.db.lock").exists()
        lock.close()
        lock.close()


def test_processes_that_write_at_once_lose_nothing_and_are_never_locked_out(sqlite_file: Path) -> None:
    url = f"sqlite:///{sqlite_file}"
    store, product = SqlStore(url, PlainSealer), a_product(quantity=0)
    with store.begin() as work:
        work.products.claim_skus([product])
    started = time.monotonic()
    processes = [
        subprocess.Popen([sys.executable, "-c", RECEIVER, url, str(product.id)], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for _ in range(50):
        with store.begin() as work:
            held = work.products.hold([product.id])[product.id]
            work.products.save(held.receive(1, at=AT, actor_id=ACTOR_ID))
    assert [process.communicate(timeout=PATIENCE_SECONDS)[1] for process in processes] == ["", "", ""]
    assert time.monotonic() - started < PATIENCE_SECONDS
    with store.reading() as lookups:
        assert lookups.products([product.id])[product.id].on_hand == 200
    store.close()
