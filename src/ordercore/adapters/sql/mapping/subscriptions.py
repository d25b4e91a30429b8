"""The only place where subscriptions become rows and rows subscriptions. Address and secrets are sealed together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from ordercore.adapters.sql.column_types import from_micros, to_micros
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.lifecycles import SubscriptionStatus
from ordercore.domain.subscription import SigningSecret, Subscription, SubscriptionKind
from ordercore.ports.sealer import Sealer


def subscription_row(wire: Wire, sealer: Sealer, subscription: Subscription) -> Row:
    """A subscription for its table."""
    secret = {
        "address": subscription.address,
        "secrets": [[each.value, _micros(each.valid_until)] for each in subscription.secrets],
    }
    return (
        wire.id(subscription.id),
        subscription.name,
        subscription.kind.value,
        sealer.seal(orjson.dumps(secret)),
        " ".join(subscription.types),
        int(subscription.allows_private),
        subscription.status.value,
        wire.moment(subscription.added_at),
        subscription.version,
        subscription.event_count + len(subscription.facts),
    )


def subscription_of(wire: Wire, sealer: Sealer, row: Row) -> Subscription:
    """A subscription from its row."""
    id, name, kind, sealed, types, allows_private, status, added_at, version, event_count = row
    known: dict[str, Any] = orjson.loads(sealer.open(sealed))
    return Subscription(
        id=wire.to_id(id),
        name=name,
        kind=SubscriptionKind(kind),
        address=known["address"],
        types=tuple(types.split()),
        secrets=tuple(
            SigningSecret(value=value, valid_until=None if until is None else from_micros(until))
            for value, until in known["secrets"]
        ),
        allows_private=bool(allows_private),
        status=SubscriptionStatus(status),
        added_at=wire.to_moment(added_at),
        version=version,
        event_count=event_count,
    )


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)
