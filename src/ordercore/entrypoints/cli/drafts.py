"""The only place that reads an order from command-line options or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

import click

from ordercore.application.placing import CustomerReference, PaymentDetails, PlaceOrder
from ordercore.application.pricing import ItemRequest
from ordercore.domain.errors import InvalidRequest, UnreadableRequest
from ordercore.domain.limits import MAX_BODY_BYTES
from ordercore.domain.order import OnDecline
from ordercore.entrypoints.cli.options import address, address_options, contact, contact_options, money, several
from ordercore.entrypoints.cli.session import as_uuid

C = TypeVar("C")

sku_option = click.option(
    "--sku", multiple=True, metavar="SKU=N", help="So many pieces of a product; may be given several times."
)
total_option = click.option("--expected-total", metavar='"AMOUNT XXX"', help="Refuse any other total.")
file_option = click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="The order as JSON, as over HTTP; - reads it from standard input.",
)
item_options = several(sku_option, total_option, file_option)
order_options = several(
    sku_option,
    contact_options,
    address_options,
    click.option("--customer", metavar="ID", help="A known customer, instead of name and e-mail."),
    click.option("--token", metavar="TOKEN", help="Stands for the card, such as tok_visa."),
    click.option(
        "--on-decline",
        type=click.Choice([each.value for each in OnDecline]),
        default=OnDecline.CANCEL.value,
        show_default=True,
        help="What a declined payment does to the order.",
    ),
    click.option("--external-reference", metavar="TEXT", help="Your own name for it; unique for ever."),
    total_option,
    file_option,
)


def order_of(given: Mapping[str, Any]) -> PlaceOrder:
    """The order that the options describe, or the file where one was given.

    Raises:
        InvalidRequest, UnreadableRequest: with what is wrong.
    """
    if given["file"] is not None:
        if given["sku"]:
            raise click.UsageError("Give either --file or --sku, not both.")
        return from_file(PlaceOrder, given["file"])
    token = given["token"]
    return PlaceOrder(
        customer=CustomerReference(id=_customer_id(given["customer"])) if given["customer"] else contact(given),
        ship_to=address(given),
        items=items_of(given["sku"]),
        payment=PaymentDetails(token=token) if token else None,
        expected_total=money(given["expected_total"], "expected_total"),
        on_decline=OnDecline(given["on_decline"]),
        external_reference=given["external_reference"],
    )


def items_of(skus: tuple[str, ...]) -> tuple[ItemRequest, ...]:
    """The items spelled SKU=N; a SKU alone is one piece.

    Raises:
        InvalidRequest: none was given, or N is no number.
    """
    if not skus:
        raise InvalidRequest.of("/items", "is needed: give --sku SKU=N, or --file", "missing")
    return tuple(_item(text) for text in skus)


def from_file(kind: type[C], name: str) -> C:
    """A command from a JSON file.

    Raises:
        UnreadableRequest: it is too large or no JSON.
        InvalidRequest: a field is wrong.
    """
    import orjson

    from ordercore.entrypoints.payloads import command_from

    with click.open_file(name, "rb") as file:
        text = file.read(MAX_BODY_BYTES + 1)
    if len(text) > MAX_BODY_BYTES:
        raise UnreadableRequest(detail=f"{name} is larger than {MAX_BODY_BYTES} bytes")
    try:
        payload = orjson.loads(text)
    except orjson.JSONDecodeError as failure:
        raise UnreadableRequest(detail=f"{name} is no JSON: {failure}") from failure
    return command_from(kind, payload)


def _item(text: str) -> ItemRequest:
    sku, equals, quantity = text.rpartition("=")
    if not equals:
        return ItemRequest(sku=text, quantity=1)
    if not (quantity.isascii() and quantity.isdigit() and len(quantity) < 12):
        raise InvalidRequest.of("/items", f"must be written SKU=N, not {text!r:.80}")
    return ItemRequest(sku=sku, quantity=int(quantity))


def _customer_id(text: str) -> UUID:
    id = as_uuid(text)
    if id is None:
        raise InvalidRequest.of("/customer/id", "must be the id of a customer", "not_a_uuid")
    return id
