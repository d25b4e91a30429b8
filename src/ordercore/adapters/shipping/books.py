"""The only place that keeps the fake carrier's books: in memory, or in a file that several processes share."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Protocol

from attrs import frozen

from ordercore.domain.shipment import Label
from ordercore.ports.carrier import LabelAnswer, LabelAnswerKind


@frozen(kw_only=True, slots=False)
class Entry:
    """A request that was heard: a digest of what it asked, and the label or the refusal."""

    key: str
    content: bytes
    label: Label | None = None
    reason: str | None = None

    @property
    def answer(self) -> LabelAnswer:
        """The carrier's word, the same whenever it is asked for."""
        kind = LabelAnswerKind.REFUSED if self.label is None else LabelAnswerKind.MADE
        return LabelAnswer(kind=kind, label=self.label, reason=self.reason)


class Books(Protocol):
    """Entries by key. Everything but `entries` is called within `writing`, which excludes all other writers."""

    def writing(self) -> AbstractContextManager[object]:
        """Look and add without anybody in between."""

    def find(self, key: str) -> Entry | None:
        """The entry with that key."""

    def is_taken(self, tracking_number: str) -> bool:
        """Whether a label has that number."""

    def add(self, entry: Entry) -> None:
        """One more line."""

    def entries(self) -> Sequence[Entry]:
        """All lines, in order."""


class MemoryBooks:
    """Books that end with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_key: dict[str, Entry] = {}
        self._numbers: set[str] = set()

    def writing(self) -> AbstractContextManager[object]:
        """Holds the lock."""
        return self._lock

    def find(self, key: str) -> Entry | None:
        """The entry with that key."""
        return self._by_key.get(key)

    def is_taken(self, tracking_number: str) -> bool:
        """Whether a label has that number."""
        return tracking_number in self._numbers

    def add(self, entry: Entry) -> None:
        """One more line."""
        self._by_key[entry.key] = entry
        if entry.label is not None:
            self._numbers.add(entry.label.tracking_number)

    def entries(self) -> Sequence[Entry]:
        """All lines, in order."""
        with self._lock:
            return tuple(self._by_key.values())


_SCHEMA = """CREATE TABLE entry (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, content BLOB NOT NULL, reason TEXT,
    carrier TEXT, tracking_number TEXT UNIQUE, document BLOB, media_type TEXT) STRICT;"""
_COLUMNS = "key, content, reason, carrier, tracking_number, document, media_type"


class FileBooks:
    """Books in an SQLite file. A killed process loses no line; a power cut may (nothing is synced)."""

    def __init__(self, path: Path) -> None:
        _create(path)
        self._lock = Lock()
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = OFF")
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

    def is_taken(self, tracking_number: str) -> bool:
        """Whether a label has that number."""
        return next(self._read("WHERE tracking_number = ?", tracking_number), None) is not None

    def add(self, entry: Entry) -> None:
        """One more line."""
        label = entry.label
        of_label = (
            (None, None, None, None)
            if label is None
            else (label.carrier, label.tracking_number, label.document, label.media_type)
        )
        self._connection.execute(
            f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (entry.key, entry.content, entry.reason, *of_label),
        )

    def entries(self) -> Sequence[Entry]:
        """All lines, in order."""
        with self._lock:
            return tuple(self._read("ORDER BY number"))

    def _read(self, which: str, *parameters: str) -> Iterator[Entry]:
        for row in self._connection.execute(f"SELECT {_COLUMNS} FROM entry {which}", parameters):
            key, content, reason, carrier, number, document, media_type = row
            label = number and Label(carrier=carrier, tracking_number=number, document=document, media_type=media_type)
            yield Entry(key=key, content=content, label=label, reason=reason)


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
