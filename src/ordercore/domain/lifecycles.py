"""The only place where a status may change: five tables, and the one function that reads them.

Fence: no status is assigned outside `advance`. The diagrams in docs/lifecycles.md are generated from these tables.
Returns are counted on items and never rewrite an order's status.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from ordercore.domain.errors import TransitionRefused


class OrderStatus(StrEnum):
    """Where an order is in its life."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class OrderAction(StrEnum):
    """What may be done to an order."""

    PAY = "be paid"
    CAPTURE = "have its money captured"
    CONFIRM = "be confirmed"
    DECLINE = "be declined"
    EXPIRE = "expire"
    CANCEL = "be cancelled"
    CLAIM = "be prepared for shipping"
    RELEASE = "be taken back from shipping"
    SHIP = "be shipped"
    DELIVER = "be delivered"
    CORRECT_ADDRESS = "get another address"
    HAND_OVER = "be handed over"


class PaymentStatus(StrEnum):
    """Where the money of an order is; derived from finished attempts."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DECLINED = "declined"
    VOIDED = "voided"


class PaymentAction(StrEnum):
    """What finished attempts do to a payment."""

    AUTHORISE = "be authorised"
    DECLINE = "be declined"
    CAPTURE = "be captured"
    RECORD = "be recorded as paid"
    VOID = "be voided"
    REFUND = "be refunded"


class ShipmentStatus(StrEnum):
    """Where a parcel is."""

    PENDING = "pending"
    LABELLED = "labelled"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    FAILED = "failed"


class ShipmentAction(StrEnum):
    """What happens to a parcel."""

    LABEL = "be labelled"
    FAIL = "fail"
    CANCEL = "be cancelled"
    DEPART = "depart"
    DELIVER = "be delivered"
    MISCARRY = "go wrong"
    RETURN = "be returned"


class WorkItemStatus(StrEnum):
    """Whether somebody still has to look at it."""

    OPEN = "open"
    SETTLED = "settled"


class WorkItemAction(StrEnum):
    """What happens to a work item."""

    SETTLE = "be settled"


class SubscriptionStatus(StrEnum):
    """Whether a subscriber hears of events."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


class SubscriptionAction(StrEnum):
    """What may be done to a subscription; a change is another secret, other types, or a replay."""

    CHANGE = "be changed"
    PAUSE = "be paused"
    RESUME = "be resumed"
    REMOVE = "be removed"


S = TypeVar("S", OrderStatus, PaymentStatus, ShipmentStatus, WorkItemStatus, SubscriptionStatus)
A = TypeVar("A", OrderAction, PaymentAction, ShipmentAction, WorkItemAction, SubscriptionAction)

_O, _OA = OrderStatus, OrderAction
ORDER: Mapping[OrderStatus, Mapping[OrderAction, tuple[OrderStatus, ...]]] = {
    _O.PENDING: {
        _OA.PAY: (_O.PENDING,),
        _OA.CONFIRM: (_O.CONFIRMED,),
        _OA.DECLINE: (_O.CANCELLED,),
        _OA.EXPIRE: (_O.CANCELLED,),
        _OA.CANCEL: (_O.CANCELLED,),
        _OA.CORRECT_ADDRESS: (_O.PENDING,),
        _OA.HAND_OVER: (_O.PENDING,),
    },
    _O.CONFIRMED: {
        _OA.CAPTURE: (_O.CONFIRMED,),
        _OA.CANCEL: (_O.CANCELLED,),
        _OA.CLAIM: (_O.CONFIRMED,),
        _OA.RELEASE: (_O.CONFIRMED,),
        _OA.SHIP: (_O.PARTIALLY_SHIPPED, _O.SHIPPED),
        _OA.CORRECT_ADDRESS: (_O.CONFIRMED,),
        _OA.HAND_OVER: (_O.CONFIRMED,),
    },
    _O.PARTIALLY_SHIPPED: {
        _OA.CAPTURE: (_O.PARTIALLY_SHIPPED,),
        _OA.CLAIM: (_O.PARTIALLY_SHIPPED,),
        _OA.RELEASE: (_O.PARTIALLY_SHIPPED,),
        _OA.SHIP: (_O.PARTIALLY_SHIPPED, _O.SHIPPED),
        _OA.DELIVER: (_O.PARTIALLY_SHIPPED,),
        _OA.HAND_OVER: (_O.PARTIALLY_SHIPPED,),
    },
    _O.SHIPPED: {
        _OA.CAPTURE: (_O.SHIPPED,),
        _OA.DELIVER: (_O.SHIPPED, _O.DELIVERED),
        _OA.HAND_OVER: (_O.SHIPPED,),
    },
    _O.DELIVERED: {_OA.CAPTURE: (_O.DELIVERED,)},
    _O.CANCELLED: {},
}

