from __future__ import annotations

from hypothesis import given

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.admins import admin_of, admin_row, token_of, token_row
from ordercore.domain.admin import AdminUser, ApiToken
from ordercore.testing import strategies
from tests.unit.adapters.sql.mapping.stored import WIRES, as_stored, saved


@given(admin=strategies.admins())
def test_an_admin_user_comes_back(admin: AdminUser) -> None:
    for wire in WIRES:
        row = as_stored(tables.admin_users, admin_row(wire, admin))
        assert admin_of(wire, row) == saved(admin)


@given(token=strategies.api_tokens())
def test_a_token_comes_back(token: ApiToken) -> None:
    for wire in WIRES:
        row = as_stored(tables.api_tokens, token_row(wire, token))
        assert token_of(wire, row) == saved(token)
