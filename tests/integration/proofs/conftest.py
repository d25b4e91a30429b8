from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import ordercore
from tests.support.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of each kind, which several processes may open."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'shop.db'}"
        ordercore.migrate(address)
        yield address
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        address = server.create_database()
        ordercore.migrate(address)
        yield address
        server.drop_database(address)
