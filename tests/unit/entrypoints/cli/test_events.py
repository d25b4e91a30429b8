from typing import Any

import pytest

from ordercore.domain.admin import AdminUser, ApiToken
from ordercore.domain.customer import Customer
from ordercore.domain.order import Order
from ordercore.domain.product import Product
from ordercore.domain.product_import import ProductImport
from ordercore.domain.shipment import Shipment
from ordercore.domain.work_item import WorkItem
from tests.unit.entrypoints.cli.conftest import Terminal


@pytest.mark.parametrize("kind", [AdminUser, ApiToken, Customer, Order, Product, ProductImport, Shipment, WorkItem])
def test_the_events_of_every_kind_of_thing_can_be_listed(terminal: Terminal, kind: type[Any]) -> None:
    listed = terminal.json("event", "list", "--stream", kind.stream)["data"]
    assert {each["stream"] for each in listed} <= {kind.stream}


def test_a_stream_that_nobody_knows_is_refused(terminal: Terminal) -> None:
    assert "work_item" in terminal.refused(2, "event", "list", "--stream", "weather")
