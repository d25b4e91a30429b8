"""The only place that plays a carrier: labels that can be printed, honest books, and a lost answer on demand."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from hashlib import blake2b
from itertools import count
from pathlib import Path

from ordercore.adapters.shipping.books import Books, Entry, FileBooks, MemoryBooks
from ordercore.adapters.shipping.document import MEDIA_TYPE, label_document
from ordercore.adapters.shipping.tracking import tracking_number
from ordercore.domain.shipment import Label
from ordercore.ports.carrier import LabelAnswer, LabelAnswerKind, LabelRequest

NO_ANSWER = LabelAnswer(kind=LabelAnswerKind.UNKNOWN)
KEY_REUSED = LabelAnswer(kind=LabelAnswerKind.REFUSED, reason="the key was used for another parcel")


class FakeCarrier:
    """A carrier without lorries, safe for many threads; with a file, for many processes.

    It does not go to Antarctica (`AQ`), nor where line 1 starts with UNDELIVERABLE; where line 1 is TIMEOUT the label
    is made and the first answer lost.
    """

    def __init__(self, books: Path | None = None, *, deadline: timedelta = timedelta(seconds=10)) -> None:
        self._books: Books = MemoryBooks() if books is None else FileBooks(books)
        self._deadline = deadline

    @property
    def deadline(self) -> timedelta:
        """The bound of one call."""
        return self._deadline

    def buy_label(self, request: LabelRequest) -> LabelAnswer:
        """A label with a tracking number; a file that stays busy is an answer that never came."""
        content = blake2b(repr(request).encode(), digest_size=16).digest()
        try:
            with self._books.writing():
                earlier = self._books.find(request.key)
                if earlier is not None:
                    return earlier.answer if earlier.content == content else KEY_REUSED
                entry = self._judged(request, content)
                self._books.add(entry)
        except sqlite3.OperationalError:
            return NO_ANSWER
        return NO_ANSWER if request.ship_to.line1 == "TIMEOUT" else entry.answer

    def entries(self) -> Sequence[Entry]:
        """Every request that was heard, in order, with its label or refusal: for tests and proofs."""
        return self._books.entries()

    def _judged(self, request: LabelRequest, content: bytes) -> Entry:
        reason = _refusal(request)
        if reason is not None:
            return Entry(key=request.key, content=content, reason=reason)
        candidates = (tracking_number(request.key, attempt) for attempt in count())
        number = next(number for number in candidates if not self._books.is_taken(number))
        document = label_document(request, number)
        label = Label(carrier="fake", tracking_number=number, document=document, media_type=MEDIA_TYPE)
        return Entry(key=request.key, content=content, label=label)


def _refusal(request: LabelRequest) -> str | None:
    if request.ship_to.country == "AQ":
        return "the carrier does not go to AQ"
    if request.ship_to.line1.startswith("UNDELIVERABLE"):
        return "the address cannot be delivered to"
    if request.pieces < 1:
        return "the parcel is empty"
    return None
