"""The only place that asks the core and the model the same, and compares their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, multiple

import ordercore
from ordercore import CapturePolicy, OrderCore, OrderCoreError, Settings
from ordercore.adapters.memory.store import MemoryStore
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.errors import StockIsReserved
from ordercore.testing.faults import FaultyCarrier, FaultyGateway, FixedClock, PlannedFault
from tests.support.cores import Told, a_shop
from tests.support.machine.commands import ACTORS, COMMANDS, Request, placing
from tests.support.machine.wishes import FRESH, SKUS
from tests.support.machine.world import OnePassword, RememberingIds, StrictGateway, Weather
from tests.support.model import Answer, Died, Made, Model

POINTS = {"authorise": "gateway.authorise", "capture": "gateway.capture", "void": "gateway.void"}
POINTS |= {"refund": "gateway.refund", "label": "carrier.label"}


class Driving(RuleBasedStateMachine):
    """A core, its model, and requests to both.

    A subclass says where the database is: `new_url` answers an empty, migrated one (None is the dict store) and leaves
    its clean-up on `self.cleanup`.
    """

    new_url: ClassVar[Callable[[ExitStack], str | None]]

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = ExitStack()
        self.fresh_keys = 0
        self.clock, self.ids, self.weather = FixedClock(), RememberingIds(), Weather()
        self.sent: list[Request] = []
        self.provider = FakeGateway(pause=self.clock.pause, now=self.clock.now)
        self.parcels = FakeCarrier()
        self.clock_start = self.clock.now()

    @initialize(captures_at_once=st.booleans(), stock=st.lists(st.integers(5, 40), min_size=3, max_size=3))
    def open(self, captures_at_once: bool, stock: list[int]) -> None:
        self.model = Model(captures_at_once=captures_at_once, shop_admin=STORE_ADMIN)
        capture = CapturePolicy.CONFIRMED if captures_at_once else CapturePolicy.SHIPPED
        settings = Settings(capture=capture, request_wait=timedelta(0), ask_again_after=(timedelta(0),))
        gateway = StrictGateway(FaultyGateway(self.provider, self.weather), self.clock)
        carrier = FaultyCarrier(self.parcels, self.weather)
        url = type(self).new_url(self.cleanup)
        if url is None:
            core = a_shop(store=MemoryStore(now=self.clock.now)).core
        else:
            opened = ordercore.open(url, notifier=Told(), clock=self.clock, payment_gateway=gateway, carrier=carrier)
            self.cleanup.callback(opened.close)
            core = opened._core
        self.is_sql = url is not None
        self.core = evolve(
            core,
            gateway=gateway,
            carrier=carrier,
            clock=self.clock,
            ids=self.ids,
            passwords=OnePassword(),
            settings=settings,
        )
        self.shop = OrderCore(self.core)
        for sku, quantity, price in zip(SKUS, stock, (0, 199, 1250), strict=False):
            spec = {"sku": sku, "name": sku, "price": price, "currency": "EUR", "threshold": 3, "quantity": quantity}
            self.send(Request("add_product", "embedding", None, spec))

    def place_batch(self, requests: Sequence[Request], mishap: Any = None) -> Any:
        """Several orders of one actor go as one batch; of two actors, as a batch each."""
        requests = [self.with_fresh_key(request) for request in requests]
        placed: list[UUID] = []
        for actor in dict.fromkeys(request.actor for request in requests):
            placed += self._place_one_actors([each for each in requests if each.actor == actor], mishap)
        return multiple(*placed)

    def _place_one_actors(self, requests: Sequence[Request], mishap: Any) -> list[UUID]:
        self.look_at_the_clock()
        commands = [placing(request.spec) for request in requests]
        shop = self.shop.acting_as(ACTORS[requests[0].actor])
        keys = [request.key for request in requests]
        answered = self.with_mishap(mishap, lambda: shop.ordering.place_many(commands, idempotency_keys=keys))
        made = self.made()
        asked = [(request.actor, request.key, request.spec) for request in requests]
        try:
            expected = self.model.place_many(asked, made)
        except Died:
            assert answered is Died
        else:
            assert answered is not Died
            for answer, outcome in zip(expected, answered, strict=True):
                self.compare(answer, outcome)
        self.nothing_is_left_of(made)
        self.sent += [request for request in requests if request.key is not None]
        return self._new_orders

    def send(self, request: Request, mishap: Any = None) -> None:
        """One request to the core and to the model, and their answers compared."""
        self.look_at_the_clock()
        request = self.with_fresh_key(request)
        if (
            request.spec.get("sku") == "CARD"
            and request.operation != "add_product"
            and "CARD" not in self.model.products
        ):
            return
        shop = self.shop.acting_as(ACTORS[request.actor])
        stale_version = self.version_for(request)
        outcome = self.with_mishap(mishap, lambda: self.perform(shop, request, stale_version))
        made = self.made()
        try:
            expected = self.model.run(request.operation, request.actor, request.key, request.spec, made)
        except Died:
            assert outcome is Died
        else:
            assert outcome is not Died
            self.compare(expected, outcome)
        self.nothing_is_left_of(made)
        if request.key is not None:
            self.sent.append(request)

    def perform(self, shop: OrderCore, request: Request, version: int | None) -> Any:
        spec, key = request.spec, request.key
        command = COMMANDS[request.operation](self.model, spec, version)
        methods: dict[str, Callable[..., Any]] = {
            "pay": shop.ordering.pay,
            "cancel": shop.ordering.cancel,
            "ship": shop.shipping.ship,
            "deliver": shop.shipping.deliver,
            "correct": shop.ordering.correct_address,
            "hand_over": shop.ordering.hand_over,
            "add_product": shop.catalogue.add_product,
            "edit_product": shop.catalogue.edit_product,
            "archive": shop.catalogue.archive_product,
            "receive": shop.catalogue.receive_stock,
            "adjust": shop.catalogue.adjust_stock,
            "register": shop.customers.register,
            "edit_customer": shop.customers.edit,
            "add_admin": shop.admins.add,
            "deactivate": shop.admins.deactivate,
        }
        return self.outcome_of(lambda: methods[request.operation](command, idempotency_key=key))

    def with_mishap(self, mishap: Any, ask: Callable[[], Any]) -> Any:
        """Ask while something goes wrong at the provider's or the carrier's, for the core and for the model alike."""
        if mishap is not None:
            kind, how = mishap
            what, when = how.split()
            self.weather.coming[f"{POINTS[kind]}.{when}"] = what
            self.model.mishap[kind] = how
        try:
            return ask()
        except PlannedFault:
            return Died
        finally:
            self.weather.coming.clear()

    def outcome_of(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except OrderCoreError as refusal:
            return refusal

    def with_fresh_key(self, request: Request) -> Request:
        if request.key != FRESH:
            return request
        self.fresh_keys += 1
        return evolve(request, key=f"{FRESH}-{self.fresh_keys}")

    def version_for(self, request: Request) -> int | None:
        """The version that is expected: as it is now, another where the request is stale; a repeat sends the same."""
        return 999_999 if request.spec.get("stale") else None

    def look_at_the_clock(self) -> None:
        """Before each step: what time it is for the model, and nothing is left of an earlier mishap."""
        self.model.mishap.clear()
        self.model.now = (self.clock.now() - self.clock_start).total_seconds()

    def made(self) -> Made:
        """What there is now that was not there before."""
        new = self.ids.lately()
        with self.core.store.reading() as lookups:
            placed = sorted(lookups.orders(new).values(), key=lambda order: order.number)
            parcels = sorted(lookups.shipments(new))
            buyers = lookups.customers(new)
            others = [*lookups.products(new), *lookups.admins(new)]
        guests = {each.contact.email.casefold(): id for id, each in buyers.items() if each.is_guest}
        registered = [id for id, each in buyers.items() if not each.is_guest]
        latest = max((order["number"] for order in self.model.orders.values()), default=0)
        assert all(order.number > latest for order in placed), "order numbers rise"
        self._new_orders = [order.id for order in placed]
        self._new_guests = set(guests.values())
        return Made(
            orders=iter([(order.id, order.number) for order in placed]),
            shipments=iter(parcels),
            guests=guests,
            others=iter([*registered, *others]),
        )

    def nothing_is_left_of(self, made: Made) -> None:
        left = [*made.orders, *made.shipments, *made.others, *(self._new_guests - set(self.model.customers))]
        assert not left, "the core made what the model did not"

    def compare(self, answer: Answer, outcome: Any) -> None:
        if isinstance(outcome, OrderCoreError):
            assert outcome.code in answer.codes, f"{outcome!r}; the model says {answer}"
            assert outcome.replayed == answer.replayed
            if isinstance(outcome, StockIsReserved):
                assert outcome.order_numbers == tuple(str(number) for number in answer.holders or ())
        else:
            assert isinstance(outcome, Aggregate)
            assert not answer.codes, f"{outcome!r}; the model says {answer}"
            assert (outcome.id, outcome.replayed) == (answer.subject, answer.replayed)
