from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

import ordercore
from ordercore.adapters.payments.fake import FakeGateway
from tests.integration.sql.driver_log import Statement, driver_log
from tests.support.cores import a_command, add

MOST_STATEMENTS = {"sqlite": 26, "postgresql": 11}
"""DESIGN, 4: placing and paying any number costs about 20 to 26 statements in two transactions; on PostgreSQL all
writes of a transaction are one.
"""

Shop = tuple[ordercore.OrderCore, list[Statement]]


@pytest.fixture
def listened(database_url: str) -> Iterator[Shop]:
    with driver_log() as log, ordercore.open(database_url, payment_gateway=FakeGateway()) as shop:
        for sku in ("MUG", "POT", "CUP"):
            add(shop, sku, quantity=10_000)
        shop.ordering.place(a_command({"MUG": 1}), idempotency_key="first")
        yield shop, log


def test_placing_and_paying_costs_the_same_statements_for_one_order_and_for_many(
    listened: Shop, database_url: str
) -> None:
    database = make_url(database_url).get_backend_name()
    one, many = statements_for(listened, 1), statements_for(listened, 128)
    assert texts(many) == texts(one)
    work = [each for each in one if not each.startswith(("BEGIN", "COMMIT"))]
    assert len(work) <= MOST_STATEMENTS[database], work
    assert len(one) - len(work) in (0, 4), "two transactions; psycopg begins and commits on its own"


def test_statements_do_not_grow_with_the_lines_of_an_order(listened: Shop) -> None:
    short = statements_for(listened, 2, {"MUG": 1})
    long = statements_for(listened, 2, {"MUG": 1, "POT": 2, "CUP": 3})
    assert texts(long) == texts(short)


def statements_for(listened: Shop, count: int, items: dict[str, int] | None = None) -> list[str]:
    """What the driver was sent to place and pay so many orders at once."""
    shop, log = listened
    commands = [a_command(items) for _ in range(count)]
    before = len(log)
    keys = [f"{before}-{number}" for number in range(count)]
    outcomes = shop.ordering.place_many(commands, idempotency_keys=keys)
    assert [getattr(each, "status", each) for each in outcomes] == ["confirmed"] * count
    return [text for text, _ in log[before:]]


def texts(statements: list[str]) -> list[str]:
    """Their first words: lists are as long as what is asked for."""
    return [" ".join(statement.split()[:3]) for statement in statements]
