"""A port replaced: labels from a carrier of your own. The same protocol is what a real carrier's adapter implements.

python examples/own_carrier.py
"""

from datetime import timedelta

import ordercore
from ordercore import AddProduct, Address, Contact, ItemRequest, Money, PaymentDetails, PlaceOrder, ShipOrder
from ordercore.domain.shipment import Label
from ordercore.ports.carrier import LabelAnswer, LabelAnswerKind, LabelRequest


class BicycleCourier:
    """Delivers in one town, and says no to everything else. Its key makes a repeated request answer the same."""

    deadline = timedelta(seconds=1)

    def buy_label(self, request: LabelRequest) -> LabelAnswer:
        """A label for the saddlebag."""
        if request.ship_to.city != "Springfield":
            return LabelAnswer(kind=LabelAnswerKind.REFUSED, reason=f"{request.ship_to.city} is too far to cycle")
        label = Label(
            carrier="bicycle",
            tracking_number=f"BIKE-{request.key[-8:]}",
            document=f"To {request.recipient}, {request.ship_to.line1}".encode(),
            media_type="text/plain",
        )
        return LabelAnswer(kind=LabelAnswerKind.MADE, label=label)


def main() -> None:
    """One parcel that can be delivered, and one that cannot: its order stays as it was."""
    with ordercore.open("sqlite://", carrier=BicycleCourier()) as shop:
        shop.catalogue.add_product(
            AddProduct(sku="MUG", name="Mug", price=Money.of("12.50", "EUR"), quantity_in_stock=40)
        )
        for city in ("Springfield", "Timbuktu"):
            order = shop.ordering.place(
                PlaceOrder(
                    customer=Contact(name="Ada Example", email="ada@example.com"),
                    ship_to=Address(line1="1 Main Street", city=city, country="US"),
                    items=[ItemRequest(sku="MUG", quantity=1)],
                    payment=PaymentDetails(token="tok_visa"),
                )
            )
            try:
                parcel = shop.shipping.ship(ShipOrder(order_id=order.id))
                print(f"{city}: {parcel.status}")
            except ordercore.Rejected as refusal:
                print(f"{city}: {refusal} The order is {shop.ordering.get(order.id).status}.")


if __name__ == "__main__":
    main()
