"""An order-management core: orders, stock, payments, fulfilment. These are the public names, nothing else."""

from ordercore.application.admins import AddAdmin, ChangePassword, DeactivateAdmin
from ordercore.application.catalogue import AddProduct, AdjustStock, ArchiveProduct, EditProduct, ReceiveStock
from ordercore.application.customers import EditCustomer, RegisterCustomer
from ordercore.application.importing import ImportedOrder, ImportVerdict, PaymentMode
from ordercore.application.ordering import CancelOrder, CorrectAddress, HandOver, PayOrder, Quote
from ordercore.application.payments import ResolveAttempt
from ordercore.application.placing import CustomerReference, ItemRequest, PaymentDetails, PlaceOrder
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.shipping import MarkDelivered, ShipOrder
from ordercore.application.shop import OrderCore
from ordercore.application.tokens import CreateToken, RevokeToken
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
)

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
    "ShipOrder",
    "ShipmentRow",
    "ShipmentStatus",
    "Stale",
    "Unauthenticated",
    "Unavailable",
    "__version__",
    "in_memory",
    "migrate",
    "open",
]
