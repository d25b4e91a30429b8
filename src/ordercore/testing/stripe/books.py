"""The only place that keeps the fake's objects, the answers to keys and the events: an SQLite file, or memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from attrs import frozen

from ordercore.testing.stripe.refusals import missing
from ordercore.testing.stripe.shapes import Answer, Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created INTEGER NOT NULL,
    intent TEXT, body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS object_by_time ON object (kind, created, number);
CREATE INDEX IF NOT EXISTS object_by_intent ON object (intent, kind);
CREATE TABLE IF NOT EXISTS kept (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
"""


@frozen(kw_only=True)
class Window:
    """Which objects of a kind are listed, newest first; `after` is the id of the last one seen."""

    since: int = 0
    until: int = 2**53
    intent: str | None = None
    after: str | None = None
    limit: int = 10


class StripeBooks:
    """What this Stripe knows. A killed process loses nothing that was answered; a power cut may (nothing is synced)."""

    def __init__(self, path: Path | None, now: Callable[[], int], new_id: Callable[[str], str]) -> None:
        self.now = now
        self.new_id = new_id
        self._lock = RLock()
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Look and write without anybody in between; raising takes back what was written."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                yield

    def new(self, prefix: str, kind: str, **content: object) -> Json:
        """An object with an id and its time, not yet in the books."""
        return {"id": self.new_id(prefix), "object": kind, "created": self.now(), "livemode": False, **content}

    def put(self, thing: Json) -> None:
        """Write an object, new or changed."""
        self._connection.execute(
            "INSERT INTO object (id, kind, created, intent, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (thing["id"], thing["object"], thing["created"], thing.get("payment_intent"), json.dumps(thing)),
        )

    def find(self, kind: str, id: str) -> Json | None:
        """The object with that id."""
        row = self._connection.execute("SELECT body FROM object WHERE id = ? AND kind = ?", (id, kind)).fetchone()
        return None if row is None else _read(row[0])

    def get(self, kind: str, id: str, param: str = "id") -> Json:
        """The object with that id.

        Raises:
            Refusal: there is none.
        """
        found = self.find(kind, id)
        if found is None:
            raise missing(kind, id, param)
        return found

    def listed(self, kind: str, window: Window) -> tuple[Sequence[Json], bool]:
        """A page, and whether there is more. It shows whatever was answered before it was asked for."""
        rows = self._connection.execute(
            "SELECT body FROM object WHERE kind = :kind AND created BETWEEN :since AND :until"
            " AND (:intent IS NULL OR intent = :intent) AND (:after IS NULL OR (created, number) <"
            " (SELECT created, number FROM object WHERE id = :after)) ORDER BY created DESC, number DESC LIMIT :limit",
            {
                "kind": kind,
                "since": window.since,
                "until": window.until,
                "intent": window.intent,
                "after": window.after,
                "limit": window.limit + 1,
            },
        ).fetchall()
        return [_read(body) for (body,) in rows[: window.limit]], len(rows) > window.limit

    def tell(self, what: str, thing: Json) -> None:
        """An event about an object, as it is now."""
        self.put(self.new("evt", "event", type=what, api_version="fake", data={"object": shown(thing)}))

    def answer_to(self, key: str) -> tuple[str, Answer] | None:
        """The fingerprint and the answer that a key is kept with."""
        row = self._connection.execute("SELECT fingerprint, status, body FROM kept WHERE key = ?", (key,)).fetchone()
        return None if row is None else (row[0], Answer(row[1], _read(row[2]), {"Idempotent-Replayed": "true"}))

    def keep(self, key: str, fingerprint: str, answer: Answer) -> None:
        """What the key answers from now on."""
        self._connection.execute(
            "INSERT INTO kept VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET status = excluded.status,"
            " body = excluded.body",
            (key, fingerprint, answer.status, json.dumps(answer.body)),
        )

    def forget_keys(self) -> None:
        """As if a day had passed since every request."""
        self._connection.execute("DELETE FROM kept")


def shown(thing: Json) -> Json:
    """An object as others see it: without what only the books know."""
    return {name: value for name, value in thing.items() if not name.startswith("_")}


def _read(body: str) -> Json:
    thing: Json = json.loads(body)
    return thing
