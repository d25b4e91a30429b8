"""The state machine that drives a whole core through its façade, and compares it with the model after every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from attrs import evolve, frozen
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

import ordercore
from ordercore import (
    Actor,
    ActorKind,
    AddAdmin,
    AddProduct,
    Address,
    AdjustStock,
    ArchiveProduct,
    CancelOrder,
    CapturePolicy,
    Contact,
    CorrectAddress,
    CustomerReference,
    DeactivateAdmin,
    EditCustomer,
    EditProduct,
    HandOver,
    ItemRequest,
    MarkDelivered,
    Money,
    OnDecline,
    OrderCore,
    OrderCoreError,
    PaymentDetails,
    PayOrder,
    PlaceOrder,
    Quote,
    ReceiveStock,
    RegisterCustomer,
    ResolveAttempt,
    Settings,
    ShipOrder,
)
from ordercore.adapters.memory.store import MemoryStore
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.security.passwords import Argon2Passwords
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.domain.actor import EMBEDDING
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.errors import StockIsReserved
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind, ProviderAnswer
from ordercore.domain.product import Product
from ordercore.domain.shipment import Shipment
from ordercore.ports.gateway import ProviderCall, ProviderRecord, ProviderReport
from ordercore.testing.faults import CountingIds, FaultPlan, FaultyCarrier, FaultyGateway, FixedClock, PlannedFault
from tests.support.audit import Snapshot, breaches, broken, disagreements, parcels_astray, snapshot, unfinished
from tests.support.cores import Told, a_shop
from tests.support.model import KEY_LIFETIME, Answer, Died, Made, Model, Row

SKUS = ("MUG", "TEA", "PIN", "CARD")
ACTORS = {
    "embedding": EMBEDDING,
    "token": Actor(kind=ActorKind.TOKEN, id=UUID(int=77), origin="http"),
}
NAME_A_PRODUCT = ("edit_product", "archive", "receive", "adjust")
POINTS = {"authorise": "gateway.authorise", "capture": "gateway.capture", "void": "gateway.void"}
POINTS |= {"refund": "gateway.refund", "label": "carrier.label"}

orders = Bundle("orders")
customers = Bundle("customers")
admins = Bundle("admins")

FRESH = "fresh"
keys = st.sampled_from([None, None, *[FRESH] * 6, "key-0"])
senders = st.tuples(st.sampled_from(["embedding", "embedding", "embedding", "token"]), keys)
skus = st.sampled_from(SKUS)
quantities = st.integers(1, 4)
good_tokens = st.sampled_from([*["tok_visa"] * 3, "tok_timeout", "tok_captureFails", "tok_captureTimeout"])
bad_tokens = st.sampled_from(["tok_chargeDeclined", "tok_insufficientFunds", "tok_nonsense"])
tokens = good_tokens | good_tokens | bad_tokens
homes = st.sampled_from(["Main St 1", "Main St 1", "Main St 1", "Side St 2", "TIMEOUT", "UNDELIVERABLE 3"])
emails = st.sampled_from(["ann@example.com", "Ann@example.com", "bob@example.com"])
guests = st.tuples(st.just("guest"), emails)
stale = st.sampled_from([False] * 15 + [True])
hows = ["lost before", "lost after", "dies before", "dies after"]


def mishaps(*kinds: str) -> st.SearchStrategy[tuple[str, str] | None]:
    """Nothing, or what happens to the next call of one of these kinds."""
    return st.none() | st.none() | st.tuples(st.sampled_from(kinds), st.sampled_from(hows))


items = st.lists(st.tuples(st.sampled_from(SKUS[:3]), quantities), min_size=1, max_size=3)
details = {"name": skus, "price": st.sampled_from([0, 1, 199, 1250]), "threshold": st.none() | st.integers(0, 5)}

catalogue_requests = st.one_of(
    st.tuples(st.just("receive"), st.fixed_dictionaries({"sku": skus, "quantity": st.integers(1, 20)})),
    st.tuples(st.just("adjust"), st.fixed_dictionaries({"sku": skus, "change": st.integers(-30, 5).filter(bool)})),
    st.tuples(
        st.just("add_product"),
        st.fixed_dictionaries(
            {"sku": skus, "quantity": st.integers(0, 30), "currency": st.just("USD"), **details},
        ),
    ),
    st.tuples(
        st.just("edit_product"),
        st.fixed_dictionaries({"sku": skus, "stale": stale, "currency": st.just("EUR"), **details}),
    ),
    st.tuples(st.just("archive"), st.fixed_dictionaries({"sku": st.sampled_from(SKUS[2:])})),
)


class Weather(FaultPlan):
    """A fault plan told of its faults while it runs: what befalls the next pass of a point, once."""

    def __init__(self) -> None:
        super().__init__()
        self.coming: dict[str, str] = {}

    def reach(self, point: str) -> bool:
        super().reach(point)
        how = self.coming.pop(point, None)
        if how == "dies":
            raise PlannedFault(point)
        return how == "lost"


class StrictGateway:
    """Notices a key that is asked with after its life, or with other content: then no provider promises anything."""

    def __init__(self, inner: FaultyGateway, clock: FixedClock) -> None:
        self._inner = inner
        self._clock = clock
        self._asked: dict[str, tuple[datetime, ProviderCall]] = {}

    @property
    def traits(self) -> Any:
        return self._inner.traits

    def call(self, request: ProviderCall) -> ProviderAnswer:
        since, first = self._asked.setdefault(request.key, (self._clock.now(), request))
        assert first == request, f"{request.kind} was asked again with other content"
        assert (self._clock.now() - since).total_seconds() < KEY_LIFETIME, f"{request.kind}: its key is dead"
        return self._inner.call(request)

    def find(self, request: ProviderCall) -> ProviderAnswer | None:
        return self._inner.find(request)

    def tokenise(self, card: Any) -> str:
        return self._inner.tokenise(card)

    def read_notification(self, body: bytes, headers: Mapping[str, str]) -> Sequence[ProviderReport]:
        return self._inner.read_notification(body, headers)

    def records(self, since: datetime, until: datetime) -> Iterator[ProviderRecord]:
        return self._inner.records(since, until)


class OnePassword:
    """Everybody has the same: a real hash, which the doctor looks at, made once because that is slow on purpose."""

    _hashed = Argon2Passwords().hash("long enough, this one")

    def hash(self, password: str) -> str:  # noqa: ARG002 - as the port has it
        return self._hashed

    def verify(self, password_hash: str, password: str) -> bool:
        raise NotImplementedError("nobody logs in")


class RememberingIds(CountingIds):
    """Counts, and knows which ids it gave since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self._given: list[UUID] = []

    def new(self) -> UUID:
        id = super().new()
        self._given.append(id)
        return id

    def lately(self) -> Sequence[UUID]:
        given, self._given = self._given, []
        return given


