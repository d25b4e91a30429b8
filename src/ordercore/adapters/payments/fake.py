"""The only place that plays a payment provider: honest books, test cards, and answers that come late or not at all."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import evolve

from ordercore.adapters.payments import cards, notifications
from ordercore.adapters.payments.books import (
    Account,
    Books,
    Entry,
    FileBooks,
    MemoryBooks,
    account_of,
    accounts_of,
    approved,
)
from ordercore.domain.errors import ProviderUnavailable
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.ports.gateway import Card, ProviderCall, ProviderRecord, ProviderReport, ProviderTraits

NO_ANSWER = ProviderAnswer(kind=AnswerKind.UNKNOWN)
KEY_REUSED = ProviderAnswer(kind=AnswerKind.DECLINED, decline_code="key_reused")


class FakeGateway:
    """A payment provider without money, safe for many threads; with a file, for many processes.

    What a token does is in `cards`. `slow_seconds` is how long the slow card takes, waited with `pause`.
    """

    def __init__(
        self,
        books: Path | None = None,
        *,
        deadline: timedelta = timedelta(seconds=10),
        slow_seconds: float = 3.0,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._books: Books = MemoryBooks() if books is None else FileBooks(books)
        self._traits = ProviderTraits(
            name=notifications.PROVIDER,
            deadline=deadline,
            settling_time=timedelta(minutes=1),
            accepts_cards=True,
            captures_many=True,
        )
        self._secret = self._books.secret()
        self._slow_seconds = slow_seconds
        self._pause = pause
        self._now = now

    @property
    def traits(self) -> ProviderTraits:
        """What the provider can do; it remembers keys for ever, and says 24 hours as real ones do."""
        return self._traits

    def call(self, request: ProviderCall) -> ProviderAnswer:
        """Authorise, capture, void or refund; a file that stays busy is an answer that never came."""
        try:
            with self._books.writing():
                earlier = self._books.find(request.key)
                if earlier is not None:
                    return earlier.answer if earlier.request == request else KEY_REUSED
                entry, token = self._judged(request)
                self._books.add(evolve(entry, heard_at=self._now()))
        except sqlite3.OperationalError:
            return NO_ANSWER
        return self._told(entry, token)

    def find(self, request: ProviderCall) -> ProviderAnswer | None:
        """What became of the call with this key."""
        try:
            with self._books.writing():
                earlier = self._books.find(request.key)
        except sqlite3.OperationalError:
            return NO_ANSWER
        return None if earlier is None else earlier.answer

    def tokenise(self, card: Card) -> str:
        """The token of a test card; nothing of the card is kept.

        Raises:
            CardRefused: misspelt, expired, or no test card.
        """
        return cards.token_of(card, self._now().date())

    def read_notification(self, body: bytes, headers: Mapping[str, str]) -> Sequence[ProviderReport]:
        """What a notification tells.

        Raises:
            BadSignature, NotificationIsOld, NotificationIsNonsense: it is not believed.
        """
        return (notifications.read(self._secret, body, headers, self._now()),)

    def records(self, since: datetime, until: datetime) -> Iterator[ProviderRecord]:
        """Every authorisation approved in that time, as its money stands now.

        Raises:
            ProviderUnavailable: the file is busy or damaged.
        """
        try:
            entries = self._books.entries()
        except sqlite3.OperationalError as failure:
            raise ProviderUnavailable(provider=self._traits.name, reason=str(failure)) from failure
        for group in approved(entries):
            if since <= group[0].heard_at < until:
                yield _record_of(group)

    def notification(self, key: str, *, sent_at: datetime | None = None) -> tuple[bytes, Mapping[str, str]]:
        """Body and headers that the provider posts about the call with that key, now or at another time."""
        with self._books.writing():
            entry = self._books.find(key)
        if entry is None:
            raise ValueError(f"there was no call with the key {key}")
        at, answer = sent_at or self._now(), entry.answer
        report = ProviderReport(
            event_id=f"event_{answer.reference}_{answer.kind.value}",
            occurred_at=at,
            kind=entry.request.kind,
            answer=answer,
            key=key,
            authorisation=entry.authorisation,
        )
        body = notifications.body_of(report)
        return body, notifications.signed(self._secret, report.event_id, at, body)

    def act(self, reference: str, *, confirms: bool = True) -> None:
        """Do what the customer was asked to do, at the address of the next action, or fail at it."""
        with self._books.writing():
            waiting = self._waiting(reference)
            if waiting is None:
                raise ValueError(f"nothing is asked of the customer of {reference}")
            self._books.replace(evolve(waiting, is_waiting=False, decline_code=None if confirms else cards.UNCONFIRMED))

    def entries(self) -> Sequence[Entry]:
        """Every call that was heard, in order, with the word on it: for tests and proofs."""
        return self._books.entries()

    def accounts(self) -> Mapping[str, Account]:
        """Every approved authorisation by its key, with what is authorised (live), captured and refunded."""
        return accounts_of(self._books.entries())

    def _judged(self, request: ProviderCall) -> tuple[Entry, str | None]:
        """The line for the books, and the token that the money comes from."""
        reference = f"{request.kind.value}_{request.key}"
        if request.kind is AttemptKind.AUTHORISE:
            is_waiting = request.token == cards.THREE_D_SECURE
            return Entry(request, reference, reference, _refusal_of_charge(request), is_waiting), request.token
        authorisation = request.reference or ""
        waiting = self._waiting(authorisation)
        if waiting is not None and request.kind is AttemptKind.VOID:
            self._books.replace(evolve(waiting, is_waiting=False, decline_code=cards.ABANDONED))
            return Entry(request, authorisation, reference), None
        held = self._books.of(authorisation)
        if not held:
            return Entry(request, authorisation, reference, "unknown_reference"), None
        account = account_of(held)
        return Entry(request, authorisation, reference, _refusal_of_change(request, account)), account.token

    def _waiting(self, reference: str) -> Entry | None:
        """The authorisation with that reference, where its customer has something to do."""
        entry = self._books.find(reference.removeprefix(f"{AttemptKind.AUTHORISE.value}_"))
        return entry if entry is not None and entry.is_waiting else None

    def _told(self, entry: Entry, token: str | None) -> ProviderAnswer:
        """How the answer to the first asking travels; the effect is in the books already."""
        kind = entry.request.kind
        if token == cards.VISA or not entry.is_approved:
            return entry.answer
        if (kind is AttemptKind.AUTHORISE and token == cards.TIMEOUT) or (
            kind is AttemptKind.CAPTURE and token == cards.CAPTURE_TIMEOUT
        ):
            return NO_ANSWER
        if kind is AttemptKind.AUTHORISE and token == cards.SLOW:
            return self._dawdled(entry)
        return entry.answer

    def _dawdled(self, entry: Entry) -> ProviderAnswer:
        deadline_seconds = (entry.request.within or self._traits.deadline).total_seconds()
        self._pause(min(self._slow_seconds, deadline_seconds))
        return entry.answer if self._slow_seconds < deadline_seconds else NO_ANSWER


def _record_of(group: Sequence[Entry]) -> ProviderRecord:
    first, account = group[0], account_of(group)
    return ProviderRecord(
        reference=first.reference,
        key=first.request.key,
        made_at=first.heard_at,
        authorised=Money(account.authorised, account.currency),
        captured=Money(account.captured, account.currency),
        refunded=Money(account.refunded, account.currency),
    )


def _refusal_of_charge(request: ProviderCall) -> str | None:
    if request.amount.amount_minor <= 0:
        return "invalid_amount"
    if request.token in cards.APPROVED:
        return None
    return cards.DECLINES.get(request.token or "", "invalid_token")


def _refusal_of_change(request: ProviderCall, account: Account) -> str | None:
    """Why money that is held cannot be captured, voided or refunded like this; None where it can."""
    minor = request.amount.amount_minor
    if request.amount.currency != account.currency:
        return "currency_mismatch"
    if minor <= 0:
        return "invalid_amount"
    if request.kind is AttemptKind.CAPTURE:
        return _refusal_of_capture(minor, account)
    if request.kind is AttemptKind.VOID:
        return _refusal_of_void(minor, account)
    return None if account.refunded + minor <= account.captured else "amount_too_large"


def _refusal_of_capture(minor: int, account: Account) -> str | None:
    if account.is_voided:
        return "already_voided"
    if account.captured + minor > account.authorised:
        return "amount_too_large"
    return "capture_failed" if account.token == cards.CAPTURE_FAILS else None


def _refusal_of_void(minor: int, account: Account) -> str | None:
    if account.is_voided:
        return "already_voided"
    if account.captured:
        return "already_captured"
    return None if minor == account.authorised else "amount_mismatch"
