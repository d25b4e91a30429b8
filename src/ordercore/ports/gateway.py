"""The only place for what the core asks of a payment provider."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from attrs import field, frozen

from ordercore.domain.money import Money
from ordercore.domain.payment import AttemptKind, ProviderAnswer


@frozen(kw_only=True)
class ProviderTraits:
    """What an adapter states of its provider.

    `deadline` bounds one call; `key_lifetime` is how long a repeated key still answers the first call's result;
    `calls_at_once` bounds the calls side by side.
    """

    name: str
    deadline: timedelta = timedelta(seconds=10)
    key_lifetime: timedelta = timedelta(hours=24)
    calls_at_once: int = 8
    accepts_cards: bool = False


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
class Card:
    """Card details on their way to the provider's vault: never stored, never logged, never shown."""

    number: str = field(repr=False)
    expiry_month: int = field(repr=False)
    expiry_year: int = field(repr=False)
    cvc: str = field(repr=False)


class PaymentGateway(Protocol):
    """A payment provider.

    Promises: repeating a call with its key and content within `key_lifetime` never repeats the effect and answers the
    same. A call answers before `deadline` (or `within`, where it is given) has passed; an answer that never came, or
    makes no sense, is `UNKNOWN` and not an exception. Called from many threads at once.
    """

    @property
    def traits(self) -> ProviderTraits:
        """What the provider can do."""

    def call(self, request: ProviderCall) -> ProviderAnswer:
        """Authorise, capture, void or refund."""

    def find(self, request: ProviderCall) -> ProviderAnswer | None:
        """What became of an earlier call with this key; None where the provider knows of none (which is no proof)."""

    def tokenise(self, card: Card) -> str:
        """A token that stands for the card.

        Raises:
            CardRefused: the vault does not take it.
        """
