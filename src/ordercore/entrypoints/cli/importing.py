"""The only place for how a file of anything is imported: batches of commands, verdicts counted, refusals written."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from threading import Event
from typing import Any, Generic, TypeVar

import click
from attrs import define, field

from ordercore.application.importing import ImportOutcome, ImportVerdict
from ordercore.domain.errors import OrderCoreError
from ordercore.entrypoints.cli.sources import Source

C = TypeVar("C")

Parsed = Iterable[tuple[int, C | OrderCoreError, object]]
"""Line number, the command or why it is none, and what stood there."""

MAX_CONTENT_BYTES = 8 * 1024 * 1024
"""A batch also ends when its lines had so many bytes, so that long lines do not pile up."""


@define
class Tally:
    """What became of the lines so far."""

    imported: int = 0
    known: int = 0
    declined: int = 0
    refused: int = 0
    seconds: float = 0.0
    stopped: bool = False

    @property
    def per_second(self) -> float:
        """Lines a second."""
        done = self.imported + self.known + self.refused
        return round(done / self.seconds, 1) if self.seconds else 0.0


@define
class _Batch:
    """Commands of one kind on their way, and where each came from."""

    started_at: int
    commands: list[Any] = field(factory=list)  # of the importer's kind
    origins: list[tuple[int, object]] = field(factory=list)
    weight: int = 0

    def add(self, line_number: int, command: object, content: object, weight: int) -> None:
        self.commands.append(command)
        self.origins.append((line_number, content))
        self.weight += weight


Refuse = Callable[[int, OrderCoreError, object], None]
"""What is done with a refused line: its number, why, and what stood there."""


@define
class Importer(Generic[C]):
    """Sends commands in batches of at most `most_commands` and `most_weight` (lines of an order, say)."""

    send: Callable[[Sequence[C]], Sequence[ImportOutcome]]
    weigh: Callable[[C], int]
    most_commands: int
    most_weight: int

    def run(self, source: Source, parsed: Parsed[C], refuse: Refuse, stop: Event, *, shown: bool = True) -> Tally:
        """Import until the source ends or `stop` is set; what was sent before a failure stays."""
        tally, began = Tally(), time.monotonic()
        batch = _Batch(started_at=0)
        with click.progressbar(length=source.size, file=sys.stderr, label="Importing", hidden=not shown) as bar:
            for line_number, command, content in parsed:
                if isinstance(command, OrderCoreError):
                    tally.refused += 1
                    refuse(line_number, command, content)
                else:
                    weight = self.weigh(command)
                    if self._is_full(batch, weight, source.position):
                        self._flush(batch, tally, refuse)
                        batch = _Batch(started_at=source.position)
                        bar.update(source.position - bar.pos)
                    batch.add(line_number, command, content, weight)
                if stop.is_set():
                    tally.stopped = True
                    break
            self._flush(batch, tally, refuse)
            bar.update(source.position - bar.pos)
        tally.seconds = round(time.monotonic() - began, 2)
        return tally

    def _is_full(self, batch: _Batch, weight: int, position: int) -> bool:
        return (
            len(batch.commands) >= self.most_commands
            or batch.weight + weight > self.most_weight
            or position - batch.started_at > MAX_CONTENT_BYTES
        )

    def _flush(self, batch: _Batch, tally: Tally, refuse: Refuse) -> None:
        if not batch.commands:
            return
        outcomes = self.send(batch.commands)
        for (line_number, content), outcome in zip(batch.origins, outcomes, strict=True):
            if outcome.verdict is ImportVerdict.REFUSED and outcome.refusal is not None:
                tally.refused += 1
                refuse(line_number, outcome.refusal, content)
            elif outcome.verdict is ImportVerdict.KNOWN:
                tally.known += 1
            else:
                tally.imported += 1
                tally.declined += outcome.refusal is not None
