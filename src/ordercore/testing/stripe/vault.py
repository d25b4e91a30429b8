"""The only place that makes payment methods of cards. Fence: a number stays nowhere, only the name of its test card."""

from __future__ import annotations

from datetime import UTC, datetime

from ordercore.testing.stripe import forms, plastic
from ordercore.testing.stripe.books import StripeBooks, shown
from ordercore.testing.stripe.plastic import Plastic
from ordercore.testing.stripe.refusals import Refusal, bad_parameter, missing
from ordercore.testing.stripe.shapes import Json


def create(books: StripeBooks, parameters: Json) -> Json:
    """POST /v1/payment_methods: a card, or a token that stands for one."""
    forms.only(parameters, "type", "card", "metadata", "billing_details")
    if forms.text(parameters, "type") != "card":
        raise bad_parameter("type", "parameter_invalid")
    return shown(of_card(books, forms.nested(parameters, "card"), "card"))


def of_card(books: StripeBooks, card: Json, param: str) -> Json:
    """A payment method, written down."""
    if "token" in card:
        found = plastic.of_token(forms.text(card, "token"))
        if found is None:
            raise missing("token", card["token"], f"{param}[token]")
        month, year = 12, 2099
    else:
        month, year = forms.whole(card, "exp_month"), forms.whole(card, "exp_year")
        found = _of_number(books, forms.text(card, "number"), month, year, forms.text(card, "cvc"))
    method = books.new("pm", "payment_method", type="card", _card=found.name)
    method["card"] = {"brand": found.brand, "last4": found.last4, "exp_month": month, "exp_year": year}
    books.put(method)
    return method


def named(books: StripeBooks, id: str) -> tuple[Json, Plastic]:
    """The payment method with that id, or the ready-made one of a test card (`pm_card_visa`), and its card.

    Raises:
        Refusal: there is none, or it belongs to nobody and has paid already.
    """
    ready = plastic.of_token(id) if id.startswith("pm_card_") else None
    if ready is not None:
        return of_card(books, {"token": f"tok_{ready.name}"}, "payment_method"), ready
    method = books.get("payment_method", id, "payment_method")
    if method.get("_has_paid"):
        message = "The provided PaymentMethod was previously used without being attached to a Customer."
        raise Refusal(400, "invalid_request_error", message, param="payment_method", is_kept=True)
    return method, plastic.BY_NAME[method["_card"]]


def _of_number(books: StripeBooks, number: str, month: int, year: int, cvc: str) -> Plastic:
    today = datetime.fromtimestamp(books.now(), UTC)
    if number not in plastic.BY_NUMBER:
        raise _refused("incorrect_number", "number")
    if not 1 <= month <= 12:
        raise _refused("invalid_expiry_month", "exp_month")
    if (year, month) < (today.year, today.month):
        raise _refused("invalid_expiry_year", "exp_year")
    if not (cvc.isdigit() and len(cvc) in (3, 4)):
        raise _refused("invalid_cvc", "cvc")
    return plastic.BY_NUMBER[number]


def _refused(code: str, param: str) -> Refusal:
    return Refusal(402, "card_error", f"Your card's {param} is invalid.", code=code, param=f"card[{param}]")
