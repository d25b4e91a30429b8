"""The only place for what the core asks of a payment provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from attrs import field, frozen

from ordercore.domain.money import Money
from ordercore.domain.payment import AttemptKind, ProviderAnswer


@frozen(kw_only=True)
class ProviderTraits:
    """What an adapter states of its provider.

    `name` is also what its notifications are addressed to. `deadline` bounds one call; `key_lifetime` is how long a
    repeated key still answers the first call's result; `calls_at_once` bounds the calls side by side. `settling_time`
    is how long after a call was sent "not found" may still be wrong; None where it never becomes a proof.
    `hold_lifetime` is how long an authorisation holds; None where it does not end. `captures_many`: one authorisation
    may be captured more than once.
    """

    name: str
    deadline: timedelta = timedelta(seconds=10)
    key_lifetime: timedelta = timedelta(hours=24)
    settling_time: timedelta | None = None
    hold_lifetime: timedelta | None = timedelta(days=7)
    calls_at_once: int = 8
    accepts_cards: bool = False
    captures_many: bool = False
    refunds_in_parts: bool = True


@frozen(kw_only=True)
class ProviderCall:
    """One attempt to be made. `key` makes it repeatable; `reference` names the authorisation that it concerns.

    `within` is how long the asker waits where that is less than the provider's deadline; it is no part of the content.
    """

    kind: AttemptKind
    key: str
    amount: Money
    token: str | None = field(default=None, repr=False)
    reference: str | None = None
    within: timedelta | None = field(default=None, eq=False)


@frozen(kw_only=True)
class ProviderReport:
    """What a provider tells of its own accord: its word on one thing that was asked of it.

    `event_id` is the provider's and the same each time that it tells this. `key` is our attempt's, where the provider
    hands it back; without one somebody else asked, such as a person at the provider's own desk. `authorisation` is the
    reference of the authorisation concerned.
    """

    event_id: str
    occurred_at: datetime
    kind: AttemptKind
    answer: ProviderAnswer
    key: str | None = None
    authorisation: str | None = None


@frozen(kw_only=True)
class ProviderRecord:
    """What the provider's books say of one authorisation that it approved. `key` is our attempt's, where it is known.

    `authorised` is live: a void takes it back.
    """

    reference: str
    key: str | None
    made_at: datetime
    authorised: Money
    captured: Money
    refunded: Money


@frozen(kw_only=True)
class Card:
    """Card details on their way to the provider's vault: never stored, never logged, never shown."""

    number: str = field(repr=False)
    expiry_month: int = field(repr=False)
    expiry_year: int = field(repr=False)
    cvc: str = field(repr=False)


class PaymentGateway(Protocol):
    """A payment provider.

    Promises: repeating a call with its key and content within `key_lifetime` never repeats the effect and answers the
    same. A call answers before `deadline` (or `within`, where it is given) has passed; an answer
    that never came, or makes no sense, is `UNKNOWN` and not an exception. An approval names the amount that moved: the
    core, not the adapter, compares it. An authorisation may answer `ACTION_REQUIRED`: `find` says so, with the
    action, until the customer has acted, and then what came of it; a void with the reference of that answer ends the
    wait, after which it is declined. Called from many threads at once.
    """

    @property
    def traits(self) -> ProviderTraits:
        """What the provider can do."""

    def call(self, request: ProviderCall) -> ProviderAnswer:
        """Authorise, capture, void or refund; the last three name the reference of their authorisation."""

    def find(self, request: ProviderCall) -> ProviderAnswer | None:
        """What became of an earlier call with this key; None where the provider knows of none (which is no proof)."""

    def tokenise(self, card: Card) -> str:
        """A token that stands for the card.

        Raises:
            CardRefused: the vault does not take it.
        """

    def read_notification(self, body: bytes, headers: Mapping[str, str]) -> Sequence[ProviderReport]:
        """What a notification tells: nothing where it is genuine and about something else. Headers in any case.

        Raises:
            BadSignature, NotificationIsOld, NotificationIsNonsense: it is not believed.
        """

    def records(self, since: datetime, until: datetime) -> Iterator[ProviderRecord]:
        """Every authorisation approved at `since` or later and before `until`, as its money stands now, oldest first.

        Raises:
            ProviderUnavailable: the books cannot be read now.
        """
