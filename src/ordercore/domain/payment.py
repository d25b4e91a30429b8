"""The only place for the money of an order: attempts at the provider, sums, ledger entries.

Fence: sums move only here, each together with the ledger entry that explains it. What is asked for is counted as
pending before the provider is called, so that two askers can never ask for more than is due.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from attrs import field, frozen

from ordercore.domain.errors import TransitionRefused
from ordercore.domain.evolving import evolve
from ordercore.domain.lifecycles import PAYMENT, PaymentAction, PaymentStatus, advance
from ordercore.domain.money import Money


class PaymentMethod(StrEnum):
    """How the customer pays."""

    CARD = "card"


class AttemptKind(StrEnum):
    """What a provider is asked to do."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class AttemptStatus(StrEnum):
    """`pending`: being asked; `unknown`: the answer never came, the worker asks again; `action_required`: the customer
    must do something first, such as 3-D Secure.
    """

    PENDING = "pending"
    ACTION_REQUIRED = "action_required"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    UNKNOWN = "unknown"


class AnswerKind(StrEnum):
    """What a provider can say, or not say."""

    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    ACTION_REQUIRED = "action_required"


class NextActionKind(StrEnum):
    """What the customer's program does with the next action: go to an address, or hand a secret to the provider's."""

    REDIRECT = "redirect"
    CLIENT_SECRET = "client_secret"


class LedgerKind(StrEnum):
    """What happened to money. Entries are only ever added."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
    DISCREPANCY = "discrepancy"


@frozen(kw_only=True)
class NextAction:
    """What the customer has to do before an authorisation can be decided. Never stored: the provider says it again."""

    kind: NextActionKind
    value: str = field(repr=False)


@frozen(kw_only=True, slots=False)
class ProviderAnswer:
    """The provider's word on one attempt. `reference` is the provider's own id of it.

    `amount` is what the provider says it moved, where it says so: every approval of an adapter does. `next_action`
    comes with `ACTION_REQUIRED`.
    """

    kind: AnswerKind
    reference: str | None = None
    decline_code: str | None = None
    amount: Money | None = None
    next_action: NextAction | None = None

    @property
    def is_final(self) -> bool:
        """Whether it ends the attempt."""
        return self.kind in (AnswerKind.APPROVED, AnswerKind.DECLINED)


@frozen(kw_only=True, slots=False)
class Attempt:
    """One thing asked of the provider, with its own key. `token` stands for the card and is no card data.

    `reported` is the provider's final word where it contradicts the recorded one.
    """

    id: UUID
    kind: AttemptKind
    status: AttemptStatus
    amount: Money
    token: str | None = field(default=None, repr=False)
    reference: str | None = None
    decline_code: str | None = None
    started_at: datetime
    finished_at: datetime | None = None
    reported: AnswerKind | None = None

    @property
    def provider_key(self) -> str:
        """The idempotency key at the provider: repeating it never repeats the effect."""
        return str(self.id)

    @property
    def is_open(self) -> bool:
        """No final answer yet."""
        return self.status in _OPEN

    def credible(self, answer: ProviderAnswer) -> ProviderAnswer:
        """The answer where it fits what was asked; else it is as good as none, and the provider is asked again.

        It does not fit where another amount or currency moved, or where an action is asked for what needs none.
        """
        is_other = answer.amount is not None and answer.amount != self.amount
        is_odd = answer.kind is AnswerKind.ACTION_REQUIRED and self.kind is not AttemptKind.AUTHORISE
        return ProviderAnswer(kind=AnswerKind.UNKNOWN) if is_other or is_odd else answer

    def is_contradicted_by(self, answer: ProviderAnswer) -> bool:
        """Whether this is the other final word than the recorded one, told for the first time."""
        is_other = answer.is_final and ATTEMPT_STATUS[answer.kind] is not self.status
        return is_other and not self.is_open and self.reported is None


@frozen(kw_only=True, slots=False)
class LedgerEntry:
    """One line of the payment's books, in the order's currency; only a discrepancy's amount is signed."""

    id: UUID
    kind: LedgerKind
    amount_minor: int
    at: datetime
    attempt_id: UUID | None = None


