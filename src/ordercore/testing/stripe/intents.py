"""The only place for what a payment intent goes through: confirmed, acted upon, captured, cancelled."""

from __future__ import annotations

from ordercore.testing.stripe import forms, plastic, vault
from ordercore.testing.stripe.books import StripeBooks, shown
from ordercore.testing.stripe.plastic import Plastic
from ordercore.testing.stripe.refusals import Refusal, bad_parameter, not_now
from ordercore.testing.stripe.shapes import Json

LEAST, MOST = 1, 99_999_999
CANCELLABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")
UNEXPECTED = "payment_intent_unexpected_state"


def create(books: StripeBooks, parameters: Json) -> Json:
    """POST /v1/payment_intents, confirmed at once where that is asked for."""
    known = "amount currency confirm capture_method metadata payment_method payment_method_data payment_method_types"
    forms.only(parameters, *known.split(), "off_session", "return_url", "description", "use_stripe_sdk")
    amount, currency = forms.whole(parameters, "amount"), forms.text(parameters, "currency")
    if not LEAST <= amount <= MOST:
        code = "amount_too_small" if amount < LEAST else "amount_too_large"
        raise Refusal(400, "invalid_request_error", "That amount cannot be charged.", code=code, param="amount")
    if not (len(currency) == 3 and currency.islower()):
        raise bad_parameter("currency", "invalid_currency")
    method, card = _paying(books, parameters)
    intent = books.new(
        "pi",
        "payment_intent",
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        canceled_at=None,
        cancellation_reason=None,
        capture_method=parameters.get("capture_method", "automatic"),
        currency=currency,
        last_payment_error=None,
        latest_charge=None,
        metadata=forms.nested(parameters, "metadata"),
        next_action=None,
        payment_method=method["id"],
        payment_method_types=parameters.get("payment_method_types", ["card"]),
        status="requires_confirmation",
        _card=card.name,
        _return_url=parameters.get("return_url"),
    )
    intent["client_secret"] = f"{intent['id']}_secret_{books.new_id('x')}"
    books.put(intent)
    if forms.flag(parameters, "confirm"):
        _confirm(books, intent, is_alone=forms.flag(parameters, "off_session"))
    return shown(intent)


def capture(books: StripeBooks, id: str, parameters: Json) -> Json:
    """POST /v1/payment_intents/ID/capture: once, all of it or less; what is left is let go."""
    forms.only(parameters, "amount_to_capture", "metadata")
    intent = books.get("payment_intent", id)
    if intent["status"] != "requires_capture":
        message = f"This PaymentIntent could not be captured because it has a status of {intent['status']}."
        raise not_now(message, UNEXPECTED, shown(intent))
    minor = forms.whole(parameters, "amount_to_capture", intent["amount_capturable"])
    if not 0 < minor <= intent["amount_capturable"]:
        message = "The amount to capture exceeds what is capturable, or is nothing."
        raise not_now(message, "amount_too_large" if minor else "amount_too_small", param="amount_to_capture")
    charge = books.get("charge", intent["latest_charge"])
    charge.update(captured=True, amount_captured=minor)
    intent.update(status="succeeded", amount_capturable=0, amount_received=minor)
    intent["metadata"] = {**intent["metadata"], **forms.nested(parameters, "metadata")}
    _write(books, intent, "payment_intent.succeeded", charge, "charge.captured")
    if plastic.BY_NAME[intent["_card"]].is_disputed:
        dispute(books, id)
    return shown(intent)


def update(books: StripeBooks, id: str, parameters: Json) -> Json:
    """POST /v1/payment_intents/ID: more metadata, whatever its state."""
    forms.only(parameters, "metadata")
    intent = books.get("payment_intent", id)
    intent["metadata"] = {**intent["metadata"], **forms.nested(parameters, "metadata")}
    books.put(intent)
    return shown(intent)


def cancel(books: StripeBooks, id: str, parameters: Json, reason: str | None = None) -> Json:
    """POST /v1/payment_intents/ID/cancel: a hold is given up."""
    forms.only(parameters, "cancellation_reason")
    intent = books.get("payment_intent", id)
    if intent["status"] not in CANCELLABLE:
        message = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
        raise not_now(message, UNEXPECTED, shown(intent))
    intent.update(
        status="canceled",
        amount_capturable=0,
        canceled_at=books.now(),
        cancellation_reason=reason or parameters.get("cancellation_reason"),
        next_action=None,
    )
    _write(books, intent, "payment_intent.canceled")
    return shown(intent)


