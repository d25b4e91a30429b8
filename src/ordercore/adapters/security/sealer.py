"""The only place that makes keyed digests; sealing keeps the plain bytes until the access rules come."""

from __future__ import annotations

from hashlib import blake2b

SCHEME = b"\x01"
"""What a fingerprint starts with: keyed BLAKE2b, 16 bytes."""


class PlainSealer:
    """Seals nothing; digests are keyed, so that a stolen table cannot be searched for known addresses."""

    def __init__(self, key: bytes) -> None:
        if not 16 <= len(key) <= blake2b.MAX_KEY_SIZE:
            raise ValueError(f"a sealer's key has 16 to {blake2b.MAX_KEY_SIZE} bytes, not {len(key)}")
        self._index = blake2b(key=key, digest_size=16, person=b"index")
        self._fingerprint = blake2b(key=key, digest_size=16, person=b"fingerprint")

    def seal(self, plain: bytes) -> bytes:
        """The bytes as they are."""
        return plain

    def open(self, sealed: bytes) -> bytes:
        """The bytes as they are."""
        return sealed

    def index(self, purpose: str, value: str) -> bytes:
        """16 bytes; the purpose goes in with its length, so that no two pairs run together."""
        name = purpose.encode()
        digest = self._index.copy()
        digest.update(len(name).to_bytes(4) + name + value.encode())
        return digest.digest()

    def fingerprint(self, content: bytes) -> bytes:
        """17 bytes: the scheme, then the digest."""
        digest = self._fingerprint.copy()
        digest.update(content)
        return SCHEME + digest.digest()
