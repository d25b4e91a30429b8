from collections.abc import Callable

import pytest
from attrs import evolve

from ordercore.application.admins import AddAdmin, ChangePassword, DeactivateAdmin
from ordercore.application.customers import EditCustomer, RegisterCustomer
from ordercore.application.tokens import CreateToken, RevokeToken
from ordercore.domain.actor import ActorKind, Permission
from ordercore.domain.admin import STORE_ADMIN, AdminRole
from ordercore.domain.errors import (
    AlreadyExists,
    InvalidRequest,
    KeyReused,
    NotDeactivatable,
    TransitionRefused,
    Unauthenticated,
    UnknownResource,
    VersionIsStale,
)
from ordercore.testing.builders import IDS
from tests.support.cores import ANN, HOME, a_shop, add, placed

PASSWORD = "correct horse"


# -- customers ----------------------------------------------------------------------------------------------------


def test_a_customer_is_registered_once_for_a_key() -> None:
    shop = a_shop()
    command = RegisterCustomer(contact=ANN, address=HOME, locale="de")
    ann = shop.customers.register(command, idempotency_key="key")
    again = shop.customers.register(command, idempotency_key="key")
    assert (again.id, again.replayed) == (ann.id, True)
    assert shop.customers.register(command).id != ann.id
    assert shop.customers.get(ann.id).locale == "de"


def test_an_edit_changes_the_customer_and_no_existing_order() -> None:
    shop = a_shop()
    add(shop)
    order = placed(shop)
    other = evolve(ANN, name="Ann B.", email="ann.b@example.com")
    command = EditCustomer(customer_id=order.customer_id, contact=other, reason="married", expected_version=1)
    edited = shop.customers.edit(command, idempotency_key="key")
    assert (edited.contact, edited.address, edited.is_guest, edited.version) == (other, None, False, 2)
    assert shop.customers.edit(command, idempotency_key="key").replayed
    assert shop.ordering.get(order.id).contact == ANN


def test_a_guest_whose_address_stays_is_a_guest_still() -> None:
    shop = a_shop()
    add(shop)
    order = placed(shop)
    shop.customers.edit(EditCustomer(customer_id=order.customer_id, contact=evolve(ANN, name="Anna")))
    assert placed(shop).customer_id == order.customer_id


def test_a_guest_may_get_the_address_of_another_guest() -> None:
    shop = a_shop()
    add(shop)
    bob = evolve(ANN, name="Bob", email="bob@example.com")
    order, other = placed(shop), placed(shop, customer=bob)
    shop.customers.edit(EditCustomer(customer_id=order.customer_id, contact=bob))
    assert placed(shop, customer=bob).customer_id == other.customer_id
    assert placed(shop).customer_id != order.customer_id


def test_an_edit_that_changes_nothing_is_no_change() -> None:
    shop = a_shop()
    ann = shop.customers.register(RegisterCustomer(contact=ANN))
    assert shop.customers.edit(EditCustomer(customer_id=ann.id, contact=ANN)).version == 1


def test_a_customer_who_is_not_there_or_was_changed_is_refused() -> None:
    shop = a_shop()
    ann = shop.customers.register(RegisterCustomer(contact=ANN))
    with pytest.raises(UnknownResource):
        shop.customers.get(IDS.new())
    with pytest.raises(UnknownResource):
        shop.customers.edit(EditCustomer(customer_id=IDS.new(), contact=ANN))
    with pytest.raises(VersionIsStale):
        shop.customers.edit(EditCustomer(customer_id=ann.id, contact=ANN, expected_version=2))


# -- admin users --------------------------------------------------------------------------------------------------


def test_an_admin_user_is_made_with_a_hashed_password() -> None:
    shop = a_shop()
    command = AddAdmin(username="ann", password=PASSWORD, role=AdminRole.OWNER)
    ann = shop.admins.add(command, idempotency_key="key")
    assert ann.password_hash is not None
    assert PASSWORD not in ann.password_hash
    assert shop.core.passwords.verify(ann.password_hash, PASSWORD)
    assert shop.admins.by_username("ann") == shop.admins.get(ann.id)
    assert shop.admins.add(command, idempotency_key="key").replayed
    with pytest.raises(AlreadyExists):
        shop.admins.add(command)
    with pytest.raises(KeyReused):
        shop.admins.add(evolve(command, username="bob"), idempotency_key="key")


def test_a_username_is_one_in_every_case() -> None:
    shop = a_shop()
    anna = shop.admins.add(AddAdmin(username=" Anna ", password=PASSWORD))
    assert anna.username == "anna"
    for spelled in ("anna", "ANNA", "Anna"):
        assert shop.admins.by_username(spelled).id == anna.id
        with pytest.raises(AlreadyExists):
            shop.admins.add(AddAdmin(username=spelled, password=PASSWORD))
    with pytest.raises(AlreadyExists):
        shop.admins.add(AddAdmin(username="Shop", password=PASSWORD))
    with pytest.raises(InvalidRequest, match="/username"):
        AddAdmin(username=5, password=PASSWORD)


