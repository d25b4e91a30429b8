"""Housekeeping: what a worker does between requests: settle, finish, expire, hand over, forget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from attrs import frozen

from ordercore.application.core import Core
from ordercore.application.requests import Intent, run_one
from ordercore.application.settling import answered, patience, release_stock, resume, tell
from ordercore.application.shipping import advance_shipment
from ordercore.application.work_items import unanswered_item
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.errors import OrderCoreError
from ordercore.domain.lifecycles import OrderStatus
from ordercore.domain.order import CancelReason, Order
from ordercore.domain.payment import AttemptStatus
from ordercore.ports.commits import Change
from ordercore.ports.queries import OpenWork
from ordercore.ports.store import UnitOfWork

C = TypeVar("C")

LARGEST_BATCH = 500


@frozen(kw_only=True)
class RoundReport:
    """What one round did, in pieces of work; `failures` are orders that could not be finished, with the reason."""

    settled: int = 0
    alerted: int = 0
    expired: int = 0
    handed_over: int = 0
    forgotten: int = 0
    failures: tuple[tuple[UUID, str], ...] = ()

    @property
    def did_anything(self) -> bool:
        """Whether there was work."""
        done = (self.settled, self.alerted, self.expired, self.handed_over, self.forgotten)
        return any(done) or bool(self.failures)


class Housekeeping:
    """A worker's round, for the system."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def run_round(self) -> RoundReport:
        """One round of everything, in batches of at most 500; safe beside other workers and at any moment.

        What needs no provider comes first: a provider that is away holds up nothing but its own answers.
        """
        authorise(self._actor, Permission.ALL)
        expired, handed_over, forgotten = self._expire(), len(self._run(HAND_OVER, LARGEST_BATCH)), self._forget()
        alerted = self._alert()
        settled, failures = self._settle()
        return RoundReport(
            settled=settled,
            alerted=alerted,
            expired=expired,
            handed_over=handed_over,
            forgotten=forgotten,
            failures=failures,
        )

    def _settle(self) -> tuple[int, tuple[tuple[UUID, str], ...]]:
        """Finish attempts and shipments that somebody began and nobody ended, many side by side."""
        settled: int = 0
        failures: list[tuple[UUID, str]] = []
        for page, now in self._open_work(timedelta(0)):
            due = [work for work in page if self._is_due(work, now)]
            groups = answered(due, self._tried, at_once=self._core.gateway.traits.calls_at_once) if due else ()
            for group in groups:
                settled += sum(outcome is True for _, outcome in group)
                failures += [(work.order_id, outcome) for work, outcome in group if isinstance(outcome, str)]
        return settled, tuple(failures)

    def _open_work(self, age: timedelta) -> Iterator[tuple[Sequence[OpenWork], datetime]]:
        """All of that age, oldest first, in pages: what cannot be finished yet keeps nothing newer waiting."""
        core, latest = self._core, None
        while True:
            with core.store.reading() as lookups:
                now = lookups.now
                found = lookups.open_work(now - age, LARGEST_BATCH, latest)
            if not found:
                return
            yield found, now
            latest = found[-1]

    def _is_due(self, work: OpenWork, now: datetime) -> bool:
        """What nobody is working on any more is taken up after a pause; the rest is first left to whoever began it."""
        settings = self._core.settings
        if work.attempt_id is None or not work.is_left:
            return now - work.since > patience(self._core)
        return self._core.asking_again.is_due(
            work.attempt_id,
            work.since,
            now,
            pauses=settings.ask_again_after,
            spread=settings.ask_again_spread,
        )

    def _alert(self) -> int:
        """Open a work item for every attempt that has been without an answer for too long, once."""
        core, alerted = self._core, 0
        for page, _ in self._open_work(core.settings.alert_after):
            old = tuple(work.order_id for work in page if work.is_left)
            intent = Intent(actor_id=self._actor.id, command=old, at=core.clock.now(), ids=(), claim=None)
            alerted += run_one(core, ALERT, intent) if old else 0
        return alerted

    def _tried(self, work: OpenWork) -> bool | str:
        """Whether this work came to its end; a failure is reported and holds back no other."""
        try:
            return self._finish(work.order_id, work.shipment_id)
        except Exception as failure:
            return f"{type(failure).__name__}: {failure}"

    def _finish(self, order_id: UUID, shipment_id: UUID | None) -> bool:
        core = self._core
        if shipment_id is not None:
            with core.store.reading() as lookups:
                before = lookups.shipments((shipment_id,))[shipment_id]
            return advance_shipment(core, shipment_id, self._actor.id).status is not before.status
        with core.store.reading() as lookups:
            order = lookups.orders((order_id,))[order_id]
        attempt = order.payment.open_attempt
        if attempt is None:
            return False
        return resume(core, order, attempt, self._actor.id).payment.open_attempt is None

    def _expire(self) -> int:
        """One batch of orders whose time is over: none holds money, or the money waits for its answer."""
        ended = self._run(EXPIRE, (self._core.settings.longest_wait, LARGEST_BATCH))
        return len(ended)

    def _run(self, change: Change[Intent[C], tuple[Order, ...]], command: C) -> tuple[Order, ...]:
        """One batch of one kind of housekeeping."""
        core = self._core
        ids = tuple(core.ids.new() for _ in range(2 * LARGEST_BATCH))
        intent = Intent(actor_id=self._actor.id, command=command, at=core.clock.now(), ids=ids, claim=None)
        outcome = run_one(core, change, intent)
        tell(core, outcome)
        return outcome

    def _forget(self) -> int:
        """Delete request keys whose time is over; those without an outcome stay."""
        return run_one(self._core, FORGET, self._core.settings.key_retention)


