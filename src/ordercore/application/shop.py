"""The façade: everything the world may ask of the core, for one actor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from ordercore.application.admins import Admins
from ordercore.application.catalogue import Catalogue
from ordercore.application.core import Core
from ordercore.application.customers import Customers
from ordercore.application.deliveries import Deliveries
from ordercore.application.hearing import hear
from ordercore.application.housekeeping import Housekeeping
from ordercore.application.importing import Importing
from ordercore.application.ordering import Ordering
from ordercore.application.payments import Payments
from ordercore.application.sequencing import sequence
from ordercore.application.shipping import Shipping
from ordercore.application.subscriptions import Subscriptions
from ordercore.application.tokens import Tokens, actor_of
from ordercore.application.work_items import WorkItems
from ordercore.application.worker import Worker, WorkerStatus, status_of
from ordercore.domain.actor import EMBEDDING, SYSTEM, Actor, Permission, authorise
from ordercore.domain.subscription import refuse_bad_types
from ordercore.ports.health import Finding
from ordercore.ports.queries import EventFilter, EventRow, Page, PageRequest


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
        self.subscriptions = Subscriptions(core, actor)
        self.deliveries = Deliveries(core, actor)

    def acting_as(self, actor: Actor) -> OrderCore:
        """The same shop for another actor. Closing either closes both."""
        return OrderCore(self._core, actor, self._close)

    def actor_of_token(self, secret: str, *, origin: str) -> Actor:
        """Who a bearer secret belongs to.

        Raises:
            Unauthenticated: nobody, or the token was revoked.
        """
        return actor_of(self._core, secret, origin=origin)

    def hear(self, provider: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Record what a payment provider's notification tells; how much of it was news. Its signature is all it needs.

        Raises:
            UnknownResource: no such provider is asked here.
            BadSignature, NotificationIsOld, NotificationIsNonsense: it is not believed.
        """
        return hear(self._core, provider, body, headers)

    @property
    def housekeeping(self) -> Housekeeping:
        """What a worker runs, always as the system."""
        return Housekeeping(self._core, SYSTEM)

    def worker(self) -> Worker:
        """What a worker process does, as the system; keep it for as long as it runs, then close it."""
        return Worker(self._core, SYSTEM)

    def worker_status(self) -> WorkerStatus:
        """Who does which task of the worker, when it was done last, and what waits to be told."""
        authorise(self.actor, Permission.ALL)
        return status_of(self._core)

    def last_position(self) -> int:
        """The position of the latest event that has one; 0 where none has."""
        authorise(self.actor, Permission.EVENTS_READ)
        sequence(self._core)
        with self._core.store.reading() as lookups:
            return lookups.last_position()

    def events(
        self,
        stream: str | None = None,
        page: PageRequest = PageRequest(),  # noqa: B008 - frozen
        *,
        types: tuple[str, ...] = (),
    ) -> Page[EventRow]:
        """Committed events by position, which is also the cursor: of one kind of stream (order, product, ...) or all.

        What has no position yet gets one first, unless a worker is about to give it.
        """
        authorise(self.actor, Permission.EVENTS_READ)
        refuse_bad_types(types)
        sequence(self._core)
        with self._core.store.listing() as queries:
            return queries.event_page(EventFilter(stream=stream, types=types), page)

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
