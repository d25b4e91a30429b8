"""The only place where domain objects and rows become the JSON of answers."""

from __future__ import annotations

from collections.abc import Sequence

from ordercore import EventRow, OrderRow, PaymentRow, ShipmentRow
from ordercore.application.pricing import QuoteAnswer
from ordercore.domain.admin import AdminUser
from ordercore.domain.customer import Address, Contact, Customer
from ordercore.domain.money import Money
from ordercore.domain.order import Adjustment, Order, OrderItem
from ordercore.domain.payment import Attempt, Payment
from ordercore.domain.product import Movement, Product
from ordercore.domain.shipment import Shipment
from ordercore.domain.work_item import WorkItem
from ordercore.entrypoints.http.shapes import (
    AdjustmentShape,
    AdminShape,
    AttemptShape,
    BuyerShape,
    ContactInformationShape,
    CustomerShape,
    EventShape,
    ItemShape,
    MoneyShape,
    MovementShape,
    OrderRowShape,
    OrderShape,
    PaymentRowShape,
    PaymentShape,
    PostalAddressShape,
    ProductShape,
    QuoteAnswerShape,
    QuotedLineShape,
    ShipmentRowShape,
    ShipmentShape,
    WorkItemShape,
)


def money(value: Money) -> MoneyShape:
    return {"amount": value.amount, "currency": value.currency}


def address(value: Address) -> PostalAddressShape:
    return {
        "line1": value.line1,
        "line2": value.line2,
        "city": value.city,
        "region": value.region,
        "postal_code": value.postal_code,
        "country": value.country,
    }


def contact(value: Contact) -> ContactInformationShape:
    return {"name": value.name, "email": value.email, "phone": value.phone}


def order(value: Order, *, personal: bool) -> OrderShape:
    """The order; without `personal` nothing in it tells who bought or where it goes."""
    return {
        "id": value.id,
        "number": str(value.number),
        "status": value.status,
        "customer": _buyer(value, personal=personal),
        "ship_to": address(value.ship_to) if personal else None,
        "items": [_item(each) for each in value.items],
        "adjustments": [_adjustment(each) for each in value.adjustments],
        "total": money(value.total),
        "payment": payment(value.payment),
        "on_decline": value.on_decline,
        "manager_id": value.manager_id,
        "ordered_at": value.ordered_at,
        "expires_at": value.expires_at,
        "external_reference": value.external_reference,
        "cancel_reason": value.cancel_reason,
        "version": value.version,
    }


def order_row(row: OrderRow) -> OrderRowShape:
    return {
        "id": row.id,
        "number": str(row.number),
        "status": row.status,
        "customer_id": row.customer_id,
        "manager_id": row.manager_id,
        "ordered_at": row.ordered_at,
        "total": money(row.total),
        "item_count": row.item_count,
        "payment_status": row.payment_status,
        "payment_unknown": row.payment_is_unknown,
        "external_reference": row.external_reference,
        "version": row.version,
    }


def payment(value: Payment) -> PaymentShape:
    currency = value.amount.currency
    return {
        "id": value.id,
        "status": value.status,
        "method": value.method,
        "amount": money(value.amount),
        "authorised": money(Money(value.authorised, currency)),
        "captured": money(Money(value.captured, currency)),
        "refunded": money(Money(value.refunded, currency)),
        "discrepancy": money(Money(value.discrepancy, currency)),
        "unknown": value.is_unknown,
        "paid_elsewhere": value.is_external,
        "attempts": [_attempt(each) for each in value.attempts],
    }


def payment_row(row: PaymentRow) -> PaymentRowShape:
    currency = row.amount.currency
    return {
        "id": row.id,
        "order_id": row.order_id,
        "order_number": str(row.order_number),
        "amount": money(row.amount),
        "method": row.method,
        "status": row.status,
        "unknown": row.is_unknown,
        "authorised": money(Money(row.authorised, currency)),
        "captured": money(Money(row.captured, currency)),
        "refunded": money(Money(row.refunded, currency)),
        "discrepancy": money(Money(row.discrepancy, currency)),
        "ordered_at": row.ordered_at,
    }


def work_item(value: WorkItem) -> WorkItemShape:
    return {
        "id": value.id,
        "kind": value.kind,
        "order_id": value.order_id,
        "payment_id": value.payment_id,
        "attempt_id": value.attempt_id,
        "amount": money(value.amount),
        "status": value.status,
        "opened_at": value.opened_at,
        "settled_at": value.settled_at,
        "settled_by": value.settled_by,
        "resolution": value.resolution,
        "version": value.version,
    }


