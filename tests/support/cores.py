"""The only place that wires a core by hand for unit tests: memory store, fake providers, a clock that stands still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from attrs import define, field

from ordercore.adapters.group_commit import GroupCommit
from ordercore.adapters.memory.store import MemoryStore
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.application.catalogue import AddProduct
from ordercore.application.core import Core
from ordercore.application.placing import PaymentDetails, PlaceOrder
from ordercore.application.pricing import ItemRequest
from ordercore.application.settings import Settings
from ordercore.application.shop import OrderCore
from ordercore.domain.actor import Actor, ActorKind, Permission
from ordercore.domain.customer import Address, Contact
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.domain.product import Product
from ordercore.ports.carrier import Carrier
from ordercore.ports.commits import Commits
from ordercore.ports.gateway import PaymentGateway
from ordercore.ports.health import Finding
from ordercore.ports.store import Store
from ordercore.testing.faults import CountingIds, FaultPlan, FaultyCarrier, FaultyGateway, FixedClock

ANN = Contact(name="Ann", email="ann@example.com", phone="+49 30 123456")
HOME = Address(line1="Main St 1", city="Springfield", country="US", postal_code="12345")
SOMEBODY = UUID(int=77)
VISA = "tok_visa"
DECLINED = "tok_chargeDeclined"
TIMEOUT = "tok_timeout"
CAPTURE_FAILS = "tok_captureFails"
CAPTURE_TIMEOUT = "tok_captureTimeout"


Wanted = Mapping[str, int] | tuple[ItemRequest, ...]
"""Pieces by sku, or the lines of a request."""


@define
class Told:
    """A notifier that remembers what it told."""

    news: list[tuple[str, str]] = field(factory=list)

    def notify(self, kind: str, *, order_id: UUID, order_number: str) -> None:  # noqa: ARG002 - as the port has it
        self.news.append((kind, order_number))


class QuickPasswords:
    """One fast hash: the real one is slow on purpose."""

    def hash(self, password: str) -> str:
        return sha256(password.encode()).hexdigest()

    def verify(self, password_hash: str, password: str) -> bool:
        return self.hash(password) == password_hash


class NothingToExamine:
    """The health of a store in memory."""

    def examine(self) -> Sequence[Finding]:
        return ()

    def is_ready(self) -> bool:
        return True


class OpenShop(OrderCore):
    """A shop with its parts in reach."""

    def __init__(self, core: Core, *, clock: FixedClock, told: Told, provider: FakeGateway, plan: FaultPlan) -> None:
        super().__init__(core)
        self.core = core
        self.clock = clock
        self.told = told
        self.provider = provider
        self.plan = plan


def a_shop(
    *,
    plan: FaultPlan | None = None,
    store: Store | None = None,
    commits: Commits | None = None,
    gateway: PaymentGateway | None = None,
    carrier: Carrier | None = None,
    settings: Settings | None = None,
    clock: FixedClock | None = None,
) -> OpenShop:
    """An open shop without products; `plan` lets providers fail, everything given replaces its usual part."""
    clock, told, plan = clock or FixedClock(), Told(), plan or FaultPlan()
    store = store or MemoryStore(now=clock.now)
    provider = FakeGateway(pause=clock.pause, now=clock.now)
    core = Core(
        store=store,
        commits=commits or GroupCommit(store),
        gateway=FaultyGateway(gateway or provider, plan),
        carrier=FaultyCarrier(carrier or FakeCarrier(), plan),
        notifier=told,
        clock=clock,
        ids=CountingIds(),
        sealer=PlainSealer(bytes(16)),
        passwords=QuickPasswords(),
        health=NothingToExamine(),
        settings=settings or Settings(),
    )
    return OpenShop(core, clock=clock, told=told, provider=provider, plan=plan)


def an_actor(*permissions: Permission, kind: ActorKind = ActorKind.TOKEN, id: UUID = SOMEBODY) -> Actor:
    """Somebody with these permissions only."""
    return Actor(kind=kind, id=id, permissions=frozenset(permissions), origin="http")


def add(shop: OrderCore, sku: str = "MUG", *, quantity: int = 10, price: str = "12.50", **details: Any) -> Product:
    """A product in the shop's catalogue."""
    currency = details.pop("currency", "EUR")
    return shop.catalogue.add_product(
        AddProduct(sku=sku, name=sku.title(), price=Money.of(price, currency), quantity_in_stock=quantity, **details)
    )


def a_command(items: Wanted | None = None, *, token: str | None = VISA, **details: Any) -> PlaceOrder:
    """A command of Ann for one mug, apart from what is said."""
    wanted = items or {"MUG": 1}
    if isinstance(wanted, Mapping):
        wanted = tuple(ItemRequest(sku=sku, quantity=quantity) for sku, quantity in wanted.items())
    usual = {
        "customer": ANN,
        "ship_to": HOME,
        "items": wanted,
        "payment": None if token is None else PaymentDetails(token=token),
    }
    return PlaceOrder(**{**usual, **details})


def placed(shop: OrderCore, items: Wanted | None = None, **details: Any) -> Order:
    """An order, placed."""
    return shop.ordering.place(a_command(items, **details))


def available(shop: OrderCore, sku: str = "MUG") -> int:
    """What can still be ordered of a product."""
    return shop.catalogue.by_sku(sku).available