def act(books: StripeBooks, id: str, *, succeeds: bool) -> Json:
    """The customer completes what was asked of them, or fails at it."""
    intent = books.get("payment_intent", id)
    if intent["status"] != "requires_action":
        raise not_now("Nothing is asked of the customer.", UNEXPECTED, shown(intent))
    intent["next_action"] = None
    if succeeds:
        _charge(books, intent)
    else:
        _decline(books, intent, "payment_intent_authentication_failure", None)
    return shown(intent)


def dispute(books: StripeBooks, id: str) -> Json:
    """The customer's bank takes the money back."""
    intent = books.get("payment_intent", id)
    thing = books.new(
        "dp",
        "dispute",
        amount=intent["amount_received"],
        currency=intent["currency"],
        charge=intent["latest_charge"],
        payment_intent=id,
        reason="fraudulent",
        status="needs_response",
    )
    books.put(thing)
    books.tell("charge.dispute.created", thing)
    return thing


def _paying(books: StripeBooks, parameters: Json) -> tuple[Json, Plastic]:
    """The payment method that is named, or made on the way."""
    if "payment_method" in parameters:
        return vault.named(books, forms.text(parameters, "payment_method"))
    details = forms.nested(parameters, "payment_method_data")
    if forms.text(details, "type") != "card":
        raise bad_parameter("payment_method_data[type]", "parameter_invalid")
    method = vault.of_card(books, forms.nested(details, "card"), "payment_method_data[card]")
    return method, plastic.BY_NAME[method["_card"]]


def _confirm(books: StripeBooks, intent: Json, *, is_alone: bool) -> None:
    if not plastic.BY_NAME[intent["_card"]].needs_action:
        _charge(books, intent)
    elif is_alone:
        _decline(books, intent, "authentication_required", "authentication_required")
        raise _declined(intent)
    else:
        intent.update(status="requires_action", next_action=_next_action(intent))
        _write(books, intent, "payment_intent.requires_action")
        return
    if intent["last_payment_error"] is not None:
        raise _declined(intent)


def _charge(books: StripeBooks, intent: Json) -> None:
    """Ask the card: money held, or taken, or neither."""
    card = plastic.BY_NAME[intent["_card"]]
    if card.code is not None:
        intent["latest_charge"] = _charged(books, intent, "failed", 0)["id"]
        _decline(books, intent, card.code, card.decline_code)
        return
    at_once = intent["capture_method"] != "manual"
    taken = intent["amount"] if at_once else 0
    charge = _charged(books, intent, "succeeded", taken)
    intent.update(
        status="succeeded" if at_once else "requires_capture",
        amount_capturable=intent["amount"] - taken,
        amount_received=taken,
        latest_charge=charge["id"],
    )
    books.put({**books.get("payment_method", intent["payment_method"]), "_has_paid": True})
    what = "payment_intent.succeeded" if at_once else "payment_intent.amount_capturable_updated"
    _write(books, intent, what, charge, "charge.succeeded")


def _charged(books: StripeBooks, intent: Json, status: str, taken: int) -> Json:
    """A try to charge the card, written down; one that failed too."""
    charge = books.new(
        "ch",
        "charge",
        amount=intent["amount"],
        amount_captured=taken,
        amount_refunded=0,
        captured=taken > 0,
        currency=intent["currency"],
        payment_intent=intent["id"],
        refunded=False,
        status=status,
    )
    books.put(charge)
    return charge


def _decline(books: StripeBooks, intent: Json, code: str, decline_code: str | None) -> None:
    error = {"type": "card_error", "code": code, "message": "Your card was declined."}
    if decline_code is not None:
        error["decline_code"] = decline_code
    intent.update(status="requires_payment_method", last_payment_error=error, payment_method=None)
    _write(books, intent, "payment_intent.payment_failed")


def _declined(intent: Json) -> Refusal:
    error = dict(intent["last_payment_error"])
    return Refusal(402, error.pop("type"), error.pop("message"), is_kept=True, payment_intent=shown(intent), **error)


def _next_action(intent: Json) -> Json:
    """With an address to come back to, an address to go to; without one, something for Stripe's own script."""
    if intent["_return_url"] is None:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    url = f"/_fake/authenticate/{intent['id']}"  # the server puts its own address before it
    return {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": intent["_return_url"]}}


def _write(
    books: StripeBooks, intent: Json, what: str, charge: Json | None = None, of_charge: str | None = None
) -> None:
    if charge is not None and of_charge is not None:
        books.put(charge)
        books.tell(of_charge, charge)
    books.put(intent)
    books.tell(what, intent)
