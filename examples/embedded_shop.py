"""A shop inside your own program: a product, a customer, an order that is paid, shipped and delivered.

python examples/embedded_shop.py [sqlite:///shop.db]
"""

import sys
from uuid import UUID

import ordercore
from ordercore import (
    AddProduct,
    Address,
    Contact,
    CustomerReference,
    ItemRequest,
    MarkDelivered,
    Money,
    OrderCore,
    PaymentDetails,
    PlaceOrder,
    RegisterCustomer,
    Rejected,
    ShipOrder,
)


def main(url: str) -> None:
    """Everything that happens to one good order, and to one that is declined."""
    with ordercore.open(url) as shop:
        mug = shop.catalogue.add_product(
            AddProduct(sku="MUG", name="Mug", price=Money.of("12.50", "EUR"), quantity_in_stock=40),
            idempotency_key="first-mugs",  # run it twice: the second time nothing is added
        )
        ada = shop.customers.register(
            RegisterCustomer(
                contact=Contact(name="Ada Example", email="ada@example.com"),
                address=Address(line1="1 Main Street", city="Springfield", country="US"),
            ),
            idempotency_key="ada",
        )
        order = shop.ordering.place(bought("tok_visa", ada.id))
        print(f"Order {order.number}: {order.total}, {order.status}; the payment is {order.payment.status}.")
        parcel = shop.shipping.ship(ShipOrder(order_id=order.id))
        if parcel.label is not None:
            print(f"Shipped with {parcel.label.carrier}, {parcel.label.tracking_number}.")
        order = shop.shipping.deliver(MarkDelivered(order_id=order.id))
        print(f"It is {order.status} now; {shop.catalogue.get(mug.id).available} mugs are left.")
        decline(shop, bought("tok_chargeDeclined", ada.id))


def bought(token: str, customer_id: UUID) -> PlaceOrder:
    """Two mugs for a known customer, sent to the address on file."""
    return PlaceOrder(
        customer=CustomerReference(id=customer_id),
        items=[ItemRequest(sku="MUG", quantity=2)],
        payment=PaymentDetails(token=token),
    )


def decline(shop: OrderCore, command: PlaceOrder) -> None:
    """A refusal is an exception with typed fields and a message for people."""
    try:
        shop.ordering.place(command)
    except Rejected as refusal:
        print(f"{refusal.code}: {refusal}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sqlite://")
