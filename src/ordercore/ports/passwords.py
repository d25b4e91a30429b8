"""The only place for how passwords are kept."""

from __future__ import annotations

from typing import Protocol


class Passwords(Protocol):
    """Slow, salted, one-way."""

    def hash(self, password: str) -> str:
        """What is stored instead of the password (Argon2id in PHC form)."""

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether the password is the one that was hashed."""
