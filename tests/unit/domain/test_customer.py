from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from ordercore.domain.customer import (
    Address,
    Contact,
    Customer,
    CustomerEdited,
    CustomerRegistered,
    normalised_email,
    normalised_phone,
)
from ordercore.domain.errors import InvalidRequest
from tests.support.domain import ACTOR, ANNA, HOME, LATER, NOON, facts_of_step


def a_customer(*, is_guest: bool = False) -> Customer:
    return Customer.register(
        id=UUID(int=1), contact=ANNA, address=HOME, locale="en", is_guest=is_guest, at=NOON, actor_id=ACTOR
    )


def edit(customer: Customer, **changes: Any) -> Customer:
    details = {"contact": customer.contact, "address": customer.address, "locale": customer.locale}
    return customer.edit(**{**details, **changes}, at=LATER, actor_id=ACTOR)


@pytest.mark.parametrize("is_guest", [True, False])
def test_a_registered_customer_tells_whether_it_is_a_guest(is_guest: bool) -> None:
    customer = a_customer(is_guest=is_guest)
    (fact,) = customer.facts
    assert isinstance(fact, CustomerRegistered)
    assert (fact.is_guest, customer.is_guest, customer.version) == (is_guest, is_guest, 1)


@pytest.mark.parametrize(
    "change", [{"contact": evolve(ANNA, name="Anna Beck")}, {"address": None}, {"locale": "de"}], ids=str
)
def test_an_edit_tells_which_details_changed_but_not_to_what(change: dict[str, Any]) -> None:
    customer = evolve(a_customer(), facts=())
    assert facts_of_step(customer, lambda: edit(customer, **change)) == (CustomerEdited,)
    after = edit(customer, **change)
    (fact,) = after.facts
    assert isinstance(fact, CustomerEdited)
    assert fact.changed == tuple(change)
    assert "Beck" not in repr(fact)
    assert {name: getattr(after, name) for name in change} == change


def test_an_edit_that_changes_nothing_is_no_edit() -> None:
    customer = a_customer()
    assert edit(customer) is customer


@pytest.mark.parametrize("email", ["Anna@Example.com", " anna@example.com ", "ANNA@EXAMPLE.COM"])
def test_two_spellings_of_a_mailbox_are_one(email: str) -> None:
    assert normalised_email(email) == "anna@example.com"


@pytest.mark.parametrize(
    ("phone", "digits"),
    [("+1 (513) 555-0100", "+15135550100"), (" +1.513.555.0100", "+15135550100"), ("0513/5550100", "05135550100")],
)
def test_a_phone_number_is_its_digits(phone: str, digits: str) -> None:
    assert normalised_phone(phone) == digits


def test_spaces_around_details_are_trimmed() -> None:
    assert Contact(name=" Anna Meyer ", email=" anna@example.com ", phone=" +15135550100 ") == ANNA
    assert Address(line1=" 1 Elm Street ", city="Cincinnati", region="OH", postal_code=" 45202", country="US") == HOME


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"line1": " "}, "/line1"),
        ({"line1": "x" * 201}, "/line1"),
        ({"city": ""}, "/city"),
        ({"line2": 5}, "/line2"),
        ({"region": "x" * 201}, "/region"),
        ({"postal_code": "x" * 21}, "/postal_code"),
        ({"country": "us"}, "/country"),
        ({"country": None}, "/country"),
    ],
)
def test_an_address_names_its_bad_field(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        evolve(HOME, **change)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]


@pytest.mark.parametrize(
    ("change", "pointer"), [({"name": ""}, "/name"), ({"email": "anna"}, "/email"), ({"phone": "call me"}, "/phone")]
)
def test_a_contact_names_its_bad_field(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        evolve(ANNA, **change)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]


def test_a_contact_needs_no_phone() -> None:
    assert Contact(name="Anna Meyer", email="anna@example.com").phone is None
