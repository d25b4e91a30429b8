from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ordercore.adapters.sql.mapping.requests import stored_request_of
from ordercore.ports.store import RequestClaim, StoredRequest
from ordercore.testing import strategies
from tests.unit.adapters.sql.mapping.stored import WIRES


@given(
    claim=st.builds(
        RequestClaim,
        actor_id=strategies.uuid7s(),
        key=strategies.texts(most=200),
        operation=st.sampled_from(("place_order", "cancel_order")),
        fingerprint=st.binary(max_size=17),
        resource_id=strategies.uuid7s(),
        outcome=st.none() | st.sampled_from(("done", "payment_declined")),
    ),
    at=strategies.times(),
)
def test_a_request_comes_back(claim: RequestClaim, at: datetime) -> None:
    for wire in WIRES:
        row = (
            wire.id(claim.actor_id),
            claim.key,
            claim.operation,
            claim.fingerprint,
            wire.id(claim.resource_id),
            claim.outcome,
            wire.moment(at),
            None,
        )
        assert stored_request_of(wire, row) == StoredRequest(claim=claim, claimed_at=at)
