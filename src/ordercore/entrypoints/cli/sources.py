"""The only place that reads import files: as streams, line by line, gzipped or not."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import IO

from ordercore.domain.errors import UnreadableRequest
from ordercore.domain.limits import MAX_BODY_BYTES

GZIP_MAGIC = b"\x1f\x8b"


class Source:
    """A file, its size in bytes, and how many of them were read. Lines come with their number, from 1."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = os.path.getsize(path)
        self.line_number = 0
        self._damage: str | None = None
        self._file = open(path, "rb")  # noqa: SIM115 - closed on leaving
        magic = self._file.read(len(GZIP_MAGIC))
        self._file.seek(0)
        self._lines: IO[bytes] = self._file
        if magic == GZIP_MAGIC:
            self._lines = gzip.GzipFile(fileobj=self._file)  # type: ignore[assignment] # it reads bytes

    @property
    def position(self) -> int:
        """Bytes of the file that were read so far, of `size`."""
        return self._file.tell()

    def lines(self) -> Iterator[bytes]:
        """Lines of at most one byte more than MAX_BODY_BYTES; of a longer one its beginning. Blank ones are left out.

        Where the file turns out to be damaged the lines end; `refuse_damage` then raises.
        """
        while True:
            try:
                line = self._lines.readline(MAX_BODY_BYTES + 1)
                if len(line) > MAX_BODY_BYTES:
                    self._skip_rest(line)
            except (OSError, EOFError, zlib.error) as failure:
                self._damage = str(failure)
                return
            if not line:
                return
            self.line_number += 1
            if line.strip():
                yield line

    def refuse_damage(self) -> None:
        """Raises UnreadableRequest where the file ended before its end."""
        if self._damage is not None:
            raise UnreadableRequest(
                detail=f"{self.path} is damaged after line {self.line_number}: {self._damage}. "
                "What came before was read; get the file again and run the same command."
            )

    def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._lines.readline(MAX_BODY_BYTES)

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._file.close()