@frozen(kw_only=True, slots=False)
class Payment:
    """What is due for an order and what became of it. Sums are minor units of `amount.currency`.

    `next_action` is what the customer has to do now, where the provider has just said so; it is not stored.
    `authorised` is the live authorisation: a void takes it back. `discrepancy` is what the provider says it holds or
    took beyond the other sums (below zero: less) and nobody has settled yet. `entries` are those not yet saved.
    """

    id: UUID
    amount: Money
    method: PaymentMethod
    status: PaymentStatus
    is_external: bool = False
    authorised: int = 0
    captured: int = 0
    refunded: int = 0
    authorise_pending: int = 0
    capture_pending: int = 0
    refund_pending: int = 0
    discrepancy: int = 0
    attempts: tuple[Attempt, ...] = ()
    changed_at: datetime
    entries: tuple[LedgerEntry, ...] = field(default=(), eq=False, repr=False)
    next_action: NextAction | None = field(default=None, eq=False, repr=False)

    def attempt(self, attempt_id: UUID) -> Attempt:
        """The attempt with that id, which is one of these."""
        return next(each for each in self.attempts if each.id == attempt_id)

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt without a final answer; there is at most one."""
        return next((attempt for attempt in self.attempts if attempt.is_open), None)

    @property
    def is_unknown(self) -> bool:
        """Whether an answer never came; shown as a flag beside the status."""
        return any(attempt.status is AttemptStatus.UNKNOWN for attempt in self.attempts)

    @property
    def returnable(self) -> Money:
        """What a cancelled order still has of the customer's: taken and not given back, else held."""
        minor = self.captured - self.refunded if self.captured else self.authorised
        return Money(minor, self.amount.currency)

    @property
    def decline_code(self) -> str | None:
        """Why the latest attempt was declined, in the provider's word."""
        return self.attempts[-1].decline_code if self.attempts else None

    @property
    def reference(self) -> str | None:
        """The provider's id of the live authorisation."""
        approved = [
            attempt.reference
            for attempt in self.attempts
            if attempt.kind is AttemptKind.AUTHORISE and attempt.status is AttemptStatus.SUCCEEDED
        ]
        return approved[-1] if approved else None

    def start(
        self,
        kind: AttemptKind,
        *,
        attempt_id: UUID,
        amount: Money,
        token: str | None,
        at: datetime,
        started_at: datetime | None = None,
    ) -> Payment:
        """The payment with one more attempt, its amount counted as pending; it starts at `at` unless told otherwise.

        Raises:
            TransitionRefused: the lifecycle has no such step from here, whatever the provider would say.
        """
        self._next(_ACTION[_LEDGER_KIND[kind]])
        attempt = Attempt(
            id=attempt_id,
            kind=kind,
            status=AttemptStatus.PENDING,
            amount=amount,
            token=token,
            started_at=started_at or at,
        )
        minor = amount.amount_minor
        return evolve(
            self,
            attempts=(*self.attempts, attempt),
            authorise_pending=self.authorise_pending + (minor if kind is AttemptKind.AUTHORISE else 0),
            capture_pending=self.capture_pending + (minor if kind is AttemptKind.CAPTURE else 0),
            refund_pending=self.refund_pending + (minor if kind is AttemptKind.REFUND else 0),
            changed_at=at,
        )

    def refuse_moving(self, kind: AttemptKind, left: int) -> None:
        """Raises TransitionRefused where the lifecycle has no such step, nothing is left, or no provider has it."""
        action = _ACTION[_LEDGER_KIND[kind]]
        if self.is_external:
            kind_of_payment = "payment that was made elsewhere"
            raise TransitionRefused(kind=kind_of_payment, status=self.status.value, action=f"{action.value} here")
        if action not in PAYMENT[self.status] or not left:
            raise TransitionRefused(kind="payment", status=self.status.value, action=action.value)

    def finish(self, attempt: Attempt, answer: ProviderAnswer, *, entry_id: UUID, at: datetime) -> Payment:
        """The payment after the provider's final word on an open attempt: pending undone, effect booked."""
        minor, kind = attempt.amount.amount_minor, attempt.kind
        asked = evolve(
            self,
            attempts=self._with(attempt, answer, at),
            authorise_pending=self.authorise_pending - (minor if kind is AttemptKind.AUTHORISE else 0),
            capture_pending=self.capture_pending - (minor if kind is AttemptKind.CAPTURE else 0),
            refund_pending=self.refund_pending - (minor if kind is AttemptKind.REFUND else 0),
            changed_at=at,
        )
        if answer.kind is AnswerKind.APPROVED:
            return asked._booked(_LEDGER_KIND[kind], minor, attempt_id=attempt.id, entry_id=entry_id, at=at)
        return asked._stepped(PaymentAction.DECLINE) if kind is AttemptKind.AUTHORISE else asked

    def lose_sight(self, attempt: Attempt, *, at: datetime) -> Payment:
        """The payment after an answer that never came: still pending, flagged unknown."""
        unknown = ProviderAnswer(kind=AnswerKind.UNKNOWN, reference=attempt.reference)
        return evolve(self, attempts=self._with(attempt, unknown, None), changed_at=at)

    def await_action(self, attempt: Attempt, answer: ProviderAnswer, *, at: datetime) -> Payment:
        """The payment while the customer has to act: still pending, and nobody's answer is missing."""
        return evolve(self, attempts=self._with(attempt, answer, None), changed_at=at)

    @property
    def is_with_customer(self) -> bool:
        """Whether the customer has to do something before the provider can decide."""
        return any(attempt.status is AttemptStatus.ACTION_REQUIRED for attempt in self.attempts)

    def contradict(self, attempt: Attempt, answer: ProviderAnswer, *, entry_id: UUID, at: datetime) -> Payment:
        """The payment after a final word that contradicts the recorded one: sums and status stay, the difference is
        booked beside them.
        """
        is_approved = answer.kind is AnswerKind.APPROVED
        reference = (answer.reference or attempt.reference) if is_approved else attempt.reference
        contradicted = evolve(attempt, reported=answer.kind, reference=reference)
        minor = attempt.amount.amount_minor * _SIGN[attempt.kind] * (1 if is_approved else -1)
        attempts = tuple(contradicted if each.id == attempt.id else each for each in self.attempts)
        return evolve(self, attempts=attempts)._differing(minor, attempt.id, entry_id=entry_id, at=at)

    def settle_discrepancy(self, attempt_id: UUID, amount: Money, *, entry_id: UUID, at: datetime) -> Payment:
        """The payment once somebody has settled that much of its discrepancy."""
        return self._differing(-amount.amount_minor, attempt_id, entry_id=entry_id, at=at)

    def record_paid(self, *, entry_ids: tuple[UUID, UUID], at: datetime) -> Payment:
        """The payment of an order that was paid elsewhere, or costs nothing: authorised = captured = amount."""
        minor = self.amount.amount_minor
        lines = (
            LedgerEntry(id=entry_ids[0], kind=LedgerKind.AUTHORISED, amount_minor=minor, at=at),
            LedgerEntry(id=entry_ids[1], kind=LedgerKind.CAPTURED, amount_minor=minor, at=at),
        )
        paid = evolve(self, authorised=minor, captured=minor, entries=lines if minor else (), changed_at=at)
        return paid._stepped(PaymentAction.RECORD)

    def abandon(self, *, at: datetime) -> Payment:
        """The payment of an order that ends before any money was held."""
        return evolve(self, status=self._next(PaymentAction.VOID), changed_at=at)

    def refund_externally(self, *, entry_id: UUID, at: datetime) -> Payment:
        """The payment of an order paid elsewhere, given back elsewhere."""
        return self._booked(
            LedgerKind.REFUNDED, self.captured - self.refunded, attempt_id=None, entry_id=entry_id, at=at
        )

    def _with(self, attempt: Attempt, answer: ProviderAnswer, finished_at: datetime | None) -> tuple[Attempt, ...]:
        after = evolve(
            attempt,
            status=ATTEMPT_STATUS[answer.kind],
            reference=answer.reference,
            decline_code=answer.decline_code,
            finished_at=finished_at,
        )
        return tuple(after if each.id == attempt.id else each for each in self.attempts)

    def _booked(
        self, kind: LedgerKind, minor: int, *, attempt_id: UUID | None, entry_id: UUID, at: datetime
    ) -> Payment:
        entry = LedgerEntry(id=entry_id, kind=kind, amount_minor=minor, at=at, attempt_id=attempt_id)
        sign = {LedgerKind.AUTHORISED: 1, LedgerKind.VOIDED: -1}.get(kind, 0)
        booked = evolve(
            self,
            authorised=self.authorised + sign * minor,
            captured=self.captured + (minor if kind is LedgerKind.CAPTURED else 0),
            refunded=self.refunded + (minor if kind is LedgerKind.REFUNDED else 0),
            entries=(*self.entries, entry),
            changed_at=at,
        )
        return booked._stepped(_ACTION[kind])

    def _differing(self, minor: int, attempt_id: UUID, *, entry_id: UUID, at: datetime) -> Payment:
        entry = LedgerEntry(id=entry_id, kind=LedgerKind.DISCREPANCY, amount_minor=minor, at=at, attempt_id=attempt_id)
        return evolve(self, discrepancy=self.discrepancy + minor, entries=(*self.entries, entry), changed_at=at)

    def _stepped(self, action: PaymentAction) -> Payment:
        return evolve(self, status=self._next(action))

    def _next(self, action: PaymentAction) -> PaymentStatus:
        to = None
        if action is PaymentAction.REFUND:
            whole = self.refunded == self.captured
            to = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
        return advance(PAYMENT, self.status, action, kind="payment", to=to)


