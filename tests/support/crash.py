"""The only place for processes that work until they are killed, and for what must be found afterwards.

A child tells each acknowledged answer on a pipe, after the answer: seventeen bytes, a letter and the order's id.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from attrs import evolve, frozen

import ordercore
from ordercore import (
    AddProduct,
    Address,
    CancelOrder,
    Contact,
    ItemRequest,
    MarkDelivered,
    Money,
    OrderCore,
    OrderCoreError,
    OrderStatus,
    PaymentDetails,
    PlaceOrder,
    Settings,
    ShipOrder,
    Unavailable,
)
from ordercore.adapters.group_commit import GroupCommit
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.adapters.sql.store import SqlStore
from ordercore.adapters.system import SystemClock
from ordercore.domain.errors import LabelRefused, PaymentDeclined, RequestInProgress
from ordercore.domain.order import CancelReason, Order
from ordercore.ports.clock import Clock
from ordercore.ports.commits import Change, Commits
from ordercore.testing.faults import Cut, FaultPlan, FaultyCarrier, FaultyGateway
from tests.support.audit import breaches, broken, disagreements, parcels_astray, snapshot, unfinished
from tests.support.buyers import PLENTY, fill, open_shop, processes

C = TypeVar("C")
R = TypeVar("R")

NOBODY = UUID(int=0)
NOWHERE = "UNDELIVERABLE 1"
MOST_ROUNDS = 20
LONGEST_LIFE_SECONDS = 60


class Told(StrEnum):
    """What a child says it was answered."""

    PLACED = "p"
    DECLINED = "d"
    UNKNOWN = "u"
    SHIPPED = "s"
    DELIVERED = "D"
    CANCELLED = "c"
    READY = "r"


@frozen
class Ack:
    """An answer that somebody heard."""

    told: Told
    order_id: UUID


HOLDS: dict[Told, Callable[[Order], bool]] = {
    Told.PLACED: lambda order: order.status is not OrderStatus.PENDING and _is_kept(order),
    Told.DECLINED: lambda order: order.cancel_reason is CancelReason.PAYMENT_DECLINED,
    Told.UNKNOWN: lambda order: order.status is not OrderStatus.PENDING and _is_kept(order),
    Told.SHIPPED: lambda order: order.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED),
    Told.DELIVERED: lambda order: order.status is OrderStatus.DELIVERED,
    Told.CANCELLED: lambda order: order.cancel_reason is CancelReason.BY_REQUEST,
}
"""At least the acknowledged state: an order goes on, but never back, and only a child's own request cancels it."""


REQUEST_KEY = "the same key"
REQUEST = PlaceOrder(
    customer=Contact(name="Ann", email="ann@example.com"),
    ship_to=Address(line1="Main St 1", city="Springfield", country="US"),
    items=[ItemRequest(sku="HOT", quantity=2)],
    payment=PaymentDetails(token="tok_visa"),
)


# -- the child ------------------------------------------------------------------------------------------------------


class CutStore(SqlStore):
    """A store that can be cut off just before and just after each commit, by the name of the change it carries."""

    def __init__(self, url: str, plan: FaultPlan, clock: Clock) -> None:
        super().__init__(url, PlainSealer, clock.now)
        self._plan = plan
        self._local = threading.local()

    def carry(self, name: str) -> None:
        """The transaction that is open in this thread carries this change."""
        self._local.change = name

    def _commit(self, connection: Any, cursor: Any) -> None:
        name = self._local.change
        self._plan.reach(f"{name}.commit.before")
        super()._commit(connection, cursor)
        self._plan.reach(f"{name}.commit.after")


class NamingCommits:
    """Commits that tell the store what each transaction carries."""

    def __init__(self, inner: Commits, store: CutStore) -> None:
        self._inner = inner
        self._store = store
        self._named: dict[str, Change[Any, Any]] = {}

    def run(self, change: Change[C, R], commands: Sequence[C]) -> Sequence[R | OrderCoreError]:
        return self._inner.run(self._named.setdefault(change.name, self._naming(change)), commands)

    def _naming(self, change: Change[Any, Any]) -> Change[Any, Any]:
        def body(work: Any, commands: Sequence[Any]) -> Sequence[Any]:
            self._store.carry(change.name)
            return change.body(work, commands)

        return evolve(change, body=body)


