"""Moving: the only place where somebody captures or gives back money of an order that stands, whole or in part."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from attrs import evolve, field, frozen

from ordercore.application.core import Core
from ordercore.application.requests import (
    DONE,
    Intent,
    Repeated,
    a_reason,
    claim_for,
    existing,
    expected_version,
    explained,
    named,
    refuse_stale,
    run_one,
    simple,
)
from ordercore.application.settling import drive, patience, resume
from ordercore.domain import fields
from ordercore.domain.actor import Actor
from ordercore.domain.errors import MoneyNotMoved, OrderCoreError, RequestInProgress, TransitionRefused
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.domain.payment import Attempt, AttemptStatus
from ordercore.ports.commits import Change
from ordercore.ports.gateway import ProviderTraits
from ordercore.ports.store import UnitOfWork


@frozen(kw_only=True, slots=False)
class CapturePayment:
    """Take money that is held for an order; without an amount all of it."""

    order_id: UUID
    amount: Money | None = field(default=None, validator=fields.optional(fields.instance_of(Money)))
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class RefundPayment:
    """Give money back that was taken for an order; without an amount all that is left of it."""

    order_id: UUID
    amount: Money | None = field(default=None, validator=fields.optional(fields.instance_of(Money)))
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class Move:
    """A command with what the provider can do."""

    command: CapturePayment | RefundPayment
    traits: ProviderTraits = field(metadata={"secret": True})


def moved(
    core: Core, actor: Actor, change: Change[Intent[Move], Order | Repeated], command: Any, key: str | None
) -> Order:
    """Intent, call, record for one move of money; a repeat answers as the first was answered.

    Raises:
        OrderCoreError: refused, or declined by the provider.
    """
    attempt_id = core.ids.new()
    claim = claim_for(core, actor, key, operation=change.name, command=command, resource_id=attempt_id, outcome=DONE)
    move = Move(command=command, traits=core.gateway.traits)
    intent = Intent(actor_id=actor.id, command=move, at=core.clock.now(), ids=(attempt_id,), claim=claim)
    outcome = run_one(core, change, intent)
    if isinstance(outcome, Repeated):
        order = _awaited(core, actor, command.order_id, outcome.stored.claim.resource_id, key or "")
        return _judged(evolve(order, replayed=True), outcome.stored.claim.resource_id)
    return _judged(drive(core, [outcome.written()], actor.id)[command.order_id], attempt_id)


def _awaited(core: Core, actor: Actor, order_id: UUID, attempt_id: UUID, key: str) -> Order:
    """The order once the first request is over, waited for a bounded time; after a crash its attempt is resumed."""
    until = core.clock.now() + core.settings.request_wait
    while True:
        order = existing(core, order_id, "order", lambda lookups: lookups.orders)
        attempt = order.payment.attempt(attempt_id)
        if attempt.status is not AttemptStatus.PENDING:
            return order
        if _age(core, attempt) > patience(core):
            return resume(core, order, attempt, actor.id)
        if core.clock.now() >= until:
            raise RequestInProgress(key=key)
        core.clock.pause(0.05)


def _age(core: Core, attempt: Attempt) -> timedelta:
    with core.store.reading() as lookups:
        return lookups.now - attempt.started_at


def _judged(order: Order, attempt_id: UUID) -> Order:
    """The order, unless the provider declined; without an answer it says so by its payment."""
    attempt = order.payment.attempt(attempt_id)
    if attempt.status is AttemptStatus.DECLINED:
        raise MoneyNotMoved(
            order_number=str(order.number),
            action=attempt.kind.value,
            amount=str(attempt.amount),
            decline_code=attempt.decline_code or "declined",
            replayed=order.replayed,
        )
    return order


def _held(work: UnitOfWork, command: CapturePayment | RefundPayment) -> Order:
    order = named(work.orders.hold((command.order_id,)), command.order_id, "order")
    refuse_stale(order, command.expected_version, "order")
    return order


def _capture(work: UnitOfWork, intent: Intent[Move]) -> Order:
    command, traits = intent.command.command, intent.command.traits
    order = _held(work, command)
    if order.payment.captured and not traits.captures_many:
        raise _unable(traits, order, "be captured again")
    asked = order.capture(
        command.amount, attempt_id=intent.ids[0], at=intent.at, started_at=work.now, actor_id=intent.actor_id
    )
    work.orders.save(explained(asked, command.reason))
    return asked


def _refund(work: UnitOfWork, intent: Intent[Move]) -> Order:
    command, traits = intent.command.command, intent.command.traits
    order = _held(work, command)
    asked = order.refund(
        command.amount, attempt_id=intent.ids[0], at=intent.at, started_at=work.now, actor_id=intent.actor_id
    )
    if asked.payment.attempts[-1].amount.amount_minor != order.payment.captured and not traits.refunds_in_parts:
        raise _unable(traits, order, "be refunded in part")
    work.orders.save(explained(asked, command.reason))
    return asked


def _unable(traits: ProviderTraits, order: Order, action: str) -> OrderCoreError:
    return TransitionRefused(kind=f"payment at {traits.name}", status=order.payment.status.value, action=action)


CAPTURE = simple("capture_payment", _capture)
REFUND = simple("refund_payment", _refund)
