"""Hearing: the only place where what a provider tells of its own accord becomes the answer to an attempt.

A notification is a keyed request of the provider's: its event ids are claimed where every idempotency key is, so that
one takes effect once, in the transaction of that effect. It goes the way of our own answers (`settling`), into the one
reducer that there is, `Order.record`: whoever comes second changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from uuid import UUID

from attrs import frozen

from ordercore.application.core import Core
from ordercore.application.requests import DONE, claimed
from ordercore.application.settling import Recording, drive, recording_of, settle
from ordercore.domain.actor import SYSTEM
from ordercore.domain.errors import OrderCoreError, UnknownResource
from ordercore.domain.limits import MAX_KEY_LENGTH
from ordercore.domain.order import Order
from ordercore.ports.commits import Change
from ordercore.ports.gateway import ProviderReport
from ordercore.ports.store import RequestClaim, UnitOfWork

OPERATION = "hear_provider"


@frozen(kw_only=True, slots=False)
class News:
    """A report to be recorded, with the claim of its event id."""

    recording: Recording
    claim: RequestClaim


@frozen
class Known:
    """The outcome of a report that was heard before."""


def hear(core: Core, provider: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Record what a provider's notification tells of our attempts; how much of it was news.

    Raises:
        UnknownResource: no such provider is asked here.
        BadSignature, NotificationIsOld, NotificationIsNonsense: it is not believed.
    """
    if provider != core.gateway.traits.name:
        raise UnknownResource(kind="payment provider", name=provider)
    reports = core.gateway.read_notification(body, headers)
    news = _news(core, provider, reports)
    if not news:
        return 0
    outcomes = core.commits.run(HEAR, news)
    for outcome in outcomes:
        if isinstance(outcome, OrderCoreError):
            raise outcome
    fresh = [outcome for outcome in outcomes if isinstance(outcome, Order)]
    drive(core, _following(news, fresh), SYSTEM.id)
    return len(fresh)


def _news(core: Core, provider: str, reports: Iterable[ProviderReport]) -> Sequence[News]:
    """The reports about attempts of ours; the others are left to reconciliation."""
    about = [(attempt_id, report) for report in reports if (attempt_id := _attempt_id(report)) is not None]
    with core.store.reading() as lookups:
        orders = lookups.orders_of_attempts({attempt_id for attempt_id, _ in about})
        held = lookups.orders(set(orders.values()))
    return [
        News(
            recording=recording_of(core, held[orders[attempt_id]], attempt_id, report.answer, SYSTEM.id),
            claim=_claim(core, f"{provider}:{report.event_id}", orders[attempt_id]),
        )
        for attempt_id, report in about
        if attempt_id in orders
    ]


def _attempt_id(report: ProviderReport) -> UUID | None:
    try:
        return UUID(report.key)
    except (TypeError, ValueError):
        return None


def _claim(core: Core, name: str, order_id: UUID) -> RequestClaim:
    is_key = len(name) <= MAX_KEY_LENGTH and name.isascii() and name.isprintable()
    return RequestClaim(
        actor_id=SYSTEM.id,
        key=name if is_key else sha256(name.encode()).hexdigest(),
        operation=OPERATION,
        fingerprint=core.sealer.fingerprint(name.encode()),
        resource_id=order_id,
        outcome=DONE,
    )


def _following(news: Iterable[News], fresh: Iterable[Order]) -> list[Order]:
    """The orders for which the report has begun something, such as the capture of what is authorised now."""
    begun = {each.recording.next_id for each in news}
    opened = ((order, order.payment.open_attempt) for order in fresh)
    return [order.written() for order, attempt in opened if attempt is not None and attempt.id in begun]


def _hear(work: UnitOfWork, news: Sequence[News]) -> Sequence[Order | Known | OrderCoreError]:
    verdicts = claimed(work, [each.claim for each in news])
    fresh = [each.recording for each, verdict in zip(news, verdicts, strict=True) if verdict is None]
    settled = iter(settle(work, fresh) if fresh else ())
    return [next(settled) if verdict is None else Known() for verdict in verdicts]


HEAR: Change[News, Order | Known] = Change(OPERATION, _hear, largest_group=128)
