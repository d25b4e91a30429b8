import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore import AddProduct, EditProduct, Money, PaymentMethod, PlaceOrder
from ordercore.application.placing import CustomerReference
from ordercore.application.pricing import ItemRequest
from ordercore.domain.customer import Contact
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.limits import MAX_LINES_PER_ORDER
from ordercore.entrypoints.payloads import MAX_PROBLEMS, command_from, keyed_order_from, order_from_line
from tests.support.api import BUYER, an_order

ID = "01a20907-7811-7584-a8eb-8ab1a8ea0b5b"
LINE = {**an_order(), "idempotency_key": "basket-1", "placed_at": "2017-01-01T11:53:26Z"}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = ("customer", "ship_to", "items", "payment", "expected_total", "on_decline", "external_reference")


def problems_of(payload: object, cls: type[Any] = PlaceOrder, **given: object) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refusal:
        command_from(cls, payload, **given)
    return {each.pointer: each.code for each in refusal.value.problems}


def pointers_of(payload: object) -> list[str] | None:
    """Where an order is wrong; None where it is right."""
    try:
        command_from(PlaceOrder, payload)
    except InvalidRequest as refusal:
        return [each.pointer for each in refusal.problems]
    return None


def test_a_payload_becomes_the_command_that_it_spells() -> None:
    command = command_from(PlaceOrder, an_order(expected_total={"amount": "25.00", "currency": "EUR"}))
    assert command.customer == Contact(**BUYER)
    assert command.items == (ItemRequest(sku="MUG", quantity=2),)
    assert command.payment is not None
    assert command.payment.method is PaymentMethod.CARD
    assert command.expected_total == Money.of("25.00", "EUR")


def test_a_customer_is_details_or_an_id() -> None:
    assert command_from(PlaceOrder, an_order(customer={"id": ID})).customer == CustomerReference(id=UUID(ID))


@pytest.mark.parametrize("whole", [7, 7.0])
def test_a_whole_number_may_be_written_with_a_point(whole: float) -> None:
    (item,) = command_from(PlaceOrder, an_order(items=[{"sku": "MUG", "quantity": whole}])).items
    assert item.quantity == 7
    assert type(item.quantity) is int


@pytest.mark.parametrize("wrong", ["7", True, 1.5, 1e400, None, [], {}])
def test_nothing_else_is_a_whole_number(wrong: object) -> None:
    assert problems_of(an_order(items=[{"sku": "MUG", "quantity": wrong}])) == {"/items/0/quantity": "wrong_type"}


@pytest.mark.parametrize("wrong", [5, None, True, ["MUG"]])
def test_nothing_but_text_is_text(wrong: object) -> None:
    assert problems_of(an_order(customer={**BUYER, "name": wrong})) == {"/customer/name": "wrong_type"}


@pytest.mark.parametrize("wrong", ["", "Ann", ID.replace("-", ""), f"urn:uuid:{ID}", f"{{{ID}}}", 5, ID + "\n"])
def test_an_id_is_spelled_in_one_way(wrong: object) -> None:
    assert problems_of(an_order(customer={"id": wrong})) == {"/customer/id": "not_a_uuid"}


@pytest.mark.parametrize(
    "wrong",
    [
        "2017-01-01",
        "2017-01-01T11:53:26",
        "20170101T115326Z",
        "2017-W01-1T11:53:26Z",
        "2017-02-30T11:53:26Z",
        "0001-01-01T00:00:00+14:00",
        "2017-01-01T11:53:60Z",
        1483271606,
    ],
)
def test_a_time_has_its_zone_and_is_one(wrong: object) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        order_from_line({**LINE, "placed_at": wrong})
    assert [(each.pointer, each.code) for each in refusal.value.problems] == [("/placed_at", "not_a_time")]


@pytest.mark.parametrize(
    ("money", "pointer"),
    [
        ({"amount": "1,50", "currency": "EUR"}, "/expected_total/amount"),
        ({"amount": "NaN", "currency": "EUR"}, "/expected_total/amount"),
        ({"amount": "1e3", "currency": "EUR"}, "/expected_total/amount"),
        ({"amount": 25, "currency": "EUR"}, "/expected_total/amount"),
        ({"amount": "1.50"}, "/expected_total/currency"),
        ({"amount": "1.50", "currency": "euro"}, "/expected_total/currency"),
        ({"amount": "1.50", "currency": "EUR", "cents": 5}, "/expected_total/cents"),
        ("1.50 EUR", "/expected_total"),
    ],
)
def test_money_is_a_decimal_text_and_a_currency(money: object, pointer: str) -> None:
    assert list(problems_of(an_order(expected_total=money))) == [pointer]


