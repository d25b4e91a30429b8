"""The only place for the worker's loop: housekeeping, again and again, until it is told to stop."""

from __future__ import annotations

import logging
from threading import Event

from ordercore.application.housekeeping import RoundReport
from ordercore.application.shop import OrderCore
from ordercore.domain.errors import Unavailable

INTERVAL_SECONDS = 5.0

log = logging.getLogger(__name__)


def run_worker(shop: OrderCore, stop: Event, interval_seconds: float = INTERVAL_SECONDS) -> None:
    """Run rounds until `stop` is set, `interval_seconds` apart; a database that is away is waited for.

    A failure that nobody foresaw is logged and ends its round, never the worker: without it no order would be settled.
    """
    while not stop.is_set():
        try:
            _tell(shop.housekeeping.run_round())
        except Unavailable as failure:
            log.warning("the round is put off: %s", failure)
        except Exception:
            log.exception("the round broke off")
        stop.wait(interval_seconds)


def _tell(report: RoundReport) -> None:
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
