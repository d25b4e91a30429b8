import pytest

from ordercore.adapters.sql.store import SqlStore
from ordercore.testing.queries_suite import QueriesSuite


class TestSqlQueries(QueriesSuite):
    @pytest.fixture
    def store(self, sql_store: SqlStore) -> SqlStore:
        return sql_store


class TestSqlQueriesInMemory(QueriesSuite):
    @pytest.fixture
    def store(self, memory_store: SqlStore) -> SqlStore:
        return memory_store
