"""Payments: list them, hand a card to the vault, decide what no provider can tell."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from attrs import field, frozen

from ordercore.application.core import Core
from ordercore.application.requests import Intent, a_reason, existing, named, run_one
from ordercore.application.settling import drive, record, resume
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.errors import InvalidRequest, OrderCoreError, TransitionRefused
from ordercore.domain.lifecycles import OrderStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind, ProviderAnswer
from ordercore.ports.commits import Change
from ordercore.ports.gateway import Card
from ordercore.ports.queries import Page, PageRequest, PaymentFilter, PaymentRow
from ordercore.ports.store import UnitOfWork


@frozen(kw_only=True, slots=False)
class ResolveAttempt:
    """An admin's decision on an attempt that the provider cannot or can no longer tell of.

    `reference` is the provider's own id of it, where the admin found one: a later capture, void or refund names it.
    """

    order_id: UUID
    outcome: AnswerKind = field(validator=fields.instance_of(AnswerKind))
    reason: str | None = field(default=None, validator=a_reason)
    reference: str | None = field(default=None, validator=a_reason)


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

    def settle(self, order_id: UUID) -> Order:
        """Ask the provider now what became of an open attempt, without waiting for the worker.

        A cancelled order whose money could not be given back gets another try.

        Raises:
            UnknownResource: no such order.
        """
        authorise(self._actor, Permission.PAYMENTS_MANAGE)
        core, actor_id = self._core, self._actor.id
        order = existing(core, order_id, "order", lambda lookups: lookups.orders)
        attempt = order.payment.open_attempt
        if attempt is not None:
            return resume(core, order, attempt, actor_id)
        if order.status is not OrderStatus.CANCELLED:
            return order
        ids = (core.ids.new(), core.ids.new())
        intent = Intent(actor_id=actor_id, command=order_id, at=core.clock.now(), ids=ids, claim=None)
        outcome = run_one(core, GIVE_BACK, intent)
        return drive(core, [outcome.written()], actor_id)[order_id]

    def resolve(self, command: ResolveAttempt) -> Order:
        """Record an admin's decision on an unknown attempt; a reason is required.

        Raises:
            UnknownResource: no such order.
            InvalidRequest: no reason, or the outcome decides nothing.
            TransitionRefused: no attempt of this order is unknown.
        """
        authorise(self._actor, Permission.PAYMENTS_MANAGE)
        if command.reason is None:
            raise InvalidRequest.of("/reason", "is needed: a decision on money says why", "missing")
        if command.outcome is AnswerKind.UNKNOWN:
            raise InvalidRequest.of("/outcome", "must be approved or declined", "out_of_range")
        order = existing(self._core, command.order_id, "order", lambda lookups: lookups.orders)
        if not order.payment.is_unknown:
            raise TransitionRefused(kind="payment", status=order.payment.status.value, action="be resolved by hand")
        declined = command.outcome is AnswerKind.DECLINED
        answer = ProviderAnswer(
            kind=command.outcome,
            reference=command.reference,
            decline_code="resolved_by_hand" if declined else None,
        )
        (recorded,) = record(self._core, [(order, answer)], self._actor.id, note=command.reason)
        return drive(self._core, [recorded], self._actor.id)[order.id]


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


GIVE_BACK: Change[Intent[UUID], Order] = Change("give_back", _give_back, largest_group=1)
