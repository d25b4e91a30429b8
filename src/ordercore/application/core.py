"""The only place that names what every use case works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import field, frozen

from ordercore.application.asking_again import AskingAgain
from ordercore.application.known_tokens import KnownTokens
from ordercore.application.listening import Handler
from ordercore.application.settings import Settings
from ordercore.domain.subscription import Subscription, SubscriptionKind
from ordercore.ports.carrier import Carrier
from ordercore.ports.clock import Clock
from ordercore.ports.commits import Commits
from ordercore.ports.gateway import PaymentGateway
from ordercore.ports.health import Health
from ordercore.ports.ids import Ids
from ordercore.ports.passwords import Passwords
from ordercore.ports.publisher import Publisher
from ordercore.ports.sealer import Sealer
from ordercore.ports.store import Store


@frozen(kw_only=True)
class Core:
    """The ports, wired: made once by the composition root, shared by all capabilities.

    `publisher` answers what carries events to subscribers
    of a kind, or raises InvalidRequest where that is not installed.
    """

    store: Store
    commits: Commits
    gateway: PaymentGateway
    carrier: Carrier
    clock: Clock
    ids: Ids
    sealer: Sealer
    passwords: Passwords
    health: Health
    publisher: Callable[[SubscriptionKind], Publisher]
    settings: Settings
    known_tokens: KnownTokens = field(factory=KnownTokens)
    handlers: Mapping[str, Handler] = field(factory=dict)
    asking_again: AskingAgain = field(factory=AskingAgain)

    def reaches(self, subscription: Subscription) -> bool:
        """Whether this process can tell that subscriber: a handler lives in one program only."""
        return subscription.kind is not SubscriptionKind.HANDLER or subscription.address in self.handlers
