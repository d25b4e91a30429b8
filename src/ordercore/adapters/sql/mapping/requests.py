"""The only place where a row becomes a request that was claimed before."""

from __future__ import annotations

from ordercore.adapters.sql.wire import Row, Wire
from ordercore.ports.store import RequestClaim, StoredRequest


def stored_request_of(wire: Wire, row: Row) -> StoredRequest:
    """A claim that was made before, from its row."""
    actor_id, key, operation, fingerprint, resource_id, outcome, claimed_at, _ = row
    claim = RequestClaim(
        actor_id=wire.to_id(actor_id),
        key=key,
        operation=operation,
        fingerprint=bytes(fingerprint),
        resource_id=wire.to_id(resource_id),
        outcome=outcome,
    )
    return StoredRequest(claim=claim, claimed_at=wire.to_moment(claimed_at))
