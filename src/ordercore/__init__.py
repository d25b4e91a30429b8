"""An order-management core: orders, stock, payments, fulfilment. These are the public names, nothing else.

Each is imported when it is first asked for, so that `ordercore --help` pays for none of them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ordercore.application.admins import AddAdmin, ChangePassword, DeactivateAdmin
    from ordercore.application.catalogue import AddProduct, AdjustStock, ArchiveProduct, EditProduct, ReceiveStock
    from ordercore.application.customers import EditCustomer, RegisterCustomer
    from ordercore.application.importing import ImportedOrder, ImportVerdict, PaymentMode
    from ordercore.application.payments import ResolveAttempt
    from ordercore.application.placing import CustomerReference, PaymentDetails, PlaceOrder
    from ordercore.application.pricing import ItemRequest, Quote
    from ordercore.application.settings import CapturePolicy, Settings
    from ordercore.application.shipping import MarkDelivered, ShipOrder
    from ordercore.application.shop import OrderCore
    from ordercore.application.steering import CancelOrder, CorrectAddress, HandOver, PayOrder
    from ordercore.application.tokens import CreateToken, RevokeToken
    from ordercore.application.work_items import SettleWorkItem
    from ordercore.bootstrap import in_memory, migrate, open
    from ordercore.domain.actor import Actor, ActorKind, Permission
    from ordercore.domain.customer import Address, Contact
    from ordercore.domain.errors import (
        Conflict,
        Forbidden,
        Malformed,
        NotFound,
        OrderCoreError,
        Rejected,
        Stale,
        Unauthenticated,
        Unavailable,
    )
    from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus
    from ordercore.domain.money import Money
    from ordercore.domain.order import OnDecline
    from ordercore.domain.payment import PaymentMethod
    from ordercore.ports.gateway import Card
    from ordercore.ports.health import Finding, Verdict
    from ordercore.ports.queries import (
        CustomerFilter,
        EventRow,
        OrderFilter,
        OrderRow,
        Page,
        PageRequest,
        PaymentFilter,
        PaymentRow,
        ProductFilter,
        ShipmentRow,
        WorkItemFilter,
    )
else:
    _HOMES = {
        "application.admins": "AddAdmin ChangePassword DeactivateAdmin",
        "application.catalogue": "AddProduct AdjustStock ArchiveProduct EditProduct ReceiveStock",
        "application.customers": "EditCustomer RegisterCustomer",
        "application.importing": "ImportVerdict ImportedOrder PaymentMode",
        "application.payments": "ResolveAttempt",
        "application.placing": "CustomerReference PaymentDetails PlaceOrder",
        "application.pricing": "ItemRequest Quote",
        "application.settings": "CapturePolicy Settings",
        "application.shipping": "MarkDelivered ShipOrder",
        "application.shop": "OrderCore",
        "application.steering": "CancelOrder CorrectAddress HandOver PayOrder",
        "application.tokens": "CreateToken RevokeToken",
        "application.work_items": "SettleWorkItem",
        "bootstrap": "in_memory migrate open",
        "domain.actor": "Actor ActorKind Permission",
        "domain.customer": "Address Contact",
        "domain.errors": "Conflict Forbidden Malformed NotFound OrderCoreError Rejected Stale Unauthenticated "
        "Unavailable",
        "domain.lifecycles": "OrderStatus PaymentStatus ShipmentStatus",
        "domain.money": "Money",
        "domain.order": "OnDecline",
        "domain.payment": "PaymentMethod",
        "ports.gateway": "Card",
        "ports.health": "Finding Verdict",
        "ports.queries": "CustomerFilter EventRow OrderFilter OrderRow Page PageRequest PaymentFilter PaymentRow "
        "ProductFilter ShipmentRow WorkItemFilter",
    }

    def __getattr__(name):
        from importlib import import_module

        home = next((module for module, names in _HOMES.items() if name in names.split()), None)
        if home is None:
            raise AttributeError(f"module 'ordercore' has no attribute {name!r}")
        globals()[name] = value = getattr(import_module(f"ordercore.{home}"), name)
        return value


__version__ = "0.1.0"

__all__ = [
    "Actor",
    "ActorKind",
    "AddAdmin",
    "AddProduct",
    "Address",
    "AdjustStock",
    "ArchiveProduct",
    "CancelOrder",
    "CapturePolicy",
    "Card",
    "ChangePassword",
    "Conflict",
    "Contact",
    "CorrectAddress",
    "CreateToken",
    "CustomerFilter",
    "CustomerReference",
    "DeactivateAdmin",
    "EditCustomer",
    "EditProduct",
    "EventRow",
    "Finding",
    "Forbidden",
    "HandOver",
    "ImportVerdict",
    "ImportedOrder",
    "ItemRequest",
    "Malformed",
    "MarkDelivered",
    "Money",
    "NotFound",
    "OnDecline",
    "OrderCore",
    "OrderCoreError",
    "OrderFilter",
    "OrderRow",
    "OrderStatus",
    "Page",
    "PageRequest",
    "PayOrder",
    "PaymentDetails",
    "PaymentFilter",
    "PaymentMethod",
    "PaymentMode",
    "PaymentRow",
    "PaymentStatus",
    "Permission",
    "PlaceOrder",
    "ProductFilter",
    "Quote",
    "ReceiveStock",
    "RegisterCustomer",
    "Rejected",
    "ResolveAttempt",
    "RevokeToken",
    "Settings",
    "SettleWorkItem",
    "ShipOrder",
    "ShipmentRow",
    "ShipmentStatus",
    "Stale",
    "Unauthenticated",
    "Unavailable",
    "Verdict",
    "WorkItemFilter",
    "__version__",
    "in_memory",
    "migrate",
    "open",
]


def __dir__() -> list[str]:
    return __all__
