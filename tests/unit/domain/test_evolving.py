from typing import Any

import attrs
import pytest

from ordercore.domain.evolving import evolve
from tests.support.domain import HOME, a_product, captured_order, shipped_order


@pytest.mark.parametrize(
    ("instance", "changes"),
    [
        (HOME, {"city": "Dayton", "line2": "Flat 3"}),
        (a_product(), {"is_low": True}),
        (captured_order(), {"version": 9, "items": ()}),
        (shipped_order(), {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_copy_is_what_attrs_would_have_made_and_the_first_stays_as_it_was(
    instance: Any, changes: dict[str, Any]
) -> None:
    before = repr(instance)
    copy = evolve(instance, **changes)
    assert copy == attrs.evolve(instance, **changes)
    assert type(copy) is type(instance)
    assert copy is not instance
    assert repr(instance) == before
