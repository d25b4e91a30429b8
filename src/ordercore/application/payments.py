"""Payments: list them, hand a card to the vault, decide what no provider can tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
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
    named,
    run_one,
    simple,
)
from ordercore.application.settling import drive, record, resume
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.errors import InvalidRequest, OrderCoreError, TransitionRefused
from ordercore.domain.lifecycles import OrderStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind, AttemptStatus, ProviderAnswer
from ordercore.ports.commits import Change
from ordercore.ports.gateway import Card
from ordercore.ports.queries import Page, PageRequest, PaymentFilter, PaymentRow
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

        A cancelled order whose money could not be given back gets another try, one a key.

        Raises:
            UnknownResource: no such order.
            KeyReused: the key was used for something else.
        """
        authorise(self._actor, Permission.PAYMENTS_MANAGE)
        core, actor_id = self._core, self._actor.id
        order = self._asked(SETTLE_NOW, _SettleNow(order_id=order_id), order_id, idempotency_key)
        attempt = order.payment.open_attempt
        if attempt is not None:
            return evolve(resume(core, order, attempt, actor_id), replayed=order.replayed)
        if order.status is not OrderStatus.CANCELLED or order.replayed:
            return order
        ids = (core.ids.new(), core.ids.new())
        intent = Intent(actor_id=actor_id, command=order_id, at=core.clock.now(), ids=ids, claim=None)
        outcome = run_one(core, GIVE_BACK, intent)
        return drive(core, [outcome.written()], actor_id)[order_id]

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
        order = self._asked(RESOLVE, command, command.order_id, idempotency_key)
        if order.replayed:
            return order
        declined = command.outcome is AnswerKind.DECLINED
        answer = ProviderAnswer(
            kind=command.outcome,
            reference=command.reference,
            decline_code="resolved_by_hand" if declined else None,
        )
        (recorded,) = record(self._core, [(order, answer)], self._actor.id, note=command.reason)
        decided = recorded.payment.attempts[len(order.payment.attempts) - 1]
        if (decided.status is AttemptStatus.DECLINED) is not declined:
            raise _refusal(recorded)
        return drive(self._core, [recorded], self._actor.id)[order.id]

    def _asked(self, change: Change[Intent[C], Order | Repeated], command: C, order_id: UUID, key: str | None) -> Order:
        """The order that somebody wants settled or resolved; `replayed` where that was done under this key before.

        The key is bound to the attempt that was open: one that was claimed by a process that died is done now.
        """
        core = self._core
        order = existing(core, order_id, "order", lambda lookups: lookups.orders)
        attempt = order.payment.open_attempt
        about = order_id if attempt is None else attempt.id
        claim = claim_for(
            core, self._actor, key, operation=change.name, command=command, resource_id=about, outcome=DONE
        )
        intent = Intent(actor_id=self._actor.id, command=command, at=core.clock.now(), ids=(order_id,), claim=claim)
        outcome = run_one(core, change, intent)
        if isinstance(outcome, Order):
            return outcome
        is_open = attempt is not None and outcome.stored.claim.resource_id == attempt.id
        return order if is_open else evolve(order, replayed=True)


def _held(work: UnitOfWork, intent: Intent[_SettleNow]) -> Order:
    return named(work.orders.hold(intent.ids), intent.ids[0], "order")


def _held_unknown(work: UnitOfWork, intent: Intent[ResolveAttempt]) -> Order:
    order = named(work.orders.hold(intent.ids), intent.ids[0], "order")
    if not order.payment.is_unknown:
        raise _refusal(order)
    return order


def _refusal(order: Order) -> TransitionRefused:
    return TransitionRefused(kind="payment", status=order.payment.status.value, action="be resolved by hand")


def _give_back(work: UnitOfWork, intents: Sequence[Intent[UUID]]) -> Sequence[Order | OrderCoreError]:
    (intent,) = intents
    order = named(work.orders.hold((intent.command,)), intent.command, "order")
    given = order.give_back(
        attempt_id=intent.ids[0],
        entry_id=intent.ids[1],
        at=intent.at,
        started_at=work.now,
        actor_id=intent.actor_id,
    )
    work.orders.save(given)
    return [given]


SETTLE_NOW = simple("settle_payment", _held)
RESOLVE = simple("resolve_payment", _held_unknown)
GIVE_BACK: Change[Intent[UUID], Order] = Change("give_back", _give_back, largest_group=1)