@frozen
class Request:
    """Something asked of the core, in the model's words."""

    operation: str
    actor: str
    key: str | None
    spec: Row


def asked(operation: str, who: tuple[str, str | None], spec: Row) -> Request:
    """A request of somebody, who may name a key."""
    return Request(operation, who[0], who[1], spec)


class CoreMachine(RuleBasedStateMachine):
    """All of the core's verbs in any order, with a provider and a carrier that fail in every way they can.

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
        settings = Settings(capture=capture, request_wait=timedelta(0))
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

    def teardown(self) -> None:
        try:
            if hasattr(self, "shop"):
                self.settle_everything()
        finally:
            self.cleanup.close()

    # -- placing ------------------------------------------------------------------------------------------------

    @rule(
        target=orders,
        who=senders,
        customer=guests | st.tuples(st.just("known"), customers),
        items=items | st.lists(st.tuples(skus, quantities), min_size=1, max_size=2),
        line1=st.none() | homes | homes | homes,
        token=st.none() | tokens | tokens | tokens,
        on_decline=st.sampled_from(["cancel", "hold"]),
        expected=st.none() | st.none() | st.tuples(st.sampled_from([0, 199, 1250]), st.sampled_from(["EUR", "USD"])),
        mishap=mishaps("authorise", "capture"),
    )
    def place(self, who: Any, mishap: Any, **spec: Any) -> Any:
        return self.place_batch([asked("place", who, spec)], mishap)

    @rule(
        target=orders,
        who=senders,
        customer=guests,
        item=st.tuples(st.sampled_from(SKUS[:3]), quantities),
        token=tokens | bad_tokens,
    )
    def place_plainly(self, who: Any, customer: Any, item: Any, token: str) -> Any:
        spec = {"customer": customer, "items": [item], "line1": "Main St 1", "token": token}
        return self.place_batch([asked("place", who, {**spec, "on_decline": "hold", "expected": None})])

    @rule(
        target=orders,
        batch=st.lists(
            st.tuples(senders, emails, items, tokens),
            min_size=2,
            max_size=6,
        ),
        twice=st.booleans(),
    )
    def place_many(self, batch: Any, twice: bool) -> Any:
        plain = {"line1": "Main St 1", "on_decline": "cancel", "expected": None}
        requests = [
            self.with_fresh_key(
                asked("place", who, {"customer": ("guest", email), "items": wanted, "token": token, **plain})
            )
            for who, email, wanted, token in batch
        ]
        return self.place_batch([*requests, *requests[:1] * twice])

    @rule(wanted=st.lists(st.tuples(skus, quantities), min_size=1, max_size=3))
    def quote(self, wanted: Any) -> None:
        spec = {"items": wanted, "expected": None}
        codes = self.model.why_not_quote(spec)
        quoted = self.outcome_of(lambda: self.shop.ordering.quote(Quote(items=_items(spec))))
        if isinstance(quoted, OrderCoreError):
            assert quoted.code in codes
        else:
            assert not codes
            assert quoted.total.amount_minor == sum(self.model.products[sku]["price"] * n for sku, n in wanted)

    # -- steering -----------------------------------------------------------------------------------------------

    @rule(who=senders, order=orders, stale=stale, mishap=mishaps("capture", "label"))
    def ship(self, who: Any, mishap: Any, **spec: Any) -> None:
        self.send(asked("ship", who, spec), mishap)

    @rule(who=senders, order=orders)
    def ship_and_deliver(self, who: Any, order: UUID) -> None:
        self.send(asked("ship", who, {"order": order, "stale": False}))
        self.send(Request("deliver", who[0], None, {"order": order, "stale": False}))

    @rule(who=senders, order=orders, stale=stale)
    def deliver(self, who: Any, **spec: Any) -> None:
        self.send(asked("deliver", who, spec))

    @rule(who=senders, order=orders, stale=stale, mishap=mishaps("void", "refund"))
    def cancel(self, who: Any, mishap: Any, **spec: Any) -> None:
        self.send(asked("cancel", who, spec), mishap)

    @rule(who=senders, order=orders, token=tokens, mishap=mishaps("authorise", "capture"))
    def pay(self, who: Any, mishap: Any, **spec: Any) -> None:
        self.send(asked("pay", who, spec), mishap)

    @rule(who=senders, order=orders, line1=homes, stale=stale)
    def correct_address(self, who: Any, **spec: Any) -> None:
        self.send(asked("correct", who, spec))

    @rule(target=orders, which=st.integers(0, 9), mishap=mishaps(*POINTS))
    def send_again(self, which: int, mishap: Any) -> Any:
        """One of the latest requests with a key, once more."""
        if not self.sent:
            return multiple()
        request = self.sent[-1 - which % len(self.sent)]
        if request.operation == "place":
            return self.place_batch([request], mishap)
        self.send(request, mishap)
        return multiple()

    # -- the catalogue, customers, admins -------------------------------------------------------------------------

    @rule(who=senders, change=catalogue_requests)
    def change_the_catalogue(self, who: Any, change: Any) -> None:
        operation, spec = change
        self.send(asked(operation, who, spec))

    @rule(target=customers, who=senders, email=emails, line1=st.none() | homes, name=st.sampled_from(["Ann", "Bob"]))
    def register(self, who: Any, **spec: Any) -> Any:
        before = set(self.model.customers)
        self.send(asked("register", who, spec))
        return multiple(*(id for id in self.model.customers if id not in before))

    @rule(who=senders, customer=customers, email=emails, line1=st.none() | homes, stale=stale)
    def edit_customer(self, who: Any, **spec: Any) -> None:
        self.send(asked("edit_customer", who, {**spec, "name": "Edited"}))

    @rule(target=admins, who=senders, username=st.sampled_from(["shop", "uma", "vic", "wil"]))
    def add_admin(self, who: Any, username: str) -> Any:
        before = set(self.model.admins)
        self.send(asked("add_admin", who, {"username": username}))
        return multiple(*(id for id in self.model.admins if id not in before))

    @rule(who=senders, admin=admins)
    def deactivate(self, who: Any, admin: UUID) -> None:
        self.send(asked("deactivate", who, {"admin": admin}))

    @rule(who=senders, order=orders, admin=admins | st.just(STORE_ADMIN))
    def hand_over(self, who: Any, **spec: Any) -> None:
        self.send(asked("hand_over", who, spec))

    # -- time and workers ---------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([7, 26, 26, 3_700, 90_000, 31 * 24 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def worker_runs(self) -> None:
        self.look_at_the_clock()
        report = self.shop.housekeeping.run_round()
        assert report.failures == ()
        self.model.housekeeping()
        self.ids.lately()

    @rule(order=orders)
    def somebody_asks_the_provider(self, order: UUID) -> None:
        self.look_at_the_clock()
        self.shop.payments.settle(order)
        self.model.settle(order)

    @rule(order=orders)
    def an_admin_decides(self, order: UUID) -> None:
        """By what the provider's books show."""
        self.look_at_the_clock()
        outcome = self.model.resolve(order)
        attempt = self.shop.ordering.get(order).payment.open_attempt
        found = [each.reference for each in self.provider.entries() if attempt and each.request.key == str(attempt.id)]
        command = ResolveAttempt(
            order_id=order,
            outcome=AnswerKind(outcome or "declined"),
            reason="looked it up",
            reference=found[0] if found else None,
        )
        refusal = self.outcome_of(lambda: self.shop.payments.resolve(command))
        assert (outcome is None) == (isinstance(refusal, OrderCoreError) and refusal.code == "transition_refused")

    # -- sending ------------------------------------------------------------------------------------------------

    def place_batch(self, requests: Sequence[Request], mishap: Any = None) -> Any:
        """Several orders of one actor go as one batch; of two actors, as a batch each."""
        requests = [self.with_fresh_key(request) for request in requests]
        placed: list[UUID] = []
        for actor in dict.fromkeys(request.actor for request in requests):
            placed += self._place_one_actors([each for each in requests if each.actor == actor], mishap)
        return multiple(*placed)

    def _place_one_actors(self, requests: Sequence[Request], mishap: Any) -> list[UUID]:
        self.look_at_the_clock()
        commands = [_placing(request.spec) for request in requests]
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
        command = COMMANDS[request.operation](self, spec, version)
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

    # -- what always holds --------------------------------------------------------------------------------------

    @invariant()
    def core_and_model_agree(self) -> None:
        if not hasattr(self, "shop"):
            return
        found = snapshot(self.core.store)
        assert breaches(found) == []
        model = self.model
        assert found.orders.keys() == model.orders.keys()
        for id, order in found.orders.items():
            assert self.seen_order(order) == self.meant_order(model.orders[id])
        assert {each.sku: self.seen_product(each, found.alerts.get(id, 0)) for id, each in found.products.items()} == {
            sku: {name: each[name] for name in SEEN_OF_PRODUCTS} for sku, each in model.products.items()
        }
        assert {id: _seen_shipment(each) for id, each in found.shipments.items()} == {
            id: (each["order"], each["status"]) for id, each in model.shipments.items()
        }
        self.others_agree(found)
        self.providers_agree(found)

    def others_agree(self, found: Snapshot) -> None:
        people = {
            each.id: (each.contact.email, each.contact.name, each.address and each.address.line1, each.is_guest)
            for each in found.others
            if isinstance(each, ordercore.domain.customer.Customer)
        }
        assert people == {
            id: (each["email"], each["name"], each["line1"], each["is_guest"])
            for id, each in self.model.customers.items()
        }
        active = {id for id, admin in self.model.admins.items() if admin["active"]}
        assert found.active_admins == active

    def providers_agree(self, found: Snapshot) -> None:
        """The provider's own books, at every moment, are the model's: nobody was charged twice or behind our back."""
        accounts = self.provider.accounts()
        expected = {}
        for id, order in found.orders.items():
            keys = [each.provider_key for each in order.payment.attempts if each.provider_key in accounts]
            meant = self.model.orders[id]["account"]
            assert len(keys) == (meant is not None)
            if meant is not None:
                expected[keys[0]] = meant
        assert {
            key: {name: getattr(each, name) for name in ("authorised", "captured", "refunded", "is_voided")}
            for key, each in accounts.items()
        } == expected

    def settle_everything(self) -> None:
        """At the end: the worker gets its time, and then nothing is half done but what only an admin can decide."""
        for _ in range(4):
            self.time_passes(26)
            self.worker_runs()
        self.core_and_model_agree()
        found = snapshot(self.core.store)
        undecided = any(order["attempt"] is not None for order in self.model.orders.values())
        if not undecided:
            assert [each for each in unfinished(found) if "waits for no answer" not in each] == []
            assert disagreements(found, self.provider.entries(), self.provider.accounts()) == []
            assert parcels_astray(found, self.parcels.entries()) == []
        assert breaches(found, hand_over_is_done=True) == []
        if self.is_sql:
            assert broken(self.shop, is_synced=False) == []

    def seen_order(self, order: Order) -> Row:
        payment = order.payment
        attempt = payment.open_attempt
        claimed = {item.sku for item in order.items if item.quantity_claimed}
        return {
            "number": order.number,
            "status": order.status.value,
            "reason": order.cancel_reason and order.cancel_reason.value,
            "customer": order.customer_id,
            "manager": order.manager_id,
            "line1": order.ship_to.line1,
            "items": {item.sku: (item.quantity, item.unit_price.amount_minor) for item in order.items},
            "currency": order.total.currency,
            "total": order.total.amount_minor,
            "expires": order.expires_at and (order.expires_at - self.clock_start).total_seconds(),
            "payment": payment.status.value,
            "sums": (payment.authorised, payment.captured, payment.refunded),
            "attempt": attempt and (attempt.kind.value, attempt.amount.amount_minor, payment.is_unknown),
            "attempts": len(payment.attempts),
            "is_claimed": bool(claimed),
            "reserved": sum(order.reserved.values()),
        }

    def meant_order(self, order: Row) -> Row:
        attempt = order["attempt"]
        names = ("number", "status", "reason", "customer", "manager", "line1", "currency", "total", "expires")
        pieces = sum(item["quantity"] for item in order["items"].values())
        return {
            **{name: order[name] for name in (*names, "payment", "attempts")},
            "items": {sku: (item["quantity"], item["price"]) for sku, item in order["items"].items()},
            "sums": (order["authorised"], order["captured"], order["refunded"]),
            "attempt": attempt and (attempt["kind"], attempt["amount"], attempt["state"] == "unknown"),
            "is_claimed": order["claimed_by"] is not None,
            "reserved": pieces if self.model.holds_stock(order) else 0,
        }

    def seen_product(self, product: Product, alerts: int) -> Row:
        return {
            "id": product.id,
            "name": product.name,
            "price": product.price.amount_minor,
            "currency": product.price.currency,
            "threshold": product.low_stock_threshold,
            "on_hand": product.on_hand,
            "reserved": product.reserved,
            "archived": product.is_archived,
            "is_low": product.is_low,
            "alerts": alerts,
        }


