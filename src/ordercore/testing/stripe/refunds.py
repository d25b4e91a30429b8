"""The only place for money given back."""

from __future__ import annotations

from ordercore.testing.stripe import forms, plastic
from ordercore.testing.stripe.books import StripeBooks
from ordercore.testing.stripe.refusals import not_now
from ordercore.testing.stripe.shapes import Json


def create(books: StripeBooks, parameters: Json) -> Json:
    """POST /v1/refunds: all that is left of what was taken, or a part of it."""
    forms.only(parameters, "payment_intent", "amount", "metadata", "reason")
    intent = books.get("payment_intent", forms.text(parameters, "payment_intent"), "payment_intent")
    if intent["status"] != "succeeded":
        raise not_now("This PaymentIntent does not have a successful charge to refund.", None)
    charge = books.get("charge", intent["latest_charge"])
    left = charge["amount_captured"] - charge["amount_refunded"]
    minor = forms.whole(parameters, "amount", left)
    if left == 0:
        raise not_now("Charge has already been refunded.", "charge_already_refunded")
    if not 0 < minor <= left:  # as Stripe does, without a code
        raise not_now("Refund amount is greater than unrefunded amount on charge.", None, param="amount")
    refund = books.new(
        "re",
        "refund",
        amount=minor,
        charge=charge["id"],
        currency=charge["currency"],
        metadata=forms.nested(parameters, "metadata"),
        payment_intent=intent["id"],
        reason=parameters.get("reason"),
        status=plastic.BY_NAME[intent["_card"]].refund_status,
    )
    charge["amount_refunded"] += minor
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    for thing, what in ((refund, "refund.created"), (charge, "charge.refunded")):
        books.put(thing)
        books.tell(what, thing)
    return refund


def end(books: StripeBooks, id: str, *, succeeds: bool) -> Json:
    """The bank's late word on a refund; one that fails gives the money back to the shop."""
    refund = books.get("refund", id)
    if refund["status"] == "failed":
        raise not_now("The refund has failed already.", None)
    refund["status"] = "succeeded" if succeeds else "failed"
    if not succeeds:
        refund["failure_reason"] = "lost_or_stolen_card"
        charge = books.get("charge", refund["charge"])
        charge.update(amount_refunded=charge["amount_refunded"] - refund["amount"], refunded=False)
        books.put(charge)
    books.put(refund)
    books.tell("refund.updated" if succeeds else "refund.failed", refund)
    return refund
