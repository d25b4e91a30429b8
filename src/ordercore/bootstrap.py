"""The composition root: the only place that knows every adapter. Each is imported where it is built."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ordercore.application import notices
from ordercore.application.core import Core
from ordercore.application.handlers import enlist
from ordercore.application.listening import Handler, HandlerPublisher
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.shop import OrderCore
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.subscription import SubscriptionKind
from ordercore.ports.carrier import Carrier
from ordercore.ports.clock import Clock
from ordercore.ports.gateway import PaymentGateway
from ordercore.ports.ids import Ids
from ordercore.ports.notifier import Notifier
from ordercore.ports.publisher import Publisher

if TYPE_CHECKING:
    from ordercore.adapters.notifications.rendering import Rendering
    from ordercore.adapters.sql.store import SqlStore


def open(
    url: str,
    *,
    payment_gateway: PaymentGateway | None = None,
    carrier: Carrier | None = None,
    notifier: Notifier | None = None,
    publishers: Mapping[SubscriptionKind, Publisher] | None = None,
    handlers: Mapping[str, Handler] | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
    settings: Settings | None = None,
) -> OrderCore:
    """Open the shop in a database: `sqlite:///shop.db`, or `postgresql://user@host/name`.

    Each port can be replaced. Without a payment gateway and a carrier the fake ones work, which keep their books in a
    folder beside a SQLite database, or in the one that ORDERCORE_FAKE_PROVIDERS names (`memory` for none); with
    ORDERCORE_STRIPE_KEY payments go through Stripe. A SQLite file is made, and brought to this release's schema, where
    needed; PostgreSQL is only migrated by `ordercore init`.
    `publishers` replace what carries events to webhooks or brokers; `handlers` are functions of this program that hear
    of events, by the name of their cursor, whenever a worker runs in it (`shop.worker()`, or entrypoints.worker).
    Without a notifier the one works that the environment names (see docs/mails.md); where it names none nobody is told.
    A clock of your own also stands in for the database's. Without settings those of the environment hold, see
    `configured`.

    Raises:
        InvalidRequest: the URL is none, its driver is not installed, or a setting is not understood.
        SchemaIsForeign: PostgreSQL is at another schema.
        StoreUnavailable: the database cannot be reached.
    """
    gateway = payment_gateway or _stripe_gateway(clock)
    store = _sql_store(url, clock)
    try:
        _prepare(store)
    except BaseException:
        store.close()
        raise
    books = _books_folder(store)
    return _shop(
        store,
        payment_gateway=gateway or _fake_gateway(books),
        carrier=carrier or _fake_carrier(books),
        notifier=notifier,
        publishers=publishers,
        handlers=handlers,
        clock=clock,
        ids=ids,
        settings=settings,
    )


def in_memory(
    *,
    payment_gateway: PaymentGateway | None = None,
    carrier: Carrier | None = None,
    notifier: Notifier | None = None,
    publishers: Mapping[SubscriptionKind, Publisher] | None = None,
    handlers: Mapping[str, Handler] | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
    settings: Settings | None = None,
) -> OrderCore:
    """A shop on SQLite in memory: gone when closed."""
    return open(
        "sqlite://",
        payment_gateway=payment_gateway,
        carrier=carrier,
        notifier=notifier,
        publishers=publishers,
        handlers=handlers,
        clock=clock,
        ids=ids,
        settings=settings,
    )


def configured(environment: Mapping[str, str]) -> Settings:
    """The settings that the environment names: ORDERCORE_CAPTURE (confirmed or shipped), ORDERCORE_RESERVATION_MINUTES,
    for which an unpaid order keeps its stock, and ORDERCORE_ALERT_MINUTES, after which a person is asked to look at an
    attempt without an answer.

    Raises:
        InvalidRequest: one of them is not understood.
    """
    usual = Settings()
    capture = environment.get("ORDERCORE_CAPTURE", usual.capture)
    if capture not in set(CapturePolicy):
        raise InvalidRequest.of("/ORDERCORE_CAPTURE", "must be confirmed or shipped", "bad_setting")
    return Settings(
        capture=CapturePolicy(capture),
        reservation=_minutes(environment, "ORDERCORE_RESERVATION_MINUTES", usual.reservation),
        alert_after=_minutes(environment, "ORDERCORE_ALERT_MINUTES", usual.alert_after),
    )


MOST_MINUTES = 525_600
"""A year."""


def _minutes(environment: Mapping[str, str], name: str, usual: timedelta) -> timedelta:
    minutes = environment.get(name)
    if minutes is None:
        return usual
    if not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes[:9]) <= MOST_MINUTES):
        raise InvalidRequest.of(f"/{name}", f"must be a whole number from 1 to {MOST_MINUTES}", "bad_setting")
    return timedelta(minutes=int(minutes))


def migrate(url: str) -> str:
    """Bring a database to this release's schema and say what was done.

    Raises:
        InvalidRequest, StoreUnavailable, SchemaIsForeign: see `open`.
    """
    from ordercore.adapters.sql import schema

    store = _sql_store(url, None)
    try:
        before, after = schema.migrate(store.writing)
    finally:
        store.close()
    if before == after:
        return f"The database is at schema {after} already; nothing to do."
    return f"The database was at schema {before or 'none'} and is at {after} now."


def _sql_store(url: str, clock: Clock | None) -> SqlStore:
    from ordercore.adapters.security.sealer import PlainSealer
    from ordercore.adapters.sql.store import SqlStore

    now: Callable[[], datetime] | None = None if clock is None else clock.now
    return SqlStore(url, PlainSealer, now)


def _prepare(store: SqlStore) -> None:
    """This release's schema, made where that is ours to do, refused where it is another."""
    from ordercore.adapters.sql import engines, schema

    if engines.is_in_memory(store.address):
        with store.writing.connect() as connection:
            schema.create(connection)
    elif not store.is_postgres and schema.revision_of(store.writing) != schema.REVISION:
        schema.migrate(store.writing)
    schema.refuse_foreign(store.writing)


