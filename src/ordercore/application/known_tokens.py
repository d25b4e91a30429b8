"""The only place that remembers tokens between requests: for a second at most, and never beyond a revocation here.

Every request names a token, and reading it costs more than the rest of asking who asks. A token that is revoked through
this process opens nothing from that moment on; one that another process revoked, at most LONGEST later.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from attrs import evolve, frozen

from ordercore.domain.admin import ApiToken

LONGEST = timedelta(seconds=1)
WORN = LONGEST / 2
"""From this age on one request reads the token anew, while the others go on with what is known."""

MOST_KNOWN = 1_000


@frozen
class _Known:
    """A token as it was read, and whether somebody is reading it anew."""

    token: ApiToken
    read_at: datetime
    is_renewed: bool = False


class KnownTokens:
    """Tokens as they were read within the last second, safe for many threads."""

    def __init__(self) -> None:
        self._known: dict[UUID, _Known] = {}
        self._lock = Lock()
        self._forgotten = 0

    def get(self, id: UUID, now: datetime, read: Callable[[UUID], ApiToken | None]) -> ApiToken | None:
        """The token, from memory or read anew; None where there is none."""
        known = self._known.get(id)
        if known is not None and self._will_do(known, now - known.read_at):
            return known.token
        forgotten = self._forgotten
        token = read(id)
        if token is not None:
            self._keep(_Known(token, now), forgotten)
        return token

    def forget(self, id: UUID) -> None:
        """The token has changed; what is being read at this moment may be what it was before."""
        with self._lock:
            self._forgotten += 1
            self._known.pop(id, None)

    def _will_do(self, known: _Known, age: timedelta) -> bool:
        if timedelta(0) <= age < WORN:
            return True
        if not WORN <= age < LONGEST:
            return False
        with self._lock:
            is_mine = not known.is_renewed and self._known.get(known.token.id) is known
            if is_mine:
                self._known[known.token.id] = evolve(known, is_renewed=True)
        return not is_mine

    def _keep(self, known: _Known, forgotten: int) -> None:
        with self._lock:
            if forgotten != self._forgotten:
                return
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[known.token.id] = known
