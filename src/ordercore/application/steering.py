"""Steering: the only place for what an order that stands may be asked: pay again, cancel, correct, hand over."""

from __future__ import annotations

from uuid import UUID

from attrs import field, frozen

from ordercore.application.requests import (
    DONE,
    Intent,
    a_reason,
    expected_version,
    explained,
    named,
    refuse_stale,
    simple,
)
from ordercore.application.settling import PAY_AGAIN, REFUND, release_stock
from ordercore.domain import cards, fields
from ordercore.domain.customer import Address
from ordercore.domain.order import Order
from ordercore.ports.store import UnitOfWork


@frozen(kw_only=True, slots=False)
class PayOrder:
    """A new attempt to pay an order that waits after a decline."""

    order_id: UUID
    token: str = field(repr=False, validator=cards.token)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class CancelOrder:
    """End an order before it ships: stock released, money voided or refunded."""

    order_id: UUID
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class CorrectAddress:
    """Another shipping address for an order that has not shipped."""

    order_id: UUID
    ship_to: Address = field(validator=fields.instance_of(Address))
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


@frozen(kw_only=True, slots=False)
class HandOver:
    """Another admin user for an open order."""

    order_id: UUID
    manager_id: UUID
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


def _held(work: UnitOfWork, order_id: UUID, version: int | None) -> Order:
    order = named(work.orders.hold((order_id,)), order_id, "order")
    refuse_stale(order, version, "order")
    return order


def _pay(work: UnitOfWork, intent: Intent[PayOrder]) -> Order:
    order = _held(work, intent.command.order_id, intent.command.expected_version)
    asked = order.pay(
        token=intent.command.token,
        attempt_id=intent.ids[0],
        at=intent.at,
        started_at=work.now,
        actor_id=intent.actor_id,
    )
    work.orders.save(asked)
    return asked


def _cancel(work: UnitOfWork, intent: Intent[CancelOrder]) -> Order:
    order = _held(work, intent.command.order_id, intent.command.expected_version)
    cancelled = order.cancel(
        attempt_id=intent.ids[0],
        entry_id=intent.ids[1],
        at=intent.at,
        started_at=work.now,
        actor_id=intent.actor_id,
    )
    release_stock(work, [(order, cancelled)], intent.at)
    work.orders.save(explained(cancelled, intent.command.reason))
    if cancelled.payment.open_attempt is None:
        work.requests.finish(REFUND, {cancelled.id: DONE})
    return cancelled


def _correct_address(work: UnitOfWork, intent: Intent[CorrectAddress]) -> Order:
    order = _held(work, intent.command.order_id, intent.command.expected_version)
    corrected = order.correct_address(intent.command.ship_to, at=intent.at, actor_id=intent.actor_id)
    work.orders.save(explained(corrected, intent.command.reason))
    return corrected


def _hand_over(work: UnitOfWork, intent: Intent[HandOver]) -> Order:
    order = _held(work, intent.command.order_id, intent.command.expected_version)
    manager_id = intent.command.manager_id
    named(work.admins.hold((manager_id,)), manager_id, "admin user").refuse_inactive()
    handed = order.hand_over(manager_id, at=intent.at, actor_id=intent.actor_id)
    work.orders.save(explained(handed, intent.command.reason))
    return handed


PAY = simple(PAY_AGAIN, _pay)
CANCEL = simple(REFUND, _cancel)
CORRECT_ADDRESS = simple("correct_address", _correct_address)
HAND_OVER = simple("hand_over", _hand_over)