def test_every_problem_is_named_at_once_with_its_place() -> None:
    payload = {
        "customer": {"name": "", "email": "nobody", "shoe~/size": 43},
        "ship_to": "home",
        "items": [{"sku": "MUG", "quantity": 1}, {"quantity": 2}, {"sku": "MUG", "product_id": "x", "quantity": "2"}],
        "payment": {"method": "shells"},
    }
    assert problems_of(payload) == {
        "/customer/shoe~0~1size": "unknown_field",
        "/customer/name": "wrong_length",
        "/customer/email": "not_an_email",
        "/ship_to": "wrong_type",
        "/items/1/sku": "ambiguous_product",
        "/items/2/product_id": "not_a_uuid",
        "/items/2/quantity": "wrong_type",
        "/payment/method": "unknown_choice",
        "/payment/token": "missing",
    }


@pytest.mark.parametrize("payload", [None, [], "order", 5, True])
def test_a_command_is_an_object(payload: object) -> None:
    assert problems_of(payload) == {"": "wrong_type"}


def test_a_list_that_is_too_long_is_not_looked_into() -> None:
    assert problems_of(an_order(items=["x"] * (MAX_LINES_PER_ORDER + 1))) == {"/items": "wrong_length"}


def test_only_so_many_problems_are_named() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        command_from(PlaceOrder, {f"field-{number}": None for number in range(10_000)})
    assert len(refusal.value.problems) == MAX_PROBLEMS


def test_what_the_path_gives_may_not_stand_in_the_body() -> None:
    body = {"name": "Mug", "price": {"amount": "1", "currency": "EUR"}, "product_id": ID}
    assert problems_of(body, EditProduct, product_id=UUID(ID)) == {"/product_id": "unknown_field"}


def test_what_the_path_gives_completes_the_command() -> None:
    body = {"name": "Mug", "price": {"amount": "1", "currency": "EUR"}}
    command = command_from(EditProduct, body, product_id=UUID(ID), expected_version=3)
    assert (command.product_id, command.expected_version) == (UUID(ID), 3)


def test_spaces_around_names_are_taken_off_on_both_ways() -> None:
    payload = {"sku": " MUG ", "name": "Mug", "price": {"amount": "1", "currency": "EUR"}}
    assert command_from(AddProduct, payload).sku == "MUG"
    assert problems_of({**payload, "sku": "  "}, AddProduct) == {"/sku": "wrong_length"}


def test_an_import_line_becomes_an_imported_order() -> None:
    imported = order_from_line(json.loads(json.dumps(LINE)))
    assert imported.key == "basket-1"
    assert imported.placed_at == datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
    assert imported.order == command_from(PlaceOrder, an_order())


def test_an_import_line_without_a_key_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        order_from_line({**an_order(items=[]), "external_reference": "x"})
    assert {each.pointer for each in refusal.value.problems} == {"/idempotency_key", "/items", "/external_reference"}


def test_an_order_of_a_batch_has_its_own_key() -> None:
    key, command = keyed_order_from({**an_order(), "idempotency_key": "k"})
    assert (key, command) == ("k", command_from(PlaceOrder, an_order()))
    assert type(command) is PlaceOrder
    with pytest.raises(InvalidRequest):
        keyed_order_from({**an_order(), "idempotency_key": "schlüssel"})


@given(payload=st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, anything)) | anything)
def test_whatever_comes_is_a_command_or_a_refusal_that_points_into_it(payload: object) -> None:
    pointers = pointers_of(payload)
    assert pointers is None or pointers
    assert all(pointer == "" or pointer.startswith("/") for pointer in pointers or ())


@given(change=st.sampled_from(FIELDS), value=anything)
def test_a_good_order_with_one_thing_changed_is_taken_or_that_thing_is_named(change: str, value: object) -> None:
    pointers = pointers_of({**an_order(), change: value})
    assert all(pointer.startswith(f"/{change}") for pointer in pointers or ())
