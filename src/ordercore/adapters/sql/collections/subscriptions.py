"""The only place that holds and saves subscriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.collection import SqlCollection
from ordercore.adapters.sql.collections.names import claim_named
from ordercore.adapters.sql.mapping.subscriptions import subscription_of, subscription_row
from ordercore.adapters.sql.wire import Row
from ordercore.domain.subscription import Subscription


class SqlSubscriptions(SqlCollection[Subscription]):
    """Subscriptions."""

    table = tables.subscriptions
    kind = "subscriptions"

    def claim_names(self, subscriptions: Sequence[Subscription]) -> Mapping[str, UUID]:
        """Make those whose name is free; answers the taken ones."""
        self._work.locks.note("subscription_names", [each.name for each in subscriptions])
        taken = claim_named(self._wire, self.table, "name", {each.name: self._row(each) for each in subscriptions})
        for each in subscriptions:
            if each.name not in taken:
                self._saved[each.id] = self._held[each.id] = each
        return taken

    def _row(self, each: Subscription) -> Row:
        return subscription_row(self._wire, self._work.sealer, each)

    def _object(self, row: Row) -> Subscription:
        return subscription_of(self._wire, self._work.sealer, row)
