"""The only place for the worker's loops: housekeeping and the relay, side by side, until they are told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

from ordercore.application.housekeeping import RoundReport
from ordercore.application.shop import OrderCore
from ordercore.domain.errors import Unavailable

INTERVAL_SECONDS = 5.0
RELAY_SECONDS = 0.5
"""Between looks for events. A look at a shop in which nothing happens is three small reads."""

log = logging.getLogger(__name__)


def run_worker(
    shop: OrderCore, stop: Event, interval_seconds: float = INTERVAL_SECONDS, relay_seconds: float = RELAY_SECONDS
) -> None:
    """Run rounds until `stop` is set, `interval_seconds` apart; a database that is away is waited for.

    A failure that nobody foresaw is logged and ends its round, never the worker: without it no order would be settled.
    What has begun when `stop` is set comes to its end.
    """
    worker = shop.worker()

    def relay() -> None:
        worker.relay.prepare()
        worker.relay.start()

    looking = Thread(target=_again, args=(relay, stop, relay_seconds), name="relay", daemon=True)
    looking.start()
    try:
        _again(lambda: _tell(worker.keep_house()), stop, interval_seconds)
    finally:
        stop.set()
        looking.join()
        worker.close()


def _again(task: Callable[[], object], stop: Event, interval_seconds: float) -> None:
    while not stop.is_set():
        try:
            task()
        except Unavailable as failure:
            log.warning("the round is put off: %s", failure)
        except Exception:
            log.exception("the round broke off")
        stop.wait(interval_seconds)


def _tell(report: RoundReport | None) -> None:
    if report is None:
        return
    if report.did_anything:
        log.info(
            "settled %d, alerted %d, expired %d, handed over %d, forgot %d",
            report.settled,
            report.alerted,
            report.expired,
            report.handed_over,
            report.forgotten,
        )
    for order_id, reason in report.failures:
        log.warning("order %s is still open: %s", order_id, reason)