def _expire(
    work: UnitOfWork, intents: Sequence[Intent[tuple[timedelta, int]]]
) -> Sequence[tuple[Order, ...] | OrderCoreError]:
    (intent,) = intents
    longest_wait, limit = intent.command
    held = work.orders.hold_free(work.orders.expired(limit, unanswered_before=work.now - longest_wait))
    changes = []
    for index, order in enumerate(held.values()):
        if _may_expire(order, work.now, longest_wait):
            ended = order.cancel(
                attempt_id=intent.ids[2 * index],
                entry_id=intent.ids[2 * index + 1],
                at=intent.at,
                started_at=work.now,
                actor_id=intent.actor_id,
                because=CancelReason.EXPIRED,
            )
            changes.append((order, ended))
    release_stock(work, changes, intent.at)
    work.orders.save(*(after for _, after in changes))
    return [tuple(after for _, after in changes)]


def _may_expire(order: Order, now: datetime, longest_wait: timedelta) -> bool:
    """Checked again under the lock: still waiting, beyond its time, or long beyond where an answer is outstanding.

    What the customer has to do is no answer that is outstanding: not to do it is an expiry.
    """
    attempt = order.payment.open_attempt
    is_awaited = attempt is not None and attempt.status is not AttemptStatus.ACTION_REQUIRED
    grace = longest_wait if is_awaited else timedelta(0)
    return order.status is OrderStatus.PENDING and order.expires_at is not None and order.expires_at <= now - grace


def _hand_over(work: UnitOfWork, intents: Sequence[Intent[int]]) -> Sequence[tuple[Order, ...] | OrderCoreError]:
    (intent,) = intents
    held = work.orders.hold_free(work.orders.managed_by_inactive(intent.command))
    managers = work.admins.managers()
    handed = tuple(
        order.hand_over(managers[order.number % len(managers)], at=intent.at, actor_id=intent.actor_id)
        for order in held.values()
        if _waits_for_hand_over(order, managers)
    )
    work.orders.save(*handed)
    return [tuple(after for after in handed if after.facts)]


def _waits_for_hand_over(order: Order, managers: Sequence[UUID]) -> bool:
    """Checked again under the lock: still open, and not handed by somebody to an active admin user meanwhile."""
    return (
        order.status not in (OrderStatus.DELIVERED, OrderStatus.CANCELLED)
        and order.manager_id not in managers
        and order.manager_id != STORE_ADMIN
    )


def _forget(work: UnitOfWork, retentions: Sequence[timedelta]) -> Sequence[int | OrderCoreError]:
    return [work.requests.delete_finished(work.now - retention, LARGEST_BATCH) for retention in retentions]


def _alert(work: UnitOfWork, intents: Sequence[Intent[tuple[UUID, ...]]]) -> Sequence[int | OrderCoreError]:
    (intent,) = intents
    held = work.orders.hold(intent.command)
    unanswered = {
        attempt.id: order
        for order in held.values()
        if (attempt := order.payment.open_attempt) is not None and attempt.status is AttemptStatus.UNKNOWN
    }
    known = work.work_items.hold(unanswered)
    opened = [
        unanswered_item(order, at=intent.at, actor_id=intent.actor_id)
        for attempt_id, order in unanswered.items()
        if attempt_id not in known
    ]
    work.work_items.save(*opened)
    return [len(opened)]


ALERT: Change[Intent[tuple[UUID, ...]], int] = Change("alert_unanswered", _alert, largest_group=1)
FORGET: Change[timedelta, int] = Change("forget_requests", _forget, largest_group=1)
EXPIRE: Change[Intent[tuple[timedelta, int]], tuple[Order, ...]] = Change("expire_orders", _expire, largest_group=1)
HAND_OVER: Change[Intent[int], tuple[Order, ...]] = Change("hand_over_orders", _hand_over, largest_group=1)
