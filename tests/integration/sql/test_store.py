from typing import ClassVar

import pytest

from ordercore.adapters.sql.store import SqlStore
from ordercore.testing.store_suite import StoreSuite


class TestSqlStore(StoreSuite):
    @pytest.fixture
    def store(self, sql_store: SqlStore) -> SqlStore:
        return sql_store


class TestSqlStoreInMemory(StoreSuite):
    isolates_readers: ClassVar[bool] = False

    @pytest.fixture
    def store(self, memory_store: SqlStore) -> SqlStore:
        return memory_store