def quote(value: QuoteAnswer) -> QuoteAnswerShape:
    lines: Sequence[QuotedLineShape] = [
        {
            "product_id": line.product_id,
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "unit_price": money(line.unit_price),
            "line_total": money(line.line_total),
        }
        for line in value.items
    ]
    return {"items": list(lines), "total": money(value.total)}


def shipment(value: Shipment) -> ShipmentShape:
    label = value.label
    return {
        "id": value.id,
        "order_id": value.order_id,
        "status": value.status,
        "lines": [{"order_item_id": line.order_item_id, "quantity": line.quantity} for line in value.lines],
        "carrier": label.carrier if label else None,
        "tracking_number": label.tracking_number if label else None,
        "label": f"/v1/shipments/{value.id}/label" if label else None,
        "failure": value.failure,
        "started_at": value.started_at,
        "version": value.version,
    }


def shipment_row(row: ShipmentRow) -> ShipmentRowShape:
    return {
        "id": row.id,
        "order_id": row.order_id,
        "order_number": str(row.order_number),
        "status": row.status,
        "carrier": row.carrier,
        "tracking_number": row.tracking_number,
        "started_at": row.started_at,
    }


def product(value: Product) -> ProductShape:
    return {
        "id": value.id,
        "sku": value.sku,
        "name": value.name,
        "description": value.description,
        "price": money(value.price),
        "category": value.category,
        "weight_grams": value.weight_grams,
        "quantity_in_stock": value.available,
        "on_hand": value.on_hand,
        "reserved": value.reserved,
        "stock": [
            {
                "location_id": level.location_id,
                "on_hand": level.on_hand,
                "reserved": level.reserved,
                "available": level.available,
            }
            for level in value.levels
        ],
        "low_stock_threshold": value.low_stock_threshold,
        "is_low": value.is_low,
        "is_archived": value.is_archived,
        "added_at": value.added_at,
        "version": value.version,
    }


def movement(value: Movement) -> MovementShape:
    return {
        "product_id": value.product_id,
        "location_id": value.location_id,
        "quantity": value.quantity,
        "kind": value.kind,
        "at": value.at,
        "actor_id": value.actor_id,
        "reason": value.reason,
        "reference": value.reference,
    }


def customer(value: Customer, *, personal: bool) -> CustomerShape:
    """The customer; without `personal` only that there is one."""
    return {
        "id": value.id,
        "contact": contact(value.contact) if personal else None,
        "address": address(value.address) if personal and value.address is not None else None,
        "locale": value.locale,
        "is_guest": value.is_guest,
        "registered_at": value.registered_at,
        "version": value.version,
    }


def admin(value: AdminUser) -> AdminShape:
    return {
        "id": value.id,
        "username": value.username,
        "role": value.role,
        "is_active": value.is_active,
        "added_at": value.added_at,
        "version": value.version,
    }


def event(row: EventRow) -> EventShape:
    return {
        "stream": row.stream,
        "stream_id": row.stream_id,
        "number": row.number,
        "type": row.type,
        "occurred_at": row.occurred_at,
        "actor_id": row.actor_id,
        "payload": row.payload,
    }


def _buyer(value: Order, *, personal: bool) -> BuyerShape:
    if not personal:
        return {"id": value.customer_id, "name": None, "email": None, "phone": None}
    return {
        "id": value.customer_id,
        "name": value.contact.name,
        "email": value.contact.email,
        "phone": value.contact.phone,
    }


def _item(value: OrderItem) -> ItemShape:
    return {
        "id": value.id,
        "product_id": value.product_id,
        "sku": value.sku,
        "name": value.name,
        "unit_price": money(value.unit_price),
        "line_total": money(value.line_total),
        "quantity": value.quantity,
        "quantity_cancelled": value.quantity_cancelled,
        "quantity_shipped": value.quantity_shipped,
        "quantity_delivered": value.quantity_delivered,
        "quantity_returned": value.quantity_returned,
    }


def _adjustment(value: Adjustment) -> AdjustmentShape:
    return {
        "id": value.id,
        "kind": value.kind,
        "label": value.label,
        "amount": money(value.amount),
        "item_id": value.item_id,
        "is_tax_included": value.is_tax_included,
    }


def _attempt(value: Attempt) -> AttemptShape:
    return {
        "id": value.id,
        "kind": value.kind,
        "status": value.status,
        "amount": money(value.amount),
        "decline_code": value.decline_code,
        "started_at": value.started_at,
        "finished_at": value.finished_at,
        "reported": value.reported,
    }