SEEN_OF_PRODUCTS = (
    "id",
    "name",
    "price",
    "currency",
    "threshold",
    "on_hand",
    "reserved",
    "archived",
    "is_low",
    "alerts",
)


def _seen_shipment(shipment: Shipment) -> tuple[UUID, str]:
    return (shipment.order_id, shipment.status.value)


# -- the model's words as commands ----------------------------------------------------------------------------------


def _address(line1: str) -> Address:
    return Address(line1=line1, city="Springfield", country="US")


def _items(spec: Row) -> tuple[ItemRequest, ...]:
    return tuple(ItemRequest(sku=sku, quantity=quantity) for sku, quantity in spec["items"])


def _placing(spec: Row) -> PlaceOrder:
    kind, who = spec["customer"]
    expected = spec["expected"]
    return PlaceOrder(
        customer=CustomerReference(id=who) if kind == "known" else Contact(name=f"Guest {who}", email=who),
        ship_to=_address(spec["line1"]) if spec["line1"] is not None else None,
        items=_items(spec),
        payment=PaymentDetails(token=spec["token"]) if spec["token"] is not None else None,
        expected_total=Money(*expected) if expected is not None else None,
        on_decline=OnDecline(spec["on_decline"]),
    )


def _id_of(machine: CoreMachine, spec: Row) -> UUID:
    id: UUID = machine.model.products[spec["sku"]]["id"]
    return id