class HastyCommits:
    """The planted offence: answers first and commits behind the answer, which the process does not live to see.

    Seen only with changes that have no second step: what waits for a provider the worker would finish.
    """

    def __init__(self, store: CutStore, told: threading.Event) -> None:
        self._store = store
        self._told = told

    def run(self, change: Change[C, R], commands: Sequence[C]) -> Sequence[R | OrderCoreError]:
        answers: list[Sequence[R | OrderCoreError]] = []
        answered = threading.Event()

        def commit() -> None:
            with self._store.begin() as work:
                self._store.carry(change.name)
                answers.append(change.body(work, commands))
                answered.set()
                self._told.wait(LONGEST_LIFE_SECONDS)
                os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=commit, daemon=True).start()
        answered.wait(LONGEST_LIFE_SECONDS)
        return answers[0]


class Child:
    """A working process: its shop, and the pipe to whoever counts what was answered."""

    def __init__(self, shop: OrderCore, tell: Connection, seed: int) -> None:
        self.shop = shop
        self.chance = random.Random(seed)
        self.heard = threading.Event()
        self._descriptor = tell.fileno()

    def tell(self, told: Told, order_id: UUID = NOBODY) -> None:
        os.write(self._descriptor, told.value.encode() + order_id.bytes)
        if told is not Told.READY:
            self.heard.set()

    def command(self, *, home: str = "Main St 1", token: str | None = None) -> PlaceOrder:
        tokens = ["tok_visa"] * 6 + ["tok_timeout", "tok_chargeDeclined"]
        skus = self.chance.sample(PLENTY, 2)
        return PlaceOrder(
            customer=Contact(name="Ann", email=f"ann-{self.chance.randrange(20)}@example.com"),
            ship_to=Address(line1=home, city="Springfield", country="US"),
            items=[ItemRequest(sku=sku, quantity=self.chance.randint(1, 3)) for sku in skus],
            payment=PaymentDetails(token=token or self.chance.choice(tokens)),
        )

    def judge(self, outcome: Order | OrderCoreError) -> Order | None:
        """Tell what was answered; the order, where it can go on."""
        if isinstance(outcome, PaymentDeclined):
            self.tell(Told.DECLINED, outcome.order_id)
            return None
        if isinstance(outcome, OrderCoreError):
            raise outcome
        is_known = outcome.status is OrderStatus.CONFIRMED
        self.tell(Told.PLACED if is_known else Told.UNKNOWN, outcome.id)
        return outcome if is_known else None

    def place(self, **details: str) -> Order | None:
        (outcome,) = self.shop.ordering.place_many([self.command(**details)])
        return self.judge(outcome)

    def ship(self, order: Order) -> None:
        shipment = self.shop.shipping.ship(ShipOrder(order_id=order.id))
        if shipment.label is not None:
            self.tell(Told.SHIPPED, order.id)

    def deliver(self, order: Order) -> None:
        self.shop.shipping.deliver(MarkDelivered(order_id=order.id))
        self.tell(Told.DELIVERED, order.id)

    def cancel(self, order: Order) -> None:
        self.shop.ordering.cancel(CancelOrder(order_id=order.id))
        self.tell(Told.CANCELLED, order.id)

    # -- works: what a child does until it is killed ----------------------------------------------------------------

    def places_singly(self) -> None:
        while True:
            self.place()

    def places_in_batches(self) -> None:
        while True:
            for outcome in self.shop.ordering.place_many([self.command() for _ in range(8)]):
                self.judge(outcome)

    def places_in_threads(self) -> None:
        """Eight callers whose transactions are committed in groups."""
        threads = [threading.Thread(target=self.places_singly) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def lives_whole_lives(self) -> None:
        """Places, ships, delivers, cancels: held money voided, taken money refunded."""
        while True:
            self.lives_one_life(self.chance.choice(["ship", "cancel", "refund"]))

    def does_the_housekeeping(self) -> None:
        """Finishes what the ones before left, beside new work; its clock says that it is time."""
        while True:
            self.place()
            self.shop.housekeeping.run_round()

    def passes_every_point(self) -> None:
        """Once through every change, every provider call and the carrier."""
        for kind in ("ship", "cancel", "refund"):
            self.lives_one_life(kind, token="tok_visa")
        for outcome in self.shop.ordering.place_many([self.command(token="tok_visa") for _ in range(8)]):
            self.judge(outcome)

    def gives_one_away(self) -> None:
        """An order that costs nothing: one transaction, and the answer."""
        gift = evolve(self.command(), items=[ItemRequest(sku="GIFT", quantity=1)], payment=None)
        (outcome,) = self.shop.ordering.place_many([gift])
        self.judge(outcome)

    def places_through_restarts(self) -> None:
        """Sends a request again, with its key, until somebody answers: the database comes and goes.

        What was cut off between its first and its second transaction is still in progress, and the worker's to finish.
        """
        for number in count():
            key, command = f"request {number}", self.command()
            outcome: Order | OrderCoreError | None = None
            while outcome is None or isinstance(outcome, Unavailable):
                (outcome,) = self.shop.ordering.place_many([command], idempotency_keys=[key])
            if not isinstance(outcome, RequestInProgress):
                self.judge(outcome)

    def sends_one_request(self) -> None:
        self.shop.ordering.place(REQUEST, idempotency_key=REQUEST_KEY)

    def lives_one_life(self, kind: str, **details: str) -> None:
        order = self.place(home=NOWHERE if kind == "refund" else "Main St 1", **details)
        if order is None:
            return
        if kind == "ship":
            self.ship(order)
            self.deliver(order)
            return
        if kind == "refund":
            with suppress(LabelRefused):
                self.ship(order)
        self.cancel(order)


@frozen(kw_only=True)
class Work:
    """What a child is to do: the name of a work above, where, and where it is cut off."""

    name: str
    url: str
    books: Path
    seed: int = 0
    cuts: tuple[Cut, ...] = ()
    is_hasty: bool = False


def child(work: Work, tell: Connection) -> None:
    """A process at work."""
    me = at_work(work, tell, FaultPlan(*work.cuts))
    me.tell(Told.READY)
    getattr(me, work.name)()
    if work.is_hasty:
        signal.pause()  # its end comes from the other thread


def at_work(work: Work, tell: Connection, plan: FaultPlan) -> Child:
    """A child with a shop that passes the plan's points; its `GroupCommit` is real unless the offence is planted."""
    clock = LaterClock(minutes=1 if work.name == "does_the_housekeeping" else 0)
    gateway = FaultyGateway(FakeGateway(work.books / "payments.db"), plan)
    carrier = FaultyCarrier(FakeCarrier(work.books / "parcels.db"), plan)
    opened = ordercore.open(work.url, payment_gateway=gateway, carrier=carrier, clock=clock, settings=HURRY)
    store = CutStore(work.url, plan, clock)
    me = Child(opened, tell, work.seed)
    commits: Commits = NamingCommits(GroupCommit(store, store.is_transient), store)
    if work.is_hasty:
        commits = HastyCommits(store, me.heard)
    me.shop = OrderCore(evolve(opened._core, store=store, commits=commits))
    opened.close()
    return me


HURRY = Settings(request_wait=timedelta(0))


# -- the parent -----------------------------------------------------------------------------------------------------


class Victim:
    """A child at work, and everything it was answered."""

    def __init__(self, work: Work) -> None:
        self._dies = bool(work.cuts) or work.is_hasty
        hear, tell = processes.Pipe(duplex=False)
        self._process = processes.Process(target=child, args=(work, tell), daemon=True)
        self._process.start()
        tell.close()
        self._heard = b""
        self._ready = threading.Event()
        self._listener = threading.Thread(target=self._listen, args=(hear,), daemon=True)
        self._listener.start()

    def works(self, seconds: float) -> None:
        """Leave it alone for so long, from when it is ready."""
        assert self._ready.wait(LONGEST_LIFE_SECONDS), "the child does not begin"
        time.sleep(seconds)

    def is_killed(self) -> list[Ack]:
        """Kill it now; what it was answered before."""
        self._dies = True
        os.kill(self._process.pid or 0, signal.SIGKILL)
        return self.ends()

    def ends(self) -> list[Ack]:
        """It ends by itself, or dies where it is cut off; what it was answered before."""
        self._process.join(LONGEST_LIFE_SECONDS)
        exit_code = self._process.exitcode
        assert exit_code is not None, "the child hangs"
        self._listener.join()
        self._process.close()
        assert exit_code == (-signal.SIGKILL if self._dies else 0), f"the child ended otherwise: {exit_code}"
        heard = self._heard
        told = [Ack(Told(chr(heard[at])), UUID(bytes=heard[at + 1 : at + 17])) for at in range(0, len(heard), 17)]
        return [ack for ack in told if ack.told is not Told.READY]

    def _listen(self, hear: Connection) -> None:
        with hear:
            while more := os.read(hear.fileno(), 1 << 16):
                self._heard += more
                self._ready.set()


class LaterClock(SystemClock):
    """A clock that is late enough for the worker to lose its patience with whatever was left."""

    def __init__(self, *, minutes: int) -> None:
        self._by = timedelta(minutes=minutes)

    def now(self) -> datetime:
        return super().now() + self._by


def stock_up(url: str, books: Path) -> None:
    """A shop for children to work in: plenty of everything, and something for nothing."""
    with open_shop(url, books) as shop:
        fill(shop)
        price = Money.of("0", "EUR")
        shop.catalogue.add_product(AddProduct(sku="GIFT", name="Gift", price=price, quantity_in_stock=1_000))


@contextmanager
def recovered(url: str, books: Path) -> Iterator[OrderCore]:
    """The shop opened again, after the worker has finished what was left; a first answer may be lost to it as well."""
    wait_for_the_dead(url)
    without_pauses = Settings(ask_again_after=(timedelta(0),))
    with open_shop(url, books, clock=LaterClock(minutes=2), settings=without_pauses) as shop:
        for _ in range(MOST_ROUNDS):
            report = shop.housekeeping.run_round()
            assert report.failures == ()
            if not (report.did_anything or is_unfinished(shop)):
                break
        yield shop


def is_unfinished(shop: OrderCore) -> bool:
    """Whether the worker still has attempts or shipments to finish."""
    with shop._core.store.reading() as lookups:
        return bool(lookups.open_work(lookups.now + timedelta(hours=1), 1))


def wait_for_the_dead(url: str) -> None:
    """PostgreSQL ends the transaction that a killed client was committing; only then is its backend gone."""
    if url.startswith("sqlite"):
        return
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    until = time.monotonic() + LONGEST_LIFE_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(others).fetchone() != (0,):
            assert time.monotonic() < until, "a backend of a killed process stays"
            time.sleep(0.01)


def check(shop: OrderCore, acks: Sequence[Ack], *, is_synced: bool) -> None:
    """Every acknowledged order is there, nothing is half done, all books agree, all guarantees hold."""
    found = snapshot(shop._core.store)
    lost = [ack for ack in acks if ack.order_id not in found.orders]
    assert not lost, f"acknowledged and gone: {lost}"
    back = [ack for ack in acks if not HOLDS[ack.told](found.orders[ack.order_id])]
    assert not back, f"acknowledged and taken back: {back}"
    gateway, carrier = shop._core.gateway, shop._core.carrier
    assert isinstance(gateway, FakeGateway)
    assert isinstance(carrier, FakeCarrier)
    assert unfinished(found) == []
    assert breaches(found, hand_over_is_done=True) == []
    assert disagreements(found, gateway.entries(), gateway.accounts()) == []
    assert parcels_astray(found, carrier.entries()) == []
    assert broken(shop, is_synced=is_synced) == []
    assert not is_unfinished(shop)


def _is_kept(order: Order) -> bool:
    return order.cancel_reason in (None, CancelReason.BY_REQUEST)