def _shop(
    store: SqlStore,
    *,
    payment_gateway: PaymentGateway,
    carrier: Carrier,
    notifier: Notifier | None,
    publishers: Mapping[SubscriptionKind, Publisher] | None,
    handlers: Mapping[str, Handler] | None,
    clock: Clock | None,
    ids: Ids | None,
    settings: Settings | None,
) -> OrderCore:
    from ordercore.adapters.group_commit import GroupCommit
    from ordercore.adapters.security.passwords import Argon2Passwords
    from ordercore.adapters.sql.health import SqlHealth
    from ordercore.adapters.system import SystemClock, Uuid7Ids

    clock = clock or SystemClock()
    handlers = _with_notices(handlers or {}, store, notifier or _notifier(os.environ))
    closing: list[Callable[[], None]] = [store.close]
    core = Core(
        store=store,
        commits=GroupCommit(store, store.is_transient, at_once=store.writers_at_once),
        gateway=payment_gateway,
        carrier=carrier,
        clock=clock,
        ids=ids or Uuid7Ids(),
        sealer=store.sealer,
        passwords=Argon2Passwords(),
        health=SqlHealth(store, payment_provider=payment_gateway.traits.name),
        publisher=_publishers(clock, handlers, publishers or {}, closing),
        handlers=handlers,
        settings=settings or configured(os.environ),
    )
    shop = OrderCore(core, close=lambda: _close(closing))
    try:
        enlist(core)
    except BaseException:
        shop.close()
        raise
    return shop


def _with_notices(handlers: Mapping[str, Handler], store: SqlStore, notifier: Notifier | None) -> Mapping[str, Handler]:
    """The handlers and, where anything is there to tell customers with, the one that does."""
    if notices.HANDLER in handlers:
        raise InvalidRequest.of("/handlers", f"must not be named {notices.HANDLER}: that one is ours", "reserved")
    if notifier is None:
        return handlers  # what is to be told waits for a process that can
    return {**handlers, notices.HANDLER: notices.Notices(store, notifier).handler()}


def _notifier(environment: Mapping[str, str]) -> Notifier | None:
    """What the environment names: ORDERCORE_SMTP_URL, or else ORDERCORE_MAIL_FOLDER (`log` for a line in the log).

    Raises:
        InvalidRequest: one of the settings is not understood.
    """
    url, folder = environment.get(SMTP_VARIABLE), environment.get(MAIL_FOLDER_VARIABLE)
    if url:
        from ordercore.adapters.notifications.smtp import SmtpNotifier, SmtpServer

        return SmtpNotifier(SmtpServer.of(url), _rendering(environment.get("ORDERCORE_MAIL_FROM", ""), environment))
    if folder == "log":
        from ordercore.adapters.notifications.log import LogNotifier

        return LogNotifier()
    if folder:
        from ordercore.adapters.notifications.files import FileNotifier

        sender = environment.get("ORDERCORE_MAIL_FROM", "ordercore <shop@example.com>")
        return FileNotifier(Path(folder), _rendering(sender, environment))
    return None