_P, _PA = PaymentStatus, PaymentAction
PAYMENT: Mapping[PaymentStatus, Mapping[PaymentAction, tuple[PaymentStatus, ...]]] = {
    _P.PENDING: {
        _PA.AUTHORISE: (_P.AUTHORISED,),
        _PA.DECLINE: (_P.DECLINED,),
        _PA.RECORD: (_P.CAPTURED,),
        _PA.VOID: (_P.VOIDED,),
    },
    _P.DECLINED: {
        _PA.AUTHORISE: (_P.AUTHORISED,),
        _PA.DECLINE: (_P.DECLINED,),
        _PA.VOID: (_P.VOIDED,),
    },
    _P.AUTHORISED: {
        _PA.CAPTURE: (_P.CAPTURED,),
        _PA.VOID: (_P.VOIDED,),
    },
    _P.CAPTURED: {
        _PA.CAPTURE: (_P.CAPTURED,),
        _PA.REFUND: (_P.PARTIALLY_REFUNDED, _P.REFUNDED),
    },
    _P.PARTIALLY_REFUNDED: {_PA.REFUND: (_P.PARTIALLY_REFUNDED, _P.REFUNDED)},
    _P.REFUNDED: {},
    _P.VOIDED: {},
}

_S, _SA = ShipmentStatus, ShipmentAction
SHIPMENT: Mapping[ShipmentStatus, Mapping[ShipmentAction, tuple[ShipmentStatus, ...]]] = {
    _S.PENDING: {_SA.LABEL: (_S.LABELLED,), _SA.FAIL: (_S.FAILED,)},
    _S.LABELLED: {_SA.CANCEL: (_S.CANCELLED,), _SA.DEPART: (_S.IN_TRANSIT,), _SA.DELIVER: (_S.DELIVERED,)},
    _S.IN_TRANSIT: {_SA.DELIVER: (_S.DELIVERED,), _SA.MISCARRY: (_S.EXCEPTION,), _SA.RETURN: (_S.RETURNED,)},
    _S.EXCEPTION: {_SA.DEPART: (_S.IN_TRANSIT,), _SA.DELIVER: (_S.DELIVERED,), _SA.RETURN: (_S.RETURNED,)},
    _S.DELIVERED: {},
    _S.RETURNED: {},
    _S.CANCELLED: {},
    _S.FAILED: {},
}

WORK_ITEM: Mapping[WorkItemStatus, Mapping[WorkItemAction, tuple[WorkItemStatus, ...]]] = {
    WorkItemStatus.OPEN: {WorkItemAction.SETTLE: (WorkItemStatus.SETTLED,)},
    WorkItemStatus.SETTLED: {},
}

_B, _BA = SubscriptionStatus, SubscriptionAction
SUBSCRIPTION: Mapping[SubscriptionStatus, Mapping[SubscriptionAction, tuple[SubscriptionStatus, ...]]] = {
    _B.ACTIVE: {_BA.CHANGE: (_B.ACTIVE,), _BA.PAUSE: (_B.PAUSED,), _BA.REMOVE: (_B.REMOVED,)},
    _B.PAUSED: {_BA.CHANGE: (_B.PAUSED,), _BA.RESUME: (_B.ACTIVE,), _BA.REMOVE: (_B.REMOVED,)},
    _B.REMOVED: {},
}


def advance(table: Mapping[S, Mapping[A, tuple[S, ...]]], status: S, action: A, *, kind: str, to: S | None = None) -> S:
    """The next status: the table's only one, or `to` where the table offers several.

    Raises:
        TransitionRefused: the table has no such step.
    """
    reachable = table[status].get(action, ())
    if to is None and len(reachable) == 1:
        return reachable[0]
    if to is not None and to in reachable:
        return to
    raise TransitionRefused(kind=kind, status=status.value, action=action.value)
