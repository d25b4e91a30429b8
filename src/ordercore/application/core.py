"""The only place that names what every use case works with."""

from __future__ import annotations

from attrs import field, frozen

from ordercore.application.asking_again import AskingAgain
from ordercore.application.known_tokens import KnownTokens
from ordercore.application.settings import Settings
from ordercore.ports.carrier import Carrier
from ordercore.ports.clock import Clock
from ordercore.ports.commits import Commits
from ordercore.ports.gateway import PaymentGateway
from ordercore.ports.health import Health
from ordercore.ports.ids import Ids
from ordercore.ports.notifier import Notifier
from ordercore.ports.passwords import Passwords
from ordercore.ports.sealer import Sealer
from ordercore.ports.store import Store


@frozen(kw_only=True)
class Core:
    """The ports, wired: made once by the composition root, shared by all capabilities.

    Without a notifier nobody is told (an import of old orders).
    """

    store: Store
    commits: Commits
    gateway: PaymentGateway
    carrier: Carrier
    notifier: Notifier | None
    clock: Clock
    ids: Ids
    sealer: Sealer
    passwords: Passwords
    health: Health
    settings: Settings
    known_tokens: KnownTokens = field(factory=KnownTokens)
    asking_again: AskingAgain = field(factory=AskingAgain)
