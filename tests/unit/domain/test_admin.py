from collections.abc import Callable
from uuid import UUID

import pytest
from attrs import evolve

from ordercore.domain.actor import Permission
from ordercore.domain.admin import (
    STORE_ADMIN,
    AdminAdded,
    AdminDeactivated,
    AdminPasswordChanged,
    AdminRole,
    AdminUser,
    ApiToken,
    TokenCreated,
    TokenRevoked,
)
from ordercore.domain.errors import AdminIsInactive, NotDeactivatable, TransitionRefused
from tests.support.domain import ACTOR, LATER, NOON, facts_of_step

MIA = UUID(int=50)


def an_admin(*, id: UUID = MIA) -> AdminUser:
    admin = AdminUser.add(
        id=id, username="mia", role=AdminRole.MANAGER, password_hash="$argon2id$secret", at=NOON, actor_id=ACTOR
    )
    return evolve(admin, facts=())


def deactivate(admin: AdminUser) -> AdminUser:
    return admin.deactivate(at=LATER, actor_id=ACTOR)


def change_password(admin: AdminUser) -> AdminUser:
    return admin.change_password("$argon2id$other", at=LATER, actor_id=ACTOR)


def test_an_added_admin_is_active_and_tells_its_role() -> None:
    admin = AdminUser.add(id=MIA, username="mia", role=AdminRole.OWNER, password_hash=None, at=NOON, actor_id=ACTOR)
    (fact,) = admin.facts
    assert isinstance(fact, AdminAdded)
    assert (fact.role, admin.is_active, admin.version) == (AdminRole.OWNER, True, 1)


def test_a_deactivated_admin_takes_no_orders_and_is_not_deactivated_again() -> None:
    admin = an_admin()
    assert facts_of_step(admin, lambda: deactivate(admin)) == (AdminDeactivated,)
    gone = deactivate(admin)
    admin.refuse_inactive()
    with pytest.raises(AdminIsInactive, match="mia is not active"):
        gone.refuse_inactive()
    with pytest.raises(TransitionRefused, match="This admin user is inactive; it cannot be deactivated"):
        deactivate(gone)


def test_a_new_password_is_kept_and_told_without_itself() -> None:
    admin = an_admin()
    assert facts_of_step(admin, lambda: change_password(admin)) == (AdminPasswordChanged,)
    after = change_password(admin)
    assert after.password_hash == "$argon2id$other"
    assert "argon2id" not in repr(after) + repr(after.facts)


@pytest.mark.parametrize("step", [deactivate, change_password])
def test_the_store_admin_stays_as_it_was_born(step: Callable[[AdminUser], AdminUser]) -> None:
    with pytest.raises(NotDeactivatable):
        step(an_admin(id=STORE_ADMIN))


def a_token() -> ApiToken:
    return ApiToken.create(
        id=UUID(int=60),
        name="till",
        secret_hash=b"hash of a secret",
        permissions=frozenset({Permission.ORDERS_READ, Permission.ORDERS_PLACE}),
        at=NOON,
        actor_id=ACTOR,
    )


def test_a_created_token_tells_its_permissions_in_order_and_never_its_secret() -> None:
    token = a_token()
    (fact,) = token.facts
    assert isinstance(fact, TokenCreated)
    assert fact.permissions == (Permission.ORDERS_PLACE, Permission.ORDERS_READ)
    assert "hash of a secret" not in repr(token) + repr(fact)


def test_a_revoked_token_stays_revoked() -> None:
    token = evolve(a_token(), facts=())
    assert facts_of_step(token, lambda: token.revoke(at=LATER, actor_id=ACTOR)) == (TokenRevoked,)
    revoked = token.revoke(at=LATER, actor_id=ACTOR)
    assert revoked.is_revoked
    with pytest.raises(TransitionRefused, match="This token is revoked"):
        revoked.revoke(at=LATER, actor_id=ACTOR)