def test_a_password_plays_no_part_in_what_a_request_is() -> None:
    shop = a_shop()
    shop.admins.add(AddAdmin(username="ann", password=PASSWORD), idempotency_key="key")
    again = shop.admins.add(AddAdmin(username="ann", password=PASSWORD + "!"), idempotency_key="key")
    assert again.replayed


def test_a_short_password_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="/password"):
        AddAdmin(username="ann", password="short")


def test_an_admin_user_is_deactivated_once() -> None:
    shop = a_shop()
    ann = shop.admins.add(AddAdmin(username="ann", password=PASSWORD))
    command = DeactivateAdmin(admin_id=ann.id, reason="left", expected_version=1)
    assert not shop.admins.deactivate(command, idempotency_key="key").is_active
    assert shop.admins.deactivate(command, idempotency_key="key").replayed
    with pytest.raises(TransitionRefused):
        shop.admins.deactivate(DeactivateAdmin(admin_id=ann.id))


def test_a_password_can_be_changed() -> None:
    shop = a_shop()
    ann = shop.admins.add(AddAdmin(username="ann", password=PASSWORD))
    command = ChangePassword(admin_id=ann.id, password="a longer horse")
    changed = shop.admins.change_password(command, idempotency_key="key")
    assert changed.password_hash != ann.password_hash
    assert shop.admins.change_password(command, idempotency_key="key").replayed


def test_the_stores_own_admin_user_stays_as_it_is() -> None:
    shop = a_shop()
    with pytest.raises(NotDeactivatable):
        shop.admins.deactivate(DeactivateAdmin(admin_id=STORE_ADMIN))
    with pytest.raises(NotDeactivatable):
        shop.admins.change_password(ChangePassword(admin_id=STORE_ADMIN, password=PASSWORD))


def test_an_admin_user_who_is_not_there_or_was_changed_is_refused() -> None:
    shop = a_shop()
    ann = shop.admins.add(AddAdmin(username="ann", password=PASSWORD))
    uses: tuple[Callable[[], object], ...] = (
        lambda: shop.admins.get(IDS.new()),
        lambda: shop.admins.by_username("nobody"),
        lambda: shop.admins.deactivate(DeactivateAdmin(admin_id=IDS.new())),
        lambda: shop.admins.change_password(ChangePassword(admin_id=IDS.new(), password=PASSWORD)),
    )
    for use in uses:
        with pytest.raises(UnknownResource):
            use()
    with pytest.raises(VersionIsStale):
        shop.admins.deactivate(DeactivateAdmin(admin_id=ann.id, expected_version=2))
    with pytest.raises(VersionIsStale):
        shop.admins.change_password(ChangePassword(admin_id=ann.id, password=PASSWORD, expected_version=2))


# -- tokens -------------------------------------------------------------------------------------------------------


def test_a_token_opens_what_it_was_made_for_until_it_is_revoked() -> None:
    shop = a_shop()
    permissions = frozenset({Permission.ORDERS_READ})
    token, secret = shop.tokens.create(CreateToken(name="till", permissions=permissions))
    actor = shop.actor_of_token(secret, origin="http")
    assert (actor.kind, actor.id, actor.permissions, actor.origin) == (ActorKind.TOKEN, token.id, permissions, "http")
    assert secret.encode() not in token.secret_hash
    assert shop.tokens.revoke(RevokeToken(token_id=token.id)).is_revoked
    with pytest.raises(Unauthenticated):
        shop.actor_of_token(secret, origin="http")
    with pytest.raises(TransitionRefused):
        shop.tokens.revoke(RevokeToken(token_id=token.id))


def test_a_token_needs_a_scope() -> None:
    with pytest.raises(InvalidRequest, match="scope"):
        a_shop().tokens.create(CreateToken(name="till", permissions=frozenset()))


def test_a_token_that_is_not_there_cannot_be_revoked() -> None:
    with pytest.raises(UnknownResource):
        a_shop().tokens.revoke(RevokeToken(token_id=IDS.new()))


@pytest.mark.parametrize(
    "mangled", ["", "{}x", "x{}", "{}\ud800", "oc_short_secret", f"oc_{'z' * 32}_secret", f"oc_{'0' * 32}_secret"]
)
def test_what_is_no_token_opens_nothing(mangled: str) -> None:
    shop = a_shop()
    _, secret = shop.tokens.create(CreateToken(name="till", permissions=frozenset({Permission.ALL})))
    with pytest.raises(Unauthenticated):
        shop.actor_of_token(mangled.format(secret), origin="http")
