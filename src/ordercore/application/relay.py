"""The relay: positions events, hands them on, and has them delivered, every subscriber beside the others."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from uuid import UUID

from attrs import frozen

from ordercore.application.core import Core
from ordercore.application.leasing import leased
from ordercore.application.relaying import BATCH, Outcome, Turn, claim, deliver, hand_on, record
from ordercore.application.sequencing import sequence
from ordercore.application.settling import answered
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.subscription import Subscription
from ordercore.ports.outbox import Recording
from ordercore.ports.publisher import Publisher

RELAY = "relay"
SUBSCRIBERS_AT_ONCE = 32
"""Subscribers that are told side by side; one that is slow holds back nobody but itself."""

LANES_SIDE_BY_SIDE = 8
"""Deliveries to one subscriber at a time, each of another stream."""

MOST_BATCHES = 200
"""So many events (times BATCH) one subscription is handed a round."""

log = logging.getLogger(__name__)


@frozen(kw_only=True)
class RelayReport:
    """What one round did, in events; `buried` became dead letters."""

    positioned: int = 0
    handed_on: int = 0
    delivered: int = 0
    put_off: int = 0
    buried: int = 0


class Relay:
    """One process's part in delivering, for the system. Any number of them may run side by side.

    Keep one for as long as it is used: it knows which subscribers are being told right now.
    """

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor
        self._lock = Lock()
        self._busy: dict[UUID, Future[Outcome]] = {}
        self._stopping = Event()
        self._threads: ThreadPoolExecutor | None = None

    def run_round(self) -> RelayReport:
        """Position, hand on and deliver everything that is due, and wait until that is done."""
        positioned, handed_on = self.prepare()
        outcome = sum((each.result() for each in self.start()), Outcome())
        return RelayReport(
            positioned=positioned,
            handed_on=handed_on,
            delivered=outcome.delivered,
            put_off=outcome.put_off,
            buried=outcome.buried,
        )

    def prepare(self) -> tuple[int, int]:
        """Position events and hand them on to subscriptions; how many of each."""
        authorise(self._actor, Permission.ALL)
        positioned = sequence(self._core)
        with self._core.store.reading() as lookups:
            lagging = lookups.lagging()
        if not lagging:
            return positioned, 0
        return positioned, leased(self._core, RELAY, lambda _: sum(map(self._hand_on, lagging))) or 0

    def start(self) -> Sequence[Future[Outcome]]:
        """Begin to tell every subscriber that is due and not being told already; answers what was begun."""
        authorise(self._actor, Permission.ALL)
        with self._core.store.reading() as lookups:
            found = lookups.subscriptions(lookups.due())
        return [
            begun for each in found.values() if self._core.reaches(each) and (begun := self._begin(each)) is not None
        ]

    def close(self) -> None:
        """Let the deliveries that have begun come to their end; begin no other."""
        self._stopping.set()
        if self._threads is not None:
            self._threads.shutdown(wait=True)

    def _hand_on(self, subscription_id: UUID) -> int:
        handed_on = 0
        for _ in range(MOST_BATCHES):
            latest = hand_on(self._core, subscription_id)
            handed_on += latest
            if latest < BATCH:
                break
        return handed_on

    def _begin(self, subscription: Subscription) -> Future[Outcome] | None:
        with self._lock:
            if self._stopping.is_set() or subscription.id in self._busy:
                return None
            self._threads = self._threads or ThreadPoolExecutor(SUBSCRIBERS_AT_ONCE, thread_name_prefix="relay")
            begun = self._busy[subscription.id] = self._threads.submit(self._tell, subscription)
        begun.add_done_callback(lambda ended: self._end(subscription, ended))
        return begun

    def _end(self, subscription: Subscription, ended: Future[Outcome]) -> None:
        with self._lock:
            del self._busy[subscription.id]
        if (failure := ended.exception()) is not None:
            log.warning("telling %s broke off: %s: %s", subscription.name, type(failure).__name__, failure)
        elif buried := ended.result().buried:
            log.warning("%d events for %s were given up: see the dead letters", buried, subscription.name)

    def _tell(self, subscription: Subscription) -> Outcome:
        """All that is due for one subscriber, a handful of lanes at a time."""
        publisher, outcome = self._core.publisher(subscription.kind), Outcome()
        while not self._stopping.is_set():
            turns = claim(self._core, subscription, publisher)
            if not turns:
                break
            outcome = outcome + self._take(turns, subscription, publisher)
            subscription = self._as_it_is(subscription)
        return outcome

    def _take(self, turns: Sequence[Turn], subscription: Subscription, publisher: Publisher) -> Outcome:
        """Lanes side by side; what the subscriber says is written in groups as it comes."""

        def told(turn: Turn) -> Recording:
            return deliver(self._core, subscription, turn, publisher)

        groups = answered(turns, told, at_once=LANES_SIDE_BY_SIDE)
        return sum((record(self._core, [recording for _, recording in group]) for group in groups), Outcome())

    def _as_it_is(self, subscription: Subscription) -> Subscription:
        """Read again: its types, its secrets and its address may be others by now."""
        with self._core.store.reading() as lookups:
            return lookups.subscriptions((subscription.id,))[subscription.id]
