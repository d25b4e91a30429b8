"""The only place with Hypothesis strategies for customers, admin users, tokens, products, their imports, and shipments.

Each is led through its own transitions, so that none is drawn that the domain would not make.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ordercore.domain import limits
from ordercore.domain.admin import AdminRole, AdminUser, ApiToken
from ordercore.domain.customer import Customer
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.domain.product import DEFAULT_LOCATION, Movement, MovementKind, Product, StockLevel
from ordercore.domain.product_import import ProductImport
from ordercore.domain.shipment import Label, Shipment, ShipmentLine
from ordercore.domain.subscription import Subscription, SubscriptionKind
from ordercore.domain.work_item import WorkItem, WorkItemKind
from ordercore.testing.strategies.values import (
    addresses,
    contacts,
    locales,
    moneys,
    permissions,
    quantities,
    skus,
    texts,
    times,
    uuid7s,
)


@st.composite
def customers(draw: DrawFn) -> Customer:
    """Registered customers and guests, some of them edited."""
    at, actor_id = draw(times()), draw(uuid7s())
    customer = Customer.register(
        id=draw(uuid7s()),
        contact=draw(contacts()),
        address=draw(st.none() | addresses()),
        locale=draw(locales()),
        is_guest=draw(st.booleans()),
        at=at,
        actor_id=actor_id,
    )
    if not draw(st.booleans()):
        return customer
    return customer.edit(
        contact=draw(contacts()), address=draw(addresses()), locale=draw(locales()), at=at, actor_id=actor_id
    )


@st.composite
def admins(draw: DrawFn) -> AdminUser:
    """Active and inactive admin users, with and without a password."""
    at, actor_id = draw(times()), draw(uuid7s())
    admin = AdminUser.add(
        id=draw(uuid7s()),
        username=draw(texts(most=64)),
        role=draw(st.sampled_from(AdminRole)),
        password_hash=draw(st.none() | st.just("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g")),
        at=at,
        actor_id=actor_id,
    )
    return admin.deactivate(at=at, actor_id=actor_id) if draw(st.booleans()) else admin


@st.composite
def api_tokens(draw: DrawFn) -> ApiToken:
    """Live and revoked tokens."""
    at, actor_id = draw(times()), draw(uuid7s())
    token = ApiToken.create(
        id=draw(uuid7s()),
        name=draw(texts(most=limits.MAX_NAME_LENGTH)),
        secret_hash=draw(st.binary(min_size=32, max_size=32)),
        permissions=draw(permissions()),
        at=at,
        actor_id=actor_id,
    )
    return token.revoke(at=at, actor_id=actor_id) if draw(st.booleans()) else token


def stock_levels() -> SearchStrategy[StockLevel]:
    """0 <= reserved <= on_hand."""
    two = st.tuples(st.integers(0, limits.MAX_QUANTITY), st.integers(0, limits.MAX_QUANTITY)).map(sorted)
    return st.builds(
        lambda id, counts: StockLevel(location_id=id, on_hand=counts[1], reserved=counts[0]),
        st.just(DEFAULT_LOCATION) | uuid7s(),
        two,
    )


def movements() -> SearchStrategy[Movement]:
    """Changes of on_hand."""
    return st.builds(
        Movement,
        product_id=uuid7s(),
        location_id=st.just(DEFAULT_LOCATION),
        quantity=st.integers(-limits.MAX_QUANTITY, limits.MAX_QUANTITY).filter(bool),
        kind=st.sampled_from(MovementKind),
        at=times(),
        actor_id=uuid7s(),
        reason=st.none() | texts(most=limits.MAX_NAME_LENGTH),
        reference=st.none() | uuid7s(),
    )


@st.composite
def products(draw: DrawFn, currency: str | None = None) -> Product:
    """Products in and out of stock, some with pieces reserved, received or lost, low or archived."""
    at, actor_id = draw(times()), draw(uuid7s())
    counts = st.integers(0, limits.MAX_QUANTITY)
    product = Product.add(
        id=draw(uuid7s()),
        sku=draw(skus()),
        name=draw(texts(most=limits.MAX_NAME_LENGTH)),
        description=draw(texts(most=limits.MAX_TEXT_LENGTH, least=0)),
        price=draw(moneys(currency, most=10**7)),
        category=draw(st.none() | texts(most=limits.MAX_NAME_LENGTH)),
        weight_grams=draw(st.none() | st.integers(0, 10_000_000)),
        low_stock_threshold=draw(st.none() | counts),
        quantity=draw(counts),
        at=at,
        actor_id=actor_id,
    )
    if draw(st.booleans()):
        product = product.receive(draw(quantities()), at=at, actor_id=actor_id, reason=draw(st.none() | st.just("new")))
    if product.available and draw(st.booleans()):
        product = product.reserve(draw(quantities(product.available)), at=at, actor_id=actor_id)
    if product.available and draw(st.booleans()):
        product = product.adjust(-draw(quantities(product.available)), at=at, actor_id=actor_id, reason="lost")
    return product.archive(at=at, actor_id=actor_id) if draw(st.booleans()) else product


@st.composite
def product_imports(draw: DrawFn) -> ProductImport:
    """Imports of a batch or two, ended; some had nothing new."""
    run = ProductImport(id=draw(uuid7s()))
    for batch in draw(st.lists(st.lists(products(), max_size=3), max_size=2)):
        run = run.counted(batch, known=draw(st.integers(0, 500)))
    return run.ended(at=draw(times()), actor_id=draw(uuid7s()))


def labels() -> SearchStrategy[Label]:
    """What a carrier sells."""
    return st.builds(
        Label,
        carrier=st.sampled_from(("fake", "post")),
        tracking_number=st.text("ABCXYZ0123456789", min_size=1, max_size=40),
        document=st.binary(min_size=1, max_size=200),
        media_type=st.sampled_from(("image/svg+xml", "application/pdf")),
    )


@st.composite
def shipments(draw: DrawFn) -> Shipment:
    """Parcels pending, labelled, failed or delivered."""
    at, actor_id = draw(times()), draw(uuid7s())
    line = st.builds(ShipmentLine, order_item_id=uuid7s(), quantity=quantities())
    lines = draw(st.lists(line, min_size=1, max_size=3, unique_by=lambda one: one.order_item_id))
    shipment = Shipment.start(id=draw(uuid7s()), order_id=draw(uuid7s()), lines=tuple(lines), at=at, actor_id=actor_id)
    status = draw(
        st.sampled_from(
            (ShipmentStatus.PENDING, ShipmentStatus.FAILED, ShipmentStatus.LABELLED, ShipmentStatus.DELIVERED)
        )
    )
    if status is ShipmentStatus.PENDING:
        return shipment
    if status is ShipmentStatus.FAILED:
        return shipment.failed(draw(texts(most=limits.MAX_NAME_LENGTH)), at=at, actor_id=actor_id)
    labelled = shipment.labelled(draw(labels()), at=at, actor_id=actor_id)
    return labelled if status is ShipmentStatus.LABELLED else labelled.delivered(at=at, actor_id=actor_id)


@st.composite
def work_items(draw: DrawFn) -> WorkItem:
    """Work items, open or settled."""
    at, actor_id = draw(times()), draw(uuid7s())
    item = WorkItem.open(
        id=draw(uuid7s()),
        kind=draw(st.sampled_from(WorkItemKind)),
        order_id=draw(uuid7s()),
        payment_id=draw(uuid7s()),
        attempt_id=draw(uuid7s()),
        amount=draw(moneys(least=-(10**7), most=10**7)),
        at=at,
        actor_id=actor_id,
    )
    return (
        item.settle(draw(texts(most=limits.MAX_NAME_LENGTH)), at=at, actor_id=actor_id) if draw(st.booleans()) else item
    )


@st.composite
def subscriptions(draw: DrawFn) -> Subscription:
    """Subscriptions of every kind, some with a second secret, some paused or removed."""
    at, actor_id, kind = draw(times()), draw(uuid7s()), draw(st.sampled_from(SubscriptionKind))
    new = Subscription.add(
        id=draw(uuid7s()),
        name=draw(texts(most=limits.MAX_NAME_LENGTH)),
        kind=kind,
        address=draw(texts(most=limits.MAX_TEXT_LENGTH)),
        types=draw(st.sampled_from((("*",), ("order.placed.v1", "product.*")))),
        secret=draw(texts(most=60)) if kind is SubscriptionKind.WEBHOOK else None,
        allows_private=draw(st.booleans()),
        after=draw(st.integers(0, limits.MAX_POSITION)),
        at=at,
        actor_id=actor_id,
    )
    if kind is SubscriptionKind.WEBHOOK and draw(st.booleans()):
        until = draw(times())
        new = new.rotate(draw(texts(most=60)), old_until=until, now=at, at=at, actor_id=actor_id)
    if draw(st.booleans()):
        return new.remove(at=at, actor_id=actor_id)
    return new.pause(at=at, actor_id=actor_id) if draw(st.booleans()) else new
