"""The only place with Hypothesis strategies for commands: what may be asked, valid by the commands' own checks."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ordercore.application.admins import AddAdmin, ChangePassword, DeactivateAdmin
from ordercore.application.catalogue import AddProduct, AdjustStock, ArchiveProduct, EditProduct, ReceiveStock
from ordercore.application.customers import EditCustomer, RegisterCustomer
from ordercore.application.importing import ImportedOrder
from ordercore.application.payments import ResolveAttempt
from ordercore.application.placing import CustomerReference, PaymentDetails, PlaceOrder
from ordercore.application.pricing import ItemRequest, Quote
from ordercore.application.shipping import MarkDelivered, ShipOrder
from ordercore.application.steering import CancelOrder, CorrectAddress, HandOver, PayOrder
from ordercore.application.tokens import CreateToken, RevokeToken
from ordercore.application.work_items import SettleWorkItem
from ordercore.domain import limits
from ordercore.domain.admin import AdminRole
from ordercore.domain.order import OnDecline
from ordercore.domain.payment import AnswerKind
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

_NAMES = texts(most=limits.MAX_NAME_LENGTH)
_REASONS = st.none() | _NAMES
_VERSIONS = st.none() | st.integers(1, 2**31)
_COUNTS = st.integers(0, limits.MAX_QUANTITY)
_PASSWORDS = texts(most=1024, least=12)

# -- orders -----------------------------------------------------------------------------------------------------


def item_requests(known_skus: Sequence[str] = (), most: int = limits.MAX_QUANTITY) -> SearchStrategy[ItemRequest]:
    """So many pieces of a product: one of those named, or any, by sku or id."""
    if known_skus:
        return st.builds(ItemRequest, sku=st.sampled_from(known_skus), quantity=quantities(most))
    by_sku = st.builds(ItemRequest, sku=skus(), quantity=quantities(most))
    return by_sku | st.builds(ItemRequest, product_id=uuid7s(), quantity=quantities(most))


def customer_references() -> SearchStrategy[CustomerReference]:
    """Customers that may be known."""
    return st.builds(CustomerReference, id=uuid7s())


def payment_details() -> SearchStrategy[PaymentDetails]:
    """How it is paid: with a card that the fake provider knows."""
    return st.builds(PaymentDetails, token=st.sampled_from(("tok_visa", "tok_chargeDeclined", "tok_timeout")))


def place_orders(known_skus: Sequence[str] = (), customer_ids: Sequence[UUID] = ()) -> SearchStrategy[PlaceOrder]:
    """Orders to be placed, of these products and by these customers, or by guests."""
    known = st.builds(CustomerReference, id=st.sampled_from(customer_ids)) if customer_ids else customer_references()
    items = st.lists(item_requests(known_skus), min_size=1, max_size=4).map(tuple)
    return st.builds(
        PlaceOrder,
        customer=contacts() | known,
        ship_to=st.none() | addresses(),
        items=items,
        payment=st.none() | payment_details(),
        expected_total=st.none() | moneys(),
        on_decline=st.sampled_from(OnDecline),
        external_reference=st.none() | _NAMES,
    )


def quotes() -> SearchStrategy[Quote]:
    """What an order would cost."""
    items = st.lists(item_requests(), min_size=1, max_size=4).map(tuple)
    return st.builds(Quote, items=items, expected_total=st.none() | moneys())


def pay_orders() -> SearchStrategy[PayOrder]:
    """New attempts to pay."""
    return st.builds(PayOrder, order_id=uuid7s(), token=_NAMES, expected_version=_VERSIONS)


def cancel_orders() -> SearchStrategy[CancelOrder]:
    """Ends before shipping."""
    return st.builds(CancelOrder, order_id=uuid7s(), reason=_REASONS, expected_version=_VERSIONS)


def correct_addresses() -> SearchStrategy[CorrectAddress]:
    """Other addresses."""
    return st.builds(
        CorrectAddress, order_id=uuid7s(), ship_to=addresses(), reason=_REASONS, expected_version=_VERSIONS
    )


def hand_overs() -> SearchStrategy[HandOver]:
    """Other managers."""
    return st.builds(HandOver, order_id=uuid7s(), manager_id=uuid7s(), reason=_REASONS, expected_version=_VERSIONS)


def ship_orders() -> SearchStrategy[ShipOrder]:
    """Parcels to be sent."""
    return st.builds(ShipOrder, order_id=uuid7s(), reason=_REASONS, expected_version=_VERSIONS)


def mark_delivereds() -> SearchStrategy[MarkDelivered]:
    """Parcels that arrived."""
    return st.builds(MarkDelivered, order_id=uuid7s(), reason=_REASONS, expected_version=_VERSIONS)


def resolve_attempts() -> SearchStrategy[ResolveAttempt]:
    """An admin's decisions."""
    return st.builds(ResolveAttempt, order_id=uuid7s(), outcome=st.sampled_from(AnswerKind), reason=_REASONS)


