"""The only place for how personal data, lookups and fingerprints are protected at rest."""

from __future__ import annotations

from typing import Protocol


class Sealer(Protocol):
    """Seals what is personal, and makes keyed digests for exact lookups and for comparing requests."""

    def seal(self, plain: bytes) -> bytes:
        """What is stored instead."""

    def open(self, sealed: bytes) -> bytes:
        """What was sealed."""

    def index(self, purpose: str, value: str) -> bytes:
        """A keyed digest by which an equal value is found again; equal only within one purpose."""

    def fingerprint(self, content: bytes) -> bytes:
        """A keyed digest of a normalised request, starting with its scheme's version."""
