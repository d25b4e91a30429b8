"""The only place that reads Stripe's books for reconciliation: what became of every authorisation that we began."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil

from ordercore.adapters.payments.stripe_answers import ATTEMPT, NAME, Json, Nonsense, money, part, text, whole
from ordercore.adapters.payments.stripe_client import NoAnswer, Refused, StripeConnection
from ordercore.domain.errors import ProviderUnavailable
from ordercore.domain.money import Money
from ordercore.ports.gateway import ProviderRecord

SLICE = timedelta(days=1)
"""Stripe lists the newest first and we the oldest: so much is kept in memory to be turned round."""


def records(connection: StripeConnection, since: datetime, until: datetime) -> Iterator[ProviderRecord]:
    """Those made in that time and approved, oldest first.

    Raises:
        ProviderUnavailable: Stripe does not answer, or makes no sense.
    """
    while since < until:
        stop = min(since + SLICE, until)
        created = {"gte": ceil(since.timestamp()), "lt": ceil(stop.timestamp())}
        try:
            made = [_record(intent) for intent in connection.intents(created, expand=["data.latest_charge"])]
        except (NoAnswer, Nonsense, Refused):
            raise ProviderUnavailable(provider=NAME, reason="its list gave no answer that makes sense") from None
        yield from (record for record in reversed(made) if record is not None)
        since = stop


def _record(intent: Json) -> ProviderRecord | None:
    """None for an intent that was never approved, or that somebody else began in the same account."""
    key = part(intent, "metadata").get(ATTEMPT)
    if key is None or intent.get("latest_charge") is None:
        return None
    charge = part(intent, "latest_charge")
    if text(charge, "status") != "succeeded":
        return None
    captured = money(intent, "amount_received")
    held = money(intent, "amount_capturable")
    return ProviderRecord(
        reference=text(intent, "id"),
        key=key,
        made_at=datetime.fromtimestamp(whole(intent, "created"), UTC),
        authorised=Money(captured.amount_minor + held.amount_minor, captured.currency),
        captured=captured,
        refunded=money(charge, "amount_refunded"),
    )
