"""The only place that remembers tokens between requests: for a second at most, and never beyond a revocation here.

Every request names a token, and reading it costs more than the rest of asking who asks. A token that is revoked through
this process opens nothing from that moment on; one that another process revoked, at most LONGEST later.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from ordercore.domain.admin import ApiToken

LONGEST = timedelta(seconds=1)
MOST_KNOWN = 1_000


class KnownTokens:
    """Tokens as they were read within the last second, safe for many threads."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[ApiToken, datetime]] = {}
        self._lock = Lock()
        self._forgotten = 0

    def get(self, id: UUID, now: datetime, read: Callable[[UUID], ApiToken | None]) -> ApiToken | None:
        """The token, from memory or read anew; None where there is none."""
        found = self._known.get(id)
        if found is not None and timedelta(0) <= now - found[1] < LONGEST:
            return found[0]
        forgotten = self._forgotten
        token = read(id)
        if token is not None:
            self._keep(token, now, forgotten)
        return token

    def forget(self, id: UUID) -> None:
        """The token has changed; what is being read at this moment may be what it was before."""
        with self._lock:
            self._forgotten += 1
            self._known.pop(id, None)

    def _keep(self, token: ApiToken, read_at: datetime, forgotten: int) -> None:
        with self._lock:
            if forgotten != self._forgotten:
                return
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[token.id] = (token, read_at)
