"""The only place for the words of the model: rows, answers, and the numbers that the design page names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

PATIENCE = 20
KEY_LIFETIME = 24 * 3600
RESERVATION = 3600
LONGEST_WAIT = 24 * 3600
KEY_RETENTION = 30 * 24 * 3600
HOLDERS_NAMED = 20

GOOD_TOKENS = {"tok_visa", "tok_timeout", "tok_captureFails", "tok_captureTimeout"}
LOSES_FIRST_ANSWER = {("tok_timeout", "authorise"), ("tok_captureTimeout", "capture")}


class Died(Exception):
    """The process of whoever asked died here; the worker finishes."""


@dataclass(frozen=True)
class Made:
    """What the core made during one request, in the order of ids: the model says which of it there must be."""

    orders: Iterator[tuple[Any, int]] = field(default_factory=lambda: iter(()))
    shipments: Iterator[Any] = field(default_factory=lambda: iter(()))
    guests: Mapping[str, Any] = field(default_factory=dict)
    others: Iterator[Any] = field(default_factory=lambda: iter(()))


@dataclass(frozen=True)
class Answer:
    """What must be answered: success on `subject`, or a refusal with one of `codes` (every reason that applies)."""

    subject: Any = None
    codes: frozenset[str] = frozenset()
    replayed: bool = False
    holders: tuple[int, ...] | None = None


def refused(*codes: str, replayed: bool = False) -> Answer:
    """A refusal for one of these reasons."""
    return Answer(codes=frozenset(codes), replayed=replayed)


def merged(items: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Lines of one product are one line."""
    merged: dict[str, int] = {}
    for sku, quantity in items:
        merged[sku] = merged.get(sku, 0) + quantity
    return merged


def details(spec: Row) -> Row:
    return {name: spec[name] for name in ("name", "price", "currency", "threshold")}
