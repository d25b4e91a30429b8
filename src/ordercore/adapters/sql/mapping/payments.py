"""The only place where payments become rows and rows payments, with their attempts and ledger entries."""

from __future__ import annotations

from collections.abc import Sequence

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.columns import columns
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.lifecycles import PaymentStatus
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.domain.payment import (
    AnswerKind,
    Attempt,
    AttemptKind,
    AttemptStatus,
    LedgerEntry,
    Payment,
    PaymentMethod,
)
from ordercore.ports.sealer import Sealer

_ANSWER_KIND = {each.value: each for each in AnswerKind}
_ATTEMPT_KIND = {each.value: each for each in AttemptKind}
_ATTEMPT_STATUS = {each.value: each for each in AttemptStatus}
_PAYMENT_METHOD = {each.value: each for each in PaymentMethod}
_PAYMENT_STATUS = {each.value: each for each in PaymentStatus}


def payment_row(wire: Wire, order: Order) -> Row:
    """An order's payment for its table."""
    payment = order.payment
    return (
        wire.id(order.id),
        wire.id(payment.id),
        payment.amount.amount_minor,
        payment.method._value_,
        payment.status._value_,
        int(payment.is_external),
        int(payment.is_unknown),
        payment.authorised,
        payment.captured,
        payment.refunded,
        payment.authorise_pending,
        payment.capture_pending,
        payment.refund_pending,
        wire.moment(payment.changed_at),
        wire.moment(order.ordered_at),
        payment.discrepancy,
    )


def attempt_row(wire: Wire, sealer: Sealer, order: Order, position: int) -> Row:
    """An order's attempt at that position, for its table."""
    attempt = order.payment.attempts[position]
    return (
        wire.id(order.id),
        position,
        wire.id(attempt.id),
        attempt.kind._value_,
        attempt.status._value_,
        attempt.amount.amount_minor,
        None if attempt.token is None else sealer.seal(attempt.token.encode()),
        attempt.reference,
        attempt.decline_code,
        wire.moment(attempt.started_at),
        None if attempt.finished_at is None else wire.moment(attempt.finished_at),
        None if attempt.reported is None else attempt.reported._value_,
    )


def entry_row(wire: Wire, order: Order, entry: LedgerEntry) -> Row:
    """A ledger entry for its table."""
    return (
        wire.id(order.id),
        wire.id(entry.id),
        entry.kind._value_,
        entry.amount_minor,
        wire.moment(entry.at),
        None if entry.attempt_id is None else wire.id(entry.attempt_id),
    )


PAYMENT_SELECT = f"""SELECT {columns(tables.payments, "p.")}, {columns(tables.payment_attempts, "t.")}
    FROM payments p LEFT JOIN payment_attempts t ON t.order_id = p.order_id
    WHERE p.order_id {{among}} ORDER BY p.order_id, t.position"""

_PAYMENT_WIDTH = len(tables.payments.columns)


def payment_of(wire: Wire, sealer: Sealer, currency: str, rows: Sequence[Row]) -> Payment:
    """An order's payment from the rows of PAYMENT_SELECT."""
    (
        _,
        id,
        amount_minor,
        method,
        status,
        is_external,
        _,
        authorised,
        captured,
        refunded,
        authorise_pending,
        capture_pending,
        refund_pending,
        changed_at,
        _,
        discrepancy,
    ) = rows[0][:_PAYMENT_WIDTH]
    return Payment(
        id=wire.to_id(id),
        amount=Money(amount_minor, currency),
        method=_PAYMENT_METHOD[method],
        status=_PAYMENT_STATUS[status],
        is_external=bool(is_external),
        authorised=authorised,
        captured=captured,
        refunded=refunded,
        authorise_pending=authorise_pending,
        capture_pending=capture_pending,
        refund_pending=refund_pending,
        discrepancy=discrepancy,
        attempts=tuple(
            _attempt_of(wire, sealer, currency, row[_PAYMENT_WIDTH:]) for row in rows if row[_PAYMENT_WIDTH] is not None
        ),
        changed_at=wire.to_moment(changed_at),
    )


def _attempt_of(wire: Wire, sealer: Sealer, currency: str, row: Row) -> Attempt:
    _, _, id, kind, status, amount_minor, token, reference, decline_code, started_at, finished_at, reported = row
    return Attempt(
        id=wire.to_id(id),
        kind=_ATTEMPT_KIND[kind],
        status=_ATTEMPT_STATUS[status],
        amount=Money(amount_minor, currency),
        token=None if token is None else sealer.open(token).decode(),
        reference=reference,
        decline_code=decline_code,
        started_at=wire.to_moment(started_at),
        finished_at=None if finished_at is None else wire.to_moment(finished_at),
        reported=None if reported is None else _ANSWER_KIND[reported],
    )
