"""The only place that keeps the fake provider's books: in memory, or in a file that several processes share."""

from __future__ import annotations

import secrets
import sqlite3
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Protocol

from attrs import frozen

from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptKind, NextAction, NextActionKind, ProviderAnswer
from ordercore.ports.gateway import ProviderCall

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ACTION_ADDRESS = "https://bank.example/confirm/"


@frozen(slots=False)
class Entry:
    """A call that was heard, and the word on it. `authorisation` is the reference that it belongs to.

    While `is_waiting` the customer has something to do, and there is no final word.
    """

    request: ProviderCall
    authorisation: str
    reference: str
    decline_code: str | None = None
    is_waiting: bool = False
    heard_at: datetime = EPOCH

    @property
    def is_approved(self) -> bool:
        """Whether it took effect."""
        return self.decline_code is None and not self.is_waiting

    @property
    def answer(self) -> ProviderAnswer:
        """The provider's word, the same whenever it is asked for, but for one that waited."""
        if self.is_waiting:
            action = NextAction(kind=NextActionKind.REDIRECT, value=ACTION_ADDRESS + self.reference)
            return ProviderAnswer(kind=AnswerKind.ACTION_REQUIRED, reference=self.reference, next_action=action)
        if self.decline_code is None:
            return ProviderAnswer(kind=AnswerKind.APPROVED, reference=self.reference, amount=self.request.amount)
        return ProviderAnswer(kind=AnswerKind.DECLINED, reference=self.reference, decline_code=self.decline_code)


@frozen(kw_only=True, slots=False)
class Account:
    """What one authorisation came to, in minor units; `authorised` is live: a void takes it back."""

    currency: str
    token: str | None
    authorised: int = 0
    captured: int = 0
    refunded: int = 0
    is_voided: bool = False


class Books(Protocol):
    """Entries by key. Everything but `entries` is called within `writing`, which excludes all other writers."""

    def writing(self) -> AbstractContextManager[object]:
        """Look and add without anybody in between; raising takes back what was added."""

    def find(self, key: str) -> Entry | None:
        """The entry with that key."""

    def of(self, authorisation: str) -> Sequence[Entry]:
        """The approved entries of an authorisation, its own first."""

    def add(self, entry: Entry) -> None:
        """One more line."""

    def replace(self, entry: Entry) -> None:
        """The line of an action that was awaited, now that it is over."""

    def entries(self) -> Sequence[Entry]:
        """All lines, in order."""

    def secret(self) -> bytes:
        """What notifications are signed with, the same for everybody who shares the books."""


class MemoryBooks:
    """Books that end with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_key: dict[str, Entry] = {}
        self._approved: dict[str, list[Entry]] = {}
        self._secret = secrets.token_bytes(32)

    def writing(self) -> AbstractContextManager[object]:
        """Holds the lock; nothing is taken back, for nothing raises after an addition."""
        return self._lock

    def find(self, key: str) -> Entry | None:
        """The entry with that key."""
        return self._by_key.get(key)

    def of(self, authorisation: str) -> Sequence[Entry]:
        """The approved entries of an authorisation, its own first."""
        return self._approved.get(authorisation, ())

    def add(self, entry: Entry) -> None:
        """One more line."""
        self._by_key[entry.request.key] = entry
        if entry.is_approved:
            self._approved.setdefault(entry.authorisation, []).append(entry)

    def replace(self, entry: Entry) -> None:
        """The line of an action that was awaited, now that it is over."""
        self.add(entry)

    def entries(self) -> Sequence[Entry]:
        """All lines, in order."""
        with self._lock:
            return tuple(self._by_key.values())

    def secret(self) -> bytes:
        """What notifications are signed with."""
        return self._secret


_SCHEMA = """CREATE TABLE entry (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL, token TEXT, asked_reference TEXT, authorisation TEXT NOT NULL, reference TEXT NOT NULL,
    decline_code TEXT) STRICT;