def _rendering(sender: str, environment: Mapping[str, str]) -> Rendering:
    from ordercore.adapters.notifications.rendering import Rendering

    templates = environment.get("ORDERCORE_MAIL_TEMPLATES")
    return Rendering(sender=sender, templates=Path(templates) if templates else None)


def can_mail() -> bool:
    """Whether the packages that mails are made with are installed (`ordercore[mail]`)."""
    return all(find_spec(name) is not None for name in ("babel", "jinja2"))


SMTP_VARIABLE, MAIL_FOLDER_VARIABLE = "ORDERCORE_SMTP_URL", "ORDERCORE_MAIL_FOLDER"


def _close(closing: Sequence[Callable[[], None]]) -> None:
    """Connections to others first, the store last."""
    for close in reversed(closing):
        close()


def _publishers(
    clock: Clock,
    handlers: Mapping[str, Handler],
    given: Mapping[SubscriptionKind, Publisher],
    closing: list[Callable[[], None]],
) -> Callable[[SubscriptionKind], Publisher]:
    """What carries events to subscribers of a kind; made when it is first asked for."""
    known: dict[SubscriptionKind, Publisher] = {SubscriptionKind.HANDLER: HandlerPublisher(handlers), **given}
    lock = Lock()

    def publisher(kind: SubscriptionKind) -> Publisher:
        with lock:
            if kind not in known:
                known[kind] = _publisher(kind, clock, closing)
            return known[kind]

    return publisher


def _publisher(kind: SubscriptionKind, clock: Clock, closing: list[Callable[[], None]]) -> Publisher:
    """Raises InvalidRequest where its packages are not installed."""
    try:
        if kind is SubscriptionKind.WEBHOOK:
            from ordercore.adapters.messaging.webhooks import WebhookPublisher

            return WebhookPublisher(clock)
        from ordercore.adapters.messaging.broker import BrokerPublisher

        broker = BrokerPublisher()
        closing.append(broker.close)
        return broker
    except ModuleNotFoundError as missing:
        detail = f"needs its packages: pip install 'ordercore[events]' ({missing})"
        raise InvalidRequest.of("/address", detail, "driver_missing") from None


def _books_folder(store: SqlStore) -> Path | None:
    """Where the fake providers keep their books; None keeps them in memory, with the shop."""
    from ordercore.adapters.sql import engines

    if engines.is_in_memory(store.address):
        return None
    configured = os.environ.get("ORDERCORE_FAKE_PROVIDERS")
    if configured is not None:
        return None if configured == "memory" else Path(configured)
    file = engines.database_file(store.address)
    if file is not None:
        return file.with_name(file.name + ".fake-providers")
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    name = hashlib.sha256(str(store.address.set(password=None)).encode()).hexdigest()[:16]
    return state / "ordercore" / f"fake-providers-{name}"


def _stripe_gateway(clock: Clock | None) -> PaymentGateway | None:
    """Where the environment has a key of Stripe's."""
    from ordercore.adapters.payments.stripe_access import stripe_access
    from ordercore.adapters.system import SystemClock

    access = stripe_access(os.environ)
    if access is None:
        return None
    try:
        from ordercore.adapters.payments.stripe_gateway import StripeGateway
    except ModuleNotFoundError as failure:
        detail = f"needs {failure.name}; run: pip install 'ordercore[stripe]'"
        raise InvalidRequest.of("/ORDERCORE_STRIPE_KEY", detail, "bad_setting") from failure
    return StripeGateway(access, clock=clock or SystemClock())


def _fake_gateway(books: Path | None) -> PaymentGateway:
    from ordercore.adapters.payments.fake import FakeGateway

    return FakeGateway(_book(books, "payments.db"))


def _fake_carrier(books: Path | None) -> Carrier:
    from ordercore.adapters.shipping.fake import FakeCarrier

    return FakeCarrier(_book(books, "parcels.db"))


def _book(folder: Path | None, name: str) -> Path | None:
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