def settle_work_items() -> SearchStrategy[SettleWorkItem]:
    """What came of something that somebody looked at."""
    return st.builds(SettleWorkItem, work_item_id=uuid7s(), reason=_NAMES, expected_version=_VERSIONS)


def imported_orders() -> SearchStrategy[ImportedOrder]:
    """Orders from elsewhere."""
    return st.builds(
        ImportedOrder,
        key=texts(most=limits.MAX_KEY_LENGTH),
        order=place_orders(),
        placed_at=st.none() | times(),
    )


# -- products ---------------------------------------------------------------------------------------------------


def add_products() -> SearchStrategy[AddProduct]:
    """New products."""
    return st.builds(
        AddProduct,
        sku=skus(),
        name=_NAMES,
        price=moneys(),
        description=texts(most=limits.MAX_TEXT_LENGTH, least=0),
        quantity_in_stock=_COUNTS,
        low_stock_threshold=st.none() | _COUNTS,
        category=_REASONS,
        weight_grams=st.none() | st.integers(0, 10_000_000),
    )


def edit_products() -> SearchStrategy[EditProduct]:
    """Other details."""
    return st.builds(
        EditProduct,
        product_id=uuid7s(),
        name=_NAMES,
        price=moneys(),
        description=texts(most=limits.MAX_TEXT_LENGTH, least=0),
        low_stock_threshold=st.none() | _COUNTS,
        category=_REASONS,
        weight_grams=st.none() | st.integers(0, 10_000_000),
        reason=_REASONS,
        expected_version=_VERSIONS,
    )


def archive_products() -> SearchStrategy[ArchiveProduct]:
    """Products to be taken out."""
    return st.builds(ArchiveProduct, product_id=uuid7s(), reason=_REASONS, expected_version=_VERSIONS)


def receive_stocks() -> SearchStrategy[ReceiveStock]:
    """Pieces that came."""
    return st.builds(ReceiveStock, product_id=uuid7s(), quantity=quantities(), reason=_REASONS)


def adjust_stocks() -> SearchStrategy[AdjustStock]:
    """Pieces found or lost."""
    changes = st.integers(-limits.MAX_QUANTITY, limits.MAX_QUANTITY).filter(bool)
    return st.builds(AdjustStock, product_id=uuid7s(), change=changes, reason=_REASONS)


# -- people -----------------------------------------------------------------------------------------------------


def register_customers() -> SearchStrategy[RegisterCustomer]:
    """New customers."""
    return st.builds(RegisterCustomer, contact=contacts(), address=st.none() | addresses(), locale=locales())


def edit_customers() -> SearchStrategy[EditCustomer]:
    """Other details."""
    return st.builds(
        EditCustomer,
        customer_id=uuid7s(),
        contact=contacts(),
        address=st.none() | addresses(),
        locale=locales(),
        reason=_REASONS,
        expected_version=_VERSIONS,
    )


def add_admins() -> SearchStrategy[AddAdmin]:
    """New admin users; a text may grow threefold when its case is folded."""
    return st.builds(AddAdmin, username=texts(most=64 // 3), password=_PASSWORDS, role=st.sampled_from(AdminRole))


def deactivate_admins() -> SearchStrategy[DeactivateAdmin]:
    """Admin users to be taken out."""
    return st.builds(DeactivateAdmin, admin_id=uuid7s(), reason=_REASONS, expected_version=_VERSIONS)


def change_passwords() -> SearchStrategy[ChangePassword]:
    """Other passwords."""
    return st.builds(ChangePassword, admin_id=uuid7s(), password=_PASSWORDS, expected_version=_VERSIONS)


def create_tokens() -> SearchStrategy[CreateToken]:
    """New tokens."""
    return st.builds(CreateToken, name=_NAMES, permissions=permissions())


def revoke_tokens() -> SearchStrategy[RevokeToken]:
    """Tokens to be revoked."""
    return st.builds(RevokeToken, token_id=uuid7s())
