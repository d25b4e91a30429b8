"""The façade: everything the world may ask of the core, for one actor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from ordercore.application.admins import Admins
from ordercore.application.catalogue import Catalogue
from ordercore.application.core import Core
from ordercore.application.customers import Customers
from ordercore.application.housekeeping import Housekeeping
from ordercore.application.importing import Importing
from ordercore.application.ordering import Ordering
from ordercore.application.payments import Payments
from ordercore.application.shipping import Shipping
from ordercore.application.tokens import Tokens, actor_of
from ordercore.application.work_items import WorkItems
from ordercore.domain.actor import EMBEDDING, SYSTEM, Actor, Permission, authorise
from ordercore.ports.health import Finding
from ordercore.ports.queries import EventRow, Page, PageRequest


class OrderCore:
    """An open shop, acting for one actor: the embedding program's own, unless another is named.

    Use it as a context manager, or call `close`. Safe to use from many threads.
    """

    def __init__(self, core: Core, actor: Actor = EMBEDDING, close: Callable[[], None] | None = None) -> None:
        self._core = core
        self._close = close or core.store.close
        self.actor = actor
        self.ordering = Ordering(core, actor)
        self.shipping = Shipping(core, actor)
        self.payments = Payments(core, actor)
        self.work_items = WorkItems(core, actor)
        self.catalogue = Catalogue(core, actor)
        self.customers = Customers(core, actor)
        self.admins = Admins(core, actor)
        self.tokens = Tokens(core, actor)
        self.importing = Importing(core, actor)

    def acting_as(self, actor: Actor) -> OrderCore:
        """The same shop for another actor. Closing either closes both."""
        return OrderCore(self._core, actor, self._close)

    def actor_of_token(self, secret: str, *, origin: str) -> Actor:
        """Who a bearer secret belongs to.

        Raises:
            Unauthenticated: nobody, or the token was revoked.
        """
        return actor_of(self._core, secret, origin=origin)

    @property
    def housekeeping(self) -> Housekeeping:
        """What a worker runs, always as the system."""
        return Housekeeping(self._core, SYSTEM)

    def events(self, stream: str | None = None, page: PageRequest = PageRequest()) -> Page[EventRow]:  # noqa: B008 - frozen
        """Stored events, oldest first, of one kind of stream (order, product, ...) or all."""
        authorise(self.actor, Permission.ORDERS_READ)
        with self._core.store.listing() as queries:
            return queries.event_page(stream, page)

    def examine(self) -> Sequence[Finding]:
        """What `doctor` prints: every guarantee, looked at on the live store."""
        authorise(self.actor, Permission.ALL)
        return self._core.health.examine()

    def is_ready(self) -> bool:
        """Whether the store answers and has this release's schema."""
        return self._core.health.is_ready()

    def close(self) -> None:
        """Give connections and files back; what was answered is on disk already."""
        self._close()

    def __enter__(self) -> OrderCore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