def _details(spec: Row) -> dict[str, Any]:
    price = Money(spec["price"], spec["currency"])
    return {"name": spec["name"], "price": price, "low_stock_threshold": spec["threshold"]}


def _contact(spec: Row) -> dict[str, Any]:
    address = _address(spec["line1"]) if spec["line1"] is not None else None
    return {"contact": Contact(name=spec["name"], email=spec["email"]), "address": address}


COMMANDS: dict[str, Callable[[CoreMachine, Row, int | None], object]] = {
    "pay": lambda _, spec, __: PayOrder(order_id=spec["order"], token=spec["token"]),
    "cancel": lambda _, spec, version: CancelOrder(order_id=spec["order"], expected_version=version),
    "ship": lambda _, spec, version: ShipOrder(order_id=spec["order"], expected_version=version),
    "deliver": lambda _, spec, version: MarkDelivered(order_id=spec["order"], expected_version=version),
    "correct": lambda _, spec, version: CorrectAddress(
        order_id=spec["order"], ship_to=_address(spec["line1"]), expected_version=version
    ),
    "hand_over": lambda _, spec, __: HandOver(order_id=spec["order"], manager_id=spec["admin"]),
    "add_product": lambda _, spec, __: AddProduct(
        sku=spec["sku"], quantity_in_stock=spec["quantity"], **_details(spec)
    ),
    "edit_product": lambda machine, spec, version: EditProduct(
        product_id=_id_of(machine, spec), expected_version=version, **_details(spec)
    ),
    "archive": lambda machine, spec, _: ArchiveProduct(product_id=_id_of(machine, spec)),
    "receive": lambda machine, spec, _: ReceiveStock(product_id=_id_of(machine, spec), quantity=spec["quantity"]),
    "adjust": lambda machine, spec, _: AdjustStock(product_id=_id_of(machine, spec), change=spec["change"]),
    "register": lambda _, spec, __: RegisterCustomer(**_contact(spec)),
    "edit_customer": lambda _, spec, version: EditCustomer(
        customer_id=spec["customer"], expected_version=version, **_contact(spec)
    ),
    "add_admin": lambda _, spec, __: AddAdmin(username=spec["username"], password="long enough, this one"),
    "deactivate": lambda _, spec, __: DeactivateAdmin(admin_id=spec["admin"]),
}
