"""Payments: list them, hand a card to the vault, decide what no provider can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from attrs import evolve, field, frozen

from ordercore.application.core import Core
from ordercore.application.moving import CAPTURE, REFUND, CapturePayment, RefundPayment, moved
from ordercore.application.requests import (
    DONE,
    Intent,
    Repeated,
    a_reason,
    claim_for,
    existing,
    named,
    run_one,
    simple,
)
from ordercore.application.settling import (
    SETTLE,
    Recording,
    drive,
    is_too_short,
    provider_call,
    recording_of,
    recordings_of,
    resume,
    settle,
)
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.errors import InvalidRequest, TransitionRefused
from ordercore.domain.lifecycles import OrderStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import ATTEMPT_STATUS, AnswerKind, ProviderAnswer
from ordercore.ports.commits import Change
from ordercore.ports.gateway import Card
from ordercore.ports.queries import Lookups, Page, PageRequest, PaymentFilter, PaymentRow
from ordercore.ports.store import UnitOfWork

C = TypeVar("C")


@frozen(kw_only=True, slots=False)
class ResolveAttempt:
    """An admin's decision on an attempt that the provider cannot or can no longer tell of.

    `reference` is the provider's own id of it, where the admin found one: a later capture, void or refund names it.
    """

    order_id: UUID
    outcome: AnswerKind = field(validator=fields.instance_of(AnswerKind))
    reason: str | None = field(default=None, validator=a_reason)
    reference: str | None = field(default=None, validator=a_reason)


@frozen(kw_only=True, slots=False)
class _SettleNow:
    """The provider is to be asked about an order's money now."""

    order_id: UUID


@frozen(kw_only=True, slots=False)
class _Asked(Generic[C]):
    """A command about an order's money, and the decision to be recorded where it is one."""

    order_id: UUID
    command: C
    decision: Recording | None