ATTEMPT_STATUS = {
    AnswerKind.APPROVED: AttemptStatus.SUCCEEDED,
    AnswerKind.DECLINED: AttemptStatus.DECLINED,
    AnswerKind.UNKNOWN: AttemptStatus.UNKNOWN,
    AnswerKind.ACTION_REQUIRED: AttemptStatus.ACTION_REQUIRED,
}
_OPEN = frozenset({AttemptStatus.PENDING, AttemptStatus.UNKNOWN, AttemptStatus.ACTION_REQUIRED})
_SIGN = {AttemptKind.AUTHORISE: 1, AttemptKind.CAPTURE: 1, AttemptKind.VOID: -1, AttemptKind.REFUND: -1}
"""What an approved attempt does to the money at the provider: more of the customer's, or less."""
_LEDGER_KIND = {
    AttemptKind.AUTHORISE: LedgerKind.AUTHORISED,
    AttemptKind.CAPTURE: LedgerKind.CAPTURED,
    AttemptKind.VOID: LedgerKind.VOIDED,
    AttemptKind.REFUND: LedgerKind.REFUNDED,
}
_ACTION = {
    LedgerKind.AUTHORISED: PaymentAction.AUTHORISE,
    LedgerKind.CAPTURED: PaymentAction.CAPTURE,
    LedgerKind.VOIDED: PaymentAction.VOID,
    LedgerKind.REFUNDED: PaymentAction.REFUND,
}
