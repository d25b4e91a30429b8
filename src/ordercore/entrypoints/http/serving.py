"""Serving: Granian in front of the application, housekeeping beside it, and an end that finishes what was accepted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.synchronize import Lock
from multiprocessing.util import Finalize
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from ordercore import bootstrap
from ordercore.application.shop import OrderCore
from ordercore.domain.errors import InvalidRequest
from ordercore.entrypoints.http.app import create_app
from ordercore.entrypoints.process import settle_in
from ordercore.entrypoints.worker import run_worker

THREADS = 64
"""Handlers of one process. Most of them wait for the commit that carries their change, so there are many."""

HOUSEKEEPING_SECONDS = 5.0
LONGEST_ROUND_SECONDS = 30.0

LONGEST_END_SECONDS = 45
"""So long a process may take to end: a provider's deadline, a round, some air. Then it is killed, which a store
survives; without it, a client that never finishes its request keeps the server from ending."""


def serve(
    url: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    threads: int = THREADS,
    housekeeping_seconds: float = HOUSEKEEPING_SECONDS,
    longest_end_seconds: int = LONGEST_END_SECONDS,
    when_listening: Callable[[], None] | None = None,
    log_access: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT; then answer what was accepted and close the store.

    `when_listening` is called once the socket is bound. The first worker process also does the housekeeping.

    Raises:
        InvalidRequest: several worker processes on SQLite, which has one writer.
        OrderCoreError: the store cannot be opened.
    """
    if workers > 1 and url.startswith("sqlite"):
        raise InvalidRequest.of("/workers", "must be 1 on SQLite, which has one writer", "out_of_range")
    bootstrap.open(url).close()  # refused here, where the user sees it, not in a worker process
    context = multiprocessing.get_context()
    housekeeper = context.Lock()
    server = Server(
        "ordercore",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        workers_kill_timeout=longest_end_seconds,
        log_level=LogLevels.error,  # its warning about many threads is not for us: they wait for commits
        log_access=log_access,
    )
    if when_listening is not None:
        server.on_startup(when_listening)
    os.register_at_fork(after_in_child=_end_when_told)
    server.serve(
        target_loader=partial(_application, url, housekeeper, housekeeping_seconds),
        wrap_loader=False,
    )


def _end_when_told() -> None:
    """A worker that is told to stop before it listens simply ends.

    With the handler that it inherits from the main process it would only take a note, and run on for ever.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _application(url: str, housekeeper: Lock, interval_seconds: float) -> Any:  # a WSGI application
    """What each worker process calls once: its own store and application, housekeeping in the first one."""
    shop = bootstrap.open(url)
    stop = threading.Event()
    rounds = None
    if housekeeper.acquire(block=False):
        rounds = threading.Thread(
            target=run_worker, args=(shop, stop, interval_seconds), name="housekeeping", daemon=True
        )
        rounds.start()
    Finalize(None, _end, args=(shop, stop, rounds), exitpriority=10)
    app = create_app(shop)
    settle_in()
    return app


def _end(shop: OrderCore, stop: threading.Event, rounds: threading.Thread | None) -> None:
    """The last requests are answered: let a round end, then give the store back."""
    stop.set()
    if rounds is not None:
        rounds.join(LONGEST_ROUND_SECONDS)
    shop.close()
