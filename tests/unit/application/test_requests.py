from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.application.requests import refuse_bad_key
from ordercore.domain.errors import InvalidRequest
from tests.support.cores import a_command, a_shop, add, available

CARDS = ["4242424242424242", "4242 4242 4242 4242", "order-3782-822463-10005", "5555555555554444"]
OTHERS = ["4242424242424241", "1483272806000", "1483272806000000", "4006381333931", "31198570044"]


@pytest.mark.parametrize("key", CARDS)
def test_a_key_with_a_card_number_in_it_is_refused_before_it_is_stored(key: str) -> None:
    shop = a_shop()
    add(shop)
    with pytest.raises(InvalidRequest, match="card number") as caught:
        shop.ordering.place(a_command(), idempotency_key=key)
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == ("/idempotency_key", "bad_key")
    assert key not in str(caught.value)
    assert available(shop) == 10


@pytest.mark.parametrize("key", OTHERS)
def test_other_numbers_may_be_keys(key: str) -> None:
    refuse_bad_key(key)


@given(st.uuids() | st.just(UUID("0197fe00-4242-4242-8424-242424242424")))
def test_every_uuid_may_be_a_key(id: UUID) -> None:
    for key in (str(id), str(id).upper(), id.hex, f"order-{id}"):
        refuse_bad_key(key)
