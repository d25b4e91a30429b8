"""Shops on both databases, on their real clocks, with publishers that remember."""

from collections.abc import Iterator

import pytest

from ordercore import OrderCore
from ordercore.adapters.sql.store import SqlStore
from tests.integration.events.scene import shop_on
from tests.integration.sql.conftest import (  # noqa: F401 - fixtures
    database_url,
    kind,
    migrated_postgres,
    postgres_template,
    sqlite_file,
    sqlite_template,
)


@pytest.fixture
def shop(database_url: str) -> Iterator[OrderCore]:  # noqa: F811 - the fixture
    with shop_on(database_url) as opened:
        yield opened


@pytest.fixture
def store(shop: OrderCore) -> SqlStore:
    """The store behind the shop."""
    found = shop._core.store
    assert isinstance(found, SqlStore)
    return found
