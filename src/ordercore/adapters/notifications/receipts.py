"""The only place for what templates are given: an order as text, formatted for one customer."""

from __future__ import annotations

from attrs import frozen
from babel import Locale

from ordercore.adapters.notifications.formats import date_text, money_text, number_text
from ordercore.domain.customer import Address
from ordercore.domain.order import OrderItem
from ordercore.ports.notifier import Message


@frozen(kw_only=True)
class Line:
    """One item of the order."""

    name: str
    sku: str
    quantity: str
    unit_price: str
    total: str


@frozen(kw_only=True)
class Extra:
    """One amount beside the items."""

    label: str
    amount: str


@frozen(kw_only=True)
class Parcel:
    """A parcel on its way, and what is in it."""

    carrier: str
    tracking_number: str
    lines: tuple[Line, ...]


@frozen(kw_only=True)
class Receipt:
    """An order for people: texts of one line each, nothing left to be formatted.

    `is_charged` says that money was taken, so that something is to come back when the order is cancelled.
    """

    number: str
    name: str
    ordered_on: str
    lines: tuple[Line, ...]
    extras: tuple[Extra, ...]
    total: str
    address: tuple[str, ...]
    reason: str
    is_charged: bool
    parcel: Parcel | None
    amount: str


def receipt_of(message: Message, locale: Locale) -> Receipt:
    """What the message tells, in the customer's formats."""
    order = message.order
    return Receipt(
        number=str(order.number),
        name=one_line(message.to.name),
        ordered_on=date_text(order.ordered_at, locale),
        lines=tuple(_line(item, item.quantity, locale) for item in order.items),
        extras=tuple(
            Extra(label=one_line(each.label), amount=money_text(each.amount, locale)) for each in order.adjustments
        ),
        total=money_text(order.total, locale),
        address=(one_line(order.contact.name), *_address(order.ship_to)),
        reason=order.cancel_reason.value if order.cancel_reason is not None else "",
        is_charged=order.payment.captured > 0,
        parcel=_parcel(message, locale),
        amount="" if message.amount is None else money_text(message.amount, locale),
    )


def one_line(text: str) -> str:
    """Line ends and tabs become spaces: what a customer typed starts no line of its own."""
    return " ".join(text.split())


def _line(item: OrderItem, quantity: int, locale: Locale) -> Line:
    return Line(
        name=one_line(item.name),
        sku=one_line(item.sku),
        quantity=number_text(quantity, locale),
        unit_price=money_text(item.unit_price, locale),
        total=money_text(item.line_total if quantity == item.quantity else item.unit_price * quantity, locale),
    )


def _address(address: Address) -> tuple[str, ...]:
    city = " ".join(filter(None, (address.postal_code, address.city)))
    lines = (address.line1, address.line2, city, address.region, address.country)
    return tuple(one_line(line) for line in lines if line)


def _parcel(message: Message, locale: Locale) -> Parcel | None:
    shipment = message.shipment
    if shipment is None or shipment.label is None:
        return None
    items = {item.id: item for item in message.order.items}
    return Parcel(
        carrier=one_line(shipment.label.carrier),
        tracking_number=one_line(shipment.label.tracking_number),
        lines=tuple(_line(items[each.order_item_id], each.quantity, locale) for each in shipment.lines),
    )
