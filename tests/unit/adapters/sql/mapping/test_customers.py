from __future__ import annotations

from hypothesis import given

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.customers import customer_of, customer_row
from ordercore.domain.customer import Customer
from ordercore.testing import strategies
from tests.unit.adapters.sql.mapping.stored import SEALER, WIRES, as_stored, saved


@given(customer=strategies.customers())
def test_a_customer_comes_back(customer: Customer) -> None:
    for wire in WIRES:
        row = as_stored(tables.customers, customer_row(wire, SEALER, customer))
        assert customer_of(wire, SEALER, row) == saved(customer)
