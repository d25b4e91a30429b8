from __future__ import annotations

from hypothesis import given

from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.subscriptions import subscription_of, subscription_row
from ordercore.domain.subscription import Subscription
from ordercore.testing import strategies
from tests.unit.adapters.sql.mapping.stored import WIRES, as_stored, saved

SEALER = PlainSealer(bytes(16))


@given(subscription=strategies.subscriptions())
def test_a_subscription_comes_back(subscription: Subscription) -> None:
    for wire in WIRES:
        row = as_stored(tables.subscriptions, subscription_row(wire, SEALER, subscription))
        assert subscription_of(wire, SEALER, row) == saved(subscription)