class Payments:
    """The money of orders, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def list(self, which: PaymentFilter = PaymentFilter(), page: PageRequest = PageRequest()) -> Page[PaymentRow]:  # noqa: B008 - frozen
        """Payments, newest order first."""
        authorise(self._actor, Permission.PAYMENTS_READ)
        with self._core.store.listing() as queries:
            return queries.payment_page(which, page)

    def tokenise(self, card: Card) -> str:
        """Hand a card to the provider's vault; nothing of it is kept here.

        Raises:
            CardRefused: the vault does not take it.
            TransitionRefused: the vault takes cards only from the provider's own client-side fields.
        """
        authorise(self._actor, Permission.ORDERS_PLACE)
        traits = self._core.gateway.traits
        if not traits.accepts_cards:
            raise TransitionRefused(kind=f"vault of {traits.name}", status="closed to us", action="take card details")
        return self._core.gateway.tokenise(card)

    def settle(self, order_id: UUID, *, idempotency_key: str | None = None) -> Order:
        """Ask the provider now what became of an open attempt, without waiting for the worker.

        Where none is open it is asked about the finished ones, which somebody may have decided by hand: another word
        becomes a discrepancy. A cancelled order whose money could not be given back gets another try, one a key.

        Raises:
            UnknownResource: no such order.
            DiscrepancyOpen: the provider's word contradicts our books.
            KeyReused: the key was used for something else.
        """
        authorise(self._actor, Permission.PAYMENTS_MANAGE)
        core, actor_id = self._core, self._actor.id
        self._reconsider(existing(core, order_id, "order", _orders))
        outcome = self._once(SETTLE_NOW, _SettleNow(order_id=order_id), order_id, idempotency_key)
        if outcome.facts:
            return drive(core, [outcome.written()], actor_id)[order_id]
        attempt = outcome.payment.open_attempt
        if attempt is None:
            return outcome
        return evolve(resume(core, outcome, attempt, actor_id), replayed=outcome.replayed)

    def resolve(self, command: ResolveAttempt, *, idempotency_key: str | None = None) -> Order:
        """Record an admin's decision on an unknown attempt; a reason is required.

        Raises:
            UnknownResource: no such order.
            InvalidRequest: no reason, or the outcome decides nothing.
            TransitionRefused: no attempt of this order is unknown, or the provider told otherwise in between.
            KeyReused: the key was used for something else.
        """
        authorise(self._actor, Permission.PAYMENTS_MANAGE)
        if command.reason is None:
            raise InvalidRequest.of("/reason", "is needed: a decision on money says why", "missing")
        if command.outcome not in (AnswerKind.APPROVED, AnswerKind.DECLINED):
            raise InvalidRequest.of("/outcome", "must be approved or declined", "out_of_range")
        core = self._core
        order = existing(core, command.order_id, "order", _orders)
        decision = None
        if order.payment.is_unknown:
            (decision,) = recordings_of(core, [(order, _answer_of(command))], self._actor.id, note=command.reason)
        outcome = self._once(RESOLVE, command, order.id, idempotency_key, decision)
        if outcome.replayed:
            return outcome
        return drive(core, [outcome.written()], self._actor.id)[order.id]

    def capture(self, command: CapturePayment, *, idempotency_key: str | None = None) -> Order:
        """Take money that is held for an order, all of it or that much; without an answer the worker settles it.

        Raises:
            UnknownResource, VersionIsStale, PaymentInFlight: refused, nothing was written.
            TransitionRefused: nothing is held, the order was cancelled, or the provider captures only once.
            CurrencyMismatch, AmountUnavailable: that much is not held.
            MoneyNotMoved: the provider declined.
        """
        authorise(self._actor, Permission.PAYMENTS_MANAGE)
        return moved(self._core, self._actor, CAPTURE, command, idempotency_key)

    def refund(self, command: RefundPayment, *, idempotency_key: str | None = None) -> Order:
        """Give money back that was taken for an order, all of it or that much; the order itself goes on.

        Raises:
            UnknownResource, VersionIsStale, PaymentInFlight: refused, nothing was written.
            TransitionRefused: nothing was taken or all was given back, or the provider refunds only in whole.
            CurrencyMismatch, AmountUnavailable: that much is not left.
            MoneyNotMoved: the provider declined.
        """
        authorise(self._actor, Permission.PAYMENTS_MANAGE)
        return moved(self._core, self._actor, REFUND, command, idempotency_key)

    def _reconsider(self, order: Order) -> None:
        """Keep what the provider says otherwise about attempts that are finished; nobody is asked while one is open."""
        core = self._core
        until = core.clock.now() + core.gateway.traits.deadline
        for attempt in order.payment.attempts if order.payment.open_attempt is None else ():
            within = until - core.clock.now()
            if is_too_short(core, within):
                return
            answer = core.gateway.find(provider_call(order, attempt, within))
            if answer is not None and attempt.is_contradicted_by(attempt.credible(answer)):
                run_one(core, SETTLE, recording_of(core, order, attempt.id, answer, self._actor.id))

    def _once(
        self,
        change: Change[Intent[_Asked[C]], Order | Repeated],
        command: C,
        order_id: UUID,
        key: str | None,
        decision: Recording | None = None,
    ) -> Order:
        """The order after a change that takes effect once a key; `replayed` where that was before."""
        core = self._core
        claim = claim_for(
            core, self._actor, key, operation=change.name, command=command, resource_id=order_id, outcome=DONE
        )
        asked = _Asked(order_id=order_id, command=command, decision=decision)
        ids = (core.ids.new(), core.ids.new())
        intent = Intent(actor_id=self._actor.id, command=asked, at=core.clock.now(), ids=ids, claim=claim)
        outcome = run_one(core, change, intent)
        if isinstance(outcome, Order):
            return outcome
        return evolve(existing(core, order_id, "order", _orders), replayed=True)


def _orders(lookups: Lookups) -> Callable[[Sequence[UUID]], Mapping[UUID, Order]]:
    return lookups.orders


def _answer_of(command: ResolveAttempt) -> ProviderAnswer:
    declined = command.outcome is AnswerKind.DECLINED
    return ProviderAnswer(
        kind=command.outcome,
        reference=command.reference,
        decline_code="resolved_by_hand" if declined else None,
    )


def _settle_now(work: UnitOfWork, intent: Intent[_Asked[_SettleNow]]) -> Order:
    """The order as it is, or a cancelled one with another try to give its money back."""
    order = named(work.orders.hold((intent.command.order_id,)), intent.command.order_id, "order")
    if order.status is not OrderStatus.CANCELLED or order.payment.open_attempt is not None:
        return order
    given = order.give_back(
        attempt_id=intent.ids[0],
        entry_id=intent.ids[1],
        at=intent.at,
        started_at=work.now,
        actor_id=intent.actor_id,
    )
    work.orders.save(given)
    return given


def _resolve(work: UnitOfWork, intent: Intent[_Asked[ResolveAttempt]]) -> Order:
    """The decision recorded as an answer would be; refused where there was nothing to decide any more."""
    decision = intent.command.decision
    if decision is None:
        raise _refusal(named(work.orders.hold((intent.command.order_id,)), intent.command.order_id, "order"))
    (decided,) = settle(work, (decision,))
    attempt = decided.payment.attempt(decision.attempt_id)
    if attempt.status is not ATTEMPT_STATUS[decision.answer.kind]:
        raise _refusal(decided)
    return decided


def _refusal(order: Order) -> TransitionRefused:
    return TransitionRefused(kind="payment", status=order.payment.status.value, action="be resolved by hand")


SETTLE_NOW = simple("settle_now", _settle_now)
RESOLVE = simple("resolve_payment", _resolve)
