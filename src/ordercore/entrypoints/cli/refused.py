"""The only place that writes refused lines, with their reasons, to a file that is theirs alone."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import TracebackType
from typing import IO

from ordercore.domain.card_numbers import card_numbers_in
from ordercore.domain.errors import InvalidRequest, OrderCoreError
from ordercore.entrypoints.cli.options import say

SHOWN = 5
"""So many are also told at once, beside the output."""

_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


class RefusedLines:
    """A file of JSON lines: line number, code, reason, bad fields, content. It is made with the first refusal, readable
    by its owner only, and what looks like a card number is taken out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: IO[str] | None = None

    def add(self, line_number: int, refusal: OrderCoreError, content: object) -> None:
        """Write one."""
        if self._file is None:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(handle, "w", encoding="utf-8")
        problems = refusal.problems if isinstance(refusal, InvalidRequest) else ()
        record = {
            "line": line_number,
            "code": refusal.code,
            "reason": str(refusal),
            "errors": [{"pointer": each.pointer, "detail": each.detail, "code": each.code} for each in problems],
            "content": content,
        }
        self._file.write(without_card_numbers(json.dumps(record)) + "\n")
        self.count += 1
        if self.count <= SHOWN:
            say(f"line {line_number} is refused: {without_card_numbers(str(refusal))}")

    def __enter__(self) -> RefusedLines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            say(f"Refused lines with their reasons: {self.path}")


def beside(path: str) -> Path:
    """Where the refused lines of a file go: beside it, or where that cannot be written, into the current folder."""
    file = Path(path)
    folder = file.parent if os.access(file.parent, os.W_OK) else Path()
    return folder / f"{file.name}.refused.jsonl"


def without_card_numbers(text: str) -> str:
    """The text without what passes for a card number: every one that the core refuses, and whatever else has 13 to 19
    digits with a right check digit (ISO/IEC 7812)."""
    for number in card_numbers_in(text):
        text = text.replace(number, "[card number]")
    return _DIGITS.sub(lambda match: "[card number]" if _is_checked(match[0]) else match[0], text)


def _is_checked(text: str) -> bool:
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
