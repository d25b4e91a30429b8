from typing import Any
from uuid import UUID

import pytest
from attrs import evolve, fields

from ordercore.domain import errors
from ordercore.domain.errors import FieldProblem, InvalidRequest, OrderCoreError

FAMILIES = {
    errors.Malformed,
    errors.Unauthenticated,
    errors.Forbidden,
    errors.NotFound,
    errors.Conflict,
    errors.Stale,
    errors.Rejected,
    errors.Unavailable,
}
VALUES: dict[str, Any] = {
    "str": "word",
    "int": 3,
    "bool": False,
    "UUID": UUID(int=7),
    "tuple[str, ...]": ("1001", "1002"),
    "tuple[FieldProblem, ...]": (FieldProblem(pointer="/sku", detail="must be text", code="wrong_type"),),
}


def leaves(cls: type[OrderCoreError] = OrderCoreError) -> list[type[OrderCoreError]]:
    below = [leaf for child in cls.__subclasses__() for leaf in leaves(child)]
    return below or [cls]


def an_error(leaf: type[OrderCoreError]) -> OrderCoreError:
    return leaf(**{each.name: VALUES[str(each.type)] for each in fields(leaf)})


def test_the_tree_has_a_family_for_each_answer_and_every_leaf_belongs_to_one() -> None:
    assert set(OrderCoreError.__subclasses__()) == FAMILIES
    assert all(len([family for family in FAMILIES if issubclass(leaf, family)]) == 1 for leaf in leaves())
    assert {leaf.__module__ for leaf in leaves()} == {errors.__name__}


def test_every_leaf_has_a_stable_code_of_its_own() -> None:
    codes = {leaf.__name__: leaf.code for leaf in leaves()}
    assert codes == CODES
    assert len(set(codes.values())) == len(codes)


# public and stable: a code is never renamed
CODES = {
    "AdminIsInactive": "admin_is_inactive",
    "AlreadyExists": "already_exists",
    "AmountTooLarge": "amount_too_large",
    "BadSignature": "bad_signature",
    "CardRefused": "card_refused",
    "CurrencyMismatch": "currency_mismatch",
    "InvalidRequest": "invalid_request",
    "KeyReused": "key_reused",
    "LabelRefused": "label_refused",
    "MoneyUnavailable": "money_unavailable",
    "NotDeactivatable": "not_deactivatable",
    "NotificationIsNonsense": "notification_is_nonsense",
    "NotificationIsOld": "notification_is_old",
    "OutOfStock": "out_of_stock",
    "OutcomeUnknown": "outcome_unknown",
    "Overloaded": "overloaded",
    "PaymentDeclined": "payment_declined",
    "PaymentInFlight": "payment_in_flight",
    "PermissionMissing": "permission_missing",
    "PriceChanged": "price_changed",
    "ProviderUnavailable": "provider_unavailable",
    "RequestInProgress": "request_in_progress",
    "SchemaIsForeign": "schema_is_foreign",
    "ShipmentInProgress": "shipment_in_progress",
    "StockIsReserved": "stock_is_reserved",
    "StoreUnavailable": "store_unavailable",
    "TransitionRefused": "transition_refused",
    "Unauthenticated": "unauthenticated",
    "UnknownCustomer": "unknown_customer",
    "UnknownProduct": "unknown_product",
    "UnknownResource": "not_found",
    "UnreadableRequest": "unreadable_request",
    "VersionIsStale": "version_is_stale",
}


@pytest.mark.parametrize("leaf", leaves())
def test_every_message_is_rendered_from_the_facts(leaf: type[OrderCoreError]) -> None:
    error = an_error(leaf)
    message = str(error)
    assert message
    assert "{" not in message
    shown = [name for name in error.facts if "{" + name + "}" in leaf.message]
    assert all(words(error.facts[name]) in message for name in shown)


@pytest.mark.parametrize("leaf", leaves())
def test_facts_are_the_typed_fields(leaf: type[OrderCoreError]) -> None:
    error = an_error(leaf)
    names = {each.name for each in fields(leaf)} - {"replayed"}
    assert names <= set(error.facts)
    assert all(error.facts[name] == getattr(error, name) for name in names)


@pytest.mark.parametrize("leaf", leaves())
def test_every_leaf_can_be_raised_and_marked_as_a_replay(leaf: type[OrderCoreError]) -> None:
    error = an_error(leaf)
    with pytest.raises(OrderCoreError) as raised:
        raise evolve(error, replayed=True)
    assert raised.type is leaf
    assert raised.value.replayed
    assert raised.value.facts == error.facts


def test_an_invalid_request_names_every_bad_field() -> None:
    refusal = InvalidRequest(
        problems=(
            FieldProblem(pointer="/items/0/sku", detail="must be text"),
            FieldProblem(pointer="", detail="must be an object"),
        )
    )
    assert str(refusal) == "/items/0/sku: must be text; /: must be an object"
    assert InvalidRequest.of("/sku", "must be text").problems == (
        FieldProblem(pointer="/sku", detail="must be text", code="invalid"),
    )


def test_the_root_can_be_said_without_facts() -> None:
    assert str(OrderCoreError()) == "Something went wrong."


def words(fact: object) -> str:
    return ", ".join(map(str, fact)) if isinstance(fact, tuple) else str(fact)
