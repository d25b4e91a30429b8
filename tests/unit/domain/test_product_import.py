from uuid import UUID

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ordercore.domain.product import Product
from ordercore.domain.product_import import NAMED_SKUS, ProductImport, ProductsImported
from tests.support.domain import ACTOR, NOON, a_product

RUN = ProductImport(id=UUID(int=140))
LOW, PLENTY = evolve(a_product(on_hand=1, threshold=5), sku="LOW"), a_product(on_hand=9, threshold=5)


def low(number: int) -> Product:
    return evolve(LOW, sku=f"LOW-{number:02}")


def test_an_import_tells_once_what_all_its_batches_did() -> None:
    run = RUN.counted([LOW, PLENTY], known=3).counted([PLENTY], known=1)
    assert not run.facts
    assert run.ended(at=NOON, actor_id=ACTOR).facts == (
        ProductsImported(occurred_at=NOON, actor_id=ACTOR, imported=3, known=4, low=1, low_skus=("LOW",)),
    )


def test_an_import_that_changed_nothing_has_nothing_to_tell() -> None:
    for run in (RUN, RUN.counted([], known=7)):
        assert run.ended(at=NOON, actor_id=ACTOR) == run
        assert not run.ended(at=NOON, actor_id=ACTOR).facts


@given(st.lists(st.integers(0, 30), max_size=4))
def test_only_the_first_low_products_are_named_and_all_are_counted(sizes: list[int]) -> None:
    run, everybody = RUN, [low(number) for number in range(sum(sizes))]
    for size in sizes:
        run = run.counted(everybody[run.low : run.low + size], known=0)
    assert (run.imported, run.low) == (len(everybody), len(everybody))
    assert run.low_skus == tuple(product.sku for product in everybody[:NAMED_SKUS])