CREATE INDEX entry_by_authorisation ON entry (authorisation);"""
_ADDED = (
    "ALTER TABLE entry ADD COLUMN is_waiting INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE entry ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE secret (value BLOB NOT NULL) STRICT",
)
_COLUMNS = (
    "kind, key, amount_minor, currency, token, asked_reference, authorisation, reference, decline_code, is_waiting,"
    " heard_at"
)


class FileBooks:
    """Books in an SQLite file. A killed process loses no line; a power cut may (nothing is synced)."""

    def __init__(self, path: Path) -> None:
        _create(path)
        self._lock = Lock()
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = OFF")
        with self.writing():
            _complete(self._connection)
        weakref.finalize(self, self._connection.close)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that excludes other threads and processes."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                yield

    def find(self, key: str) -> Entry | None:
        """The entry with that key."""
        return next(self._read("WHERE key = ?", key), None)

    def of(self, authorisation: str) -> Sequence[Entry]:
        """The approved entries of an authorisation, its own first."""
        which = "WHERE authorisation = ? AND decline_code IS NULL AND NOT is_waiting ORDER BY number"
        return tuple(self._read(which, authorisation))

    def add(self, entry: Entry) -> None:
        """One more line."""
        request = entry.request
        self._connection.execute(
            f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                request.kind.value,
                request.key,
                request.amount.amount_minor,
                request.amount.currency,
                request.token,
                request.reference,
                entry.authorisation,
                entry.reference,
                entry.decline_code,
                entry.is_waiting,
                (entry.heard_at - EPOCH) // MICROSECOND,
            ),
        )

    def replace(self, entry: Entry) -> None:
        """The line of an action that was awaited, now that it is over."""
        self._connection.execute(
            "UPDATE entry SET decline_code = ?, is_waiting = ? WHERE key = ?",
            (entry.decline_code, entry.is_waiting, entry.request.key),
        )

    def secret(self) -> bytes:
        """What notifications are signed with."""
        with self._lock:
            ((value,),) = self._connection.execute("SELECT value FROM secret")
        return bytes(value)

    def entries(self) -> Sequence[Entry]:
        """All lines, in order."""
        with self._lock:
            return tuple(self._read("ORDER BY number"))

    def _read(self, which: str, *parameters: str) -> Iterator[Entry]:
        for row in self._connection.execute(f"SELECT {_COLUMNS} FROM entry {which}", parameters):
            kind, key, minor, currency, token, asked, authorisation, reference, decline_code, is_waiting, heard_at = row
            request = ProviderCall(
                kind=AttemptKind(kind), key=key, amount=Money(minor, currency), token=token, reference=asked
            )
            moment = EPOCH + heard_at * MICROSECOND
            yield Entry(request, authorisation, reference, decline_code, bool(is_waiting), moment)


def account_of(entries: Sequence[Entry]) -> Account:
    """The sums of an authorisation's approved entries, its own first."""
    first = entries[0].request
    authorised = captured = refunded = 0
    is_voided = False
    for entry in entries:
        kind, minor = entry.request.kind, entry.request.amount.amount_minor
        if kind is AttemptKind.AUTHORISE:
            authorised += minor
        elif kind is AttemptKind.CAPTURE:
            captured += minor
        elif kind is AttemptKind.REFUND:
            refunded += minor
        else:
            is_voided, authorised = True, 0
    return Account(
        currency=first.amount.currency,
        token=first.token,
        authorised=authorised,
        captured=captured,
        refunded=refunded,
        is_voided=is_voided,
    )


def accounts_of(entries: Sequence[Entry]) -> Mapping[str, Account]:
    """Every authorisation that was approved, by its key."""
    return {group[0].request.key: account_of(group) for group in approved(entries)}


def approved(entries: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
    """The entries of each approved authorisation, its own first; the void of one that only waited belongs to none."""
    grouped: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.is_approved:
            grouped.setdefault(entry.authorisation, []).append(entry)
    return [group for group in grouped.values() if group[0].request.kind is AttemptKind.AUTHORISE]


def _create(path: Path) -> None:
    """Make the file whole beside its place and link it in: whoever comes second finds it finished.

    (Two connections that switch one file to WAL at once get "database is locked" without waiting.)
    """
    if path.exists():
        return
    with TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / "books"
        connection = sqlite3.connect(draft)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        connection.close()
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return


def _complete(connection: sqlite3.Connection) -> None:
    """What came later than the first books, added to a file that is older, and to a new one."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'secret'").fetchone() is None:
        for statement in _ADDED:
            connection.execute(statement)
        connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
