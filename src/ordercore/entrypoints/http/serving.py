"""Serving: Granian in front of the application, the worker beside it, and an end that finishes what was accepted."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
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
ORPHAN_SECONDS = 1.0
"""Between looks whether the main process is still there."""

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

    `when_listening` is called once the socket is bound. Each worker process is the shop's worker too: what only one may
    do at a time is leased. One that was killed is replaced, unless that happens twice within five seconds; one whose
    main process was killed ends by itself.

    Raises:
        InvalidRequest: several worker processes on SQLite, which has one writer.
        OrderCoreError: the store cannot be opened.
    """
    if workers > 1 and url.startswith("sqlite"):
        raise InvalidRequest.of("/workers", "must be 1 on SQLite, which has one writer", "out_of_range")
    bootstrap.open(url).close()  # refused here, where the user sees it, not in a worker process
    server = Server(
        "ordercore",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        workers_kill_timeout=longest_end_seconds,
        respawn_failed_workers=True,
        log_level=LogLevels.error,  # its warning about many threads is not for us: they wait for commits
        log_access=log_access,
    )
    if when_listening is not None:
        server.on_startup(when_listening)
    os.register_at_fork(after_in_child=_end_when_told)
    server.serve(
        target_loader=partial(_application, url, os.getpid(), housekeeping_seconds, longest_end_seconds),
        wrap_loader=False,
    )


def _end_when_told() -> None:
    """A worker that is told to stop before it listens simply ends.

    With the handler that it inherits from the main process it would only take a note, and run on for ever.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _application(
    url: str, main_process: int, interval_seconds: float, longest_end_seconds: int
) -> Any:  # a WSGI application
    """What each worker process calls once: its own store and application, and the shop's worker beside it."""
    _beside("orphan watch", _end_with, main_process, longest_end_seconds)
    shop = bootstrap.open(url)
    stop = threading.Event()
    rounds = _beside("housekeeping", run_worker, shop, stop, interval_seconds)
    Finalize(None, _end, args=(shop, stop, rounds), exitpriority=10)
    app = create_app(shop)
    settle_in()
    return app


def _beside(name: str, task: Callable[..., None], *args: object) -> threading.Thread:
    thread = threading.Thread(target=task, args=args, name=name, daemon=True)
    thread.start()
    return thread


def _end_with(main_process: int, longest_end_seconds: int) -> None:
    """End this process when the main one is gone: nobody else would, and it would keep the port and serve for ever."""
    while os.getppid() == main_process:
        time.sleep(ORPHAN_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(longest_end_seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def _end(shop: OrderCore, stop: threading.Event, rounds: threading.Thread) -> None:
    """The last requests are answered: let a round end, then give the store back."""
    stop.set()
    rounds.join(LONGEST_ROUND_SECONDS)
    shop.close()
