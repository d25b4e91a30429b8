"""The fake Stripe is a checker, so it is checked: with Stripe's SDK, which would accept more than it should."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import stripe as sdk

from ordercore.testing.stripe.process import KEY, StripeProcess

SECRET = "whsec_of_the_tests"
HELD = {
    "amount": 1000,
    "currency": "eur",
    "capture_method": "manual",
    "confirm": True,
    "payment_method_types": ["card"],
    "payment_method": "pm_card_visa",
}


@pytest.fixture
def client(stripe: StripeProcess) -> sdk.StripeClient:
    return client_of(stripe)


def client_of(stripe: StripeProcess, key: str = KEY) -> sdk.StripeClient:
    return sdk.StripeClient(key, base_addresses={"api": stripe.base}, max_network_retries=0)


def hold(client: sdk.StripeClient, key: str | None = None, **more: Any) -> sdk.PaymentIntent:
    options: Any = {} if key is None else {"idempotency_key": key}
    return client.v1.payment_intents.create(cast(Any, {**HELD, **more}), options)


def headers_of(intent: sdk.PaymentIntent) -> Any:
    assert intent.last_response is not None
    return intent.last_response.headers


# -- keys -----------------------------------------------------------------------------------------------------------


def test_a_key_answers_the_same_again_and_says_so(client: sdk.StripeClient) -> None:
    first, again = hold(client, "same"), hold(client, "same")
    assert first.id == again.id
    assert "Idempotent-Replayed" not in headers_of(first)
    assert headers_of(again)["Idempotent-Replayed"] == "true"


def test_a_key_answers_a_decline_the_same_again(client: sdk.StripeClient) -> None:
    told = []
    for _ in range(2):
        with pytest.raises(sdk.CardError) as declined:
            hold(client, "declined", payment_method="pm_card_chargeDeclined")
        told.append(declined.value.json_body)
    assert told[0] == told[1]


def test_a_key_with_other_parameters_is_an_idempotency_error(client: sdk.StripeClient) -> None:
    hold(client, "reused")
    with pytest.raises(sdk.IdempotencyError):
        hold(client, "reused", amount=2000)


def test_a_key_of_a_request_that_was_malformed_is_free(client: sdk.StripeClient) -> None:
    with pytest.raises(sdk.InvalidRequestError):
        hold(client, "malformed", amount="much")
    assert hold(client, "malformed").status == "requires_capture"


# -- what it refuses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"amount": 0}, "amount_too_small"),
        ({"amount": 100_000_000}, "amount_too_large"),
        ({"currency": "EUR"}, "invalid_currency"),
        ({"currency": "euro"}, "invalid_currency"),
        ({"colour": "red"}, "parameter_unknown"),
        ({"metadata": "none"}, None),
        ({"payment_method": "pm_of_nobody"}, "resource_missing"),
        ({"payment_method": ""}, "parameter_missing"),
    ],
)
def test_a_charge_that_stripe_would_refuse_is_refused(
    client: sdk.StripeClient, parameters: dict[str, Any], code: str | None
) -> None:
    with pytest.raises(sdk.InvalidRequestError) as refused:
        hold(client, **parameters)
    assert refused.value.code == code


@pytest.mark.parametrize(("paying", "code"), [({"type": "sepa_debit"}, "parameter_invalid"), ({}, "parameter_missing")])
def test_only_cards_pay(client: sdk.StripeClient, paying: dict[str, str], code: str) -> None:
    parameters: Any = {**HELD, "payment_method_data": paying}
    del parameters["payment_method"]
    with pytest.raises(sdk.InvalidRequestError) as refused:
        client.v1.payment_intents.create(parameters)
    assert refused.value.code == code


def test_a_stranger_is_not_served(stripe: StripeProcess) -> None:
    with pytest.raises(sdk.AuthenticationError):
        hold(client_of(stripe, "sk_wrong"))


def test_a_customer_who_is_absent_cannot_act(client: sdk.StripeClient) -> None:
    with pytest.raises(sdk.CardError) as declined:
        hold(client, payment_method="pm_card_authenticationRequired", off_session=True)
    assert declined.value.code == "authentication_required"


def test_money_moves_within_its_bounds(client: sdk.StripeClient) -> None:
    intents, refunds = client.v1.payment_intents, client.v1.refunds
    id = hold(client).id
    for bad in (0, 1001):
        with pytest.raises(sdk.InvalidRequestError, match="to capture"):
            intents.capture(id, {"amount_to_capture": bad})
    with pytest.raises(sdk.InvalidRequestError, match="does not have a successful charge"):
        refunds.create({"payment_intent": id})
    taken = intents.capture(id, {"amount_to_capture": 600})
    assert (taken.amount_received, taken.amount_capturable) == (600, 0)
    for act in (intents.capture, intents.cancel):
        with pytest.raises(sdk.InvalidRequestError) as refused:
            act(id)
        assert refused.value.code == "payment_intent_unexpected_state"
    with pytest.raises(sdk.InvalidRequestError, match="greater than"):
        refunds.create({"payment_intent": id, "amount": 601})
    assert refunds.create({"payment_intent": id, "amount": 200}).status == "succeeded"
    assert refunds.create({"payment_intent": id}).amount == 400
    with pytest.raises(sdk.InvalidRequestError) as refused:
        refunds.create({"payment_intent": id})
    assert refused.value.code == "charge_already_refunded"


def test_a_hold_that_was_given_up_is_gone(client: sdk.StripeClient) -> None:
    id = hold(client).id
    assert client.v1.payment_intents.cancel(id, {"cancellation_reason": "abandoned"}).status == "canceled"
    for act in (client.v1.payment_intents.capture, client.v1.payment_intents.cancel):
        with pytest.raises(sdk.InvalidRequestError):
            act(id)


def test_without_manual_capture_the_money_is_taken_at_once(client: sdk.StripeClient) -> None:
    intent = hold(client, capture_method="automatic")
    assert (intent.status, intent.amount_received) == ("succeeded", 1000)


def test_a_refund_may_be_on_its_way_and_arrive(stripe: StripeProcess, client: sdk.StripeClient) -> None:
    id = hold(client, capture_method="automatic", payment_method="pm_card_pendingRefund").id
    refund = client.v1.refunds.create({"payment_intent": id})
    assert refund.status == "pending"
    stripe.act("refund-succeed", refund.id)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_a_refund_that_fails_can_be_made_again(stripe: StripeProcess, client: sdk.StripeClient) -> None:
    id = hold(client, capture_method="automatic").id
    stripe.act("refund-fail", client.v1.refunds.create({"payment_intent": id}).id)
    assert client.v1.refunds.create({"payment_intent": id}).status == "succeeded"


def test_no_number_of_a_card_is_kept(own_stripe: StripeProcess) -> None:
    card: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2099, "cvc": "123"}
    method = client_of(own_stripe).v1.payment_methods.create({"type": "card", "card": card})
    assert method.card is not None
    assert method.card.last4 == "4242"
    own_stripe.stop()
    assert own_stripe.books is not None
    for file in own_stripe.books.parent.iterdir():
        assert b"424242424242" not in file.read_bytes()


# -- lists ----------------------------------------------------------------------------------------------------------


def test_a_list_comes_in_pages_newest_first(own_stripe: StripeProcess) -> None:
    client = client_of(own_stripe)
    made = [hold(client).id for _ in range(5)]
    listed = client.v1.payment_intents.list({"limit": 2}).auto_paging_iter()
    assert [intent.id for intent in listed] == made[::-1]
    with pytest.raises(sdk.InvalidRequestError):
        client.v1.payment_intents.list({"limit": 101})


def test_what_was_expanded_comes_whole(client: sdk.StripeClient) -> None:
    id = hold(client).id
    intent = client.v1.payment_intents.retrieve(id, {"expand": ["latest_charge"]})
    assert isinstance(intent.latest_charge, sdk.Charge)
    assert client.v1.charges.retrieve(intent.latest_charge.id).amount == 1000


# -- the customer's part --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outcome", "status"), [("succeed", "requires_capture"), ("fail", "requires_payment_method")])
def test_a_customer_proves_who_they_are_on_a_page_and_comes_back(
    stripe: StripeProcess, client: sdk.StripeClient, outcome: str, status: str
) -> None:
    shop = f"{stripe.base}/_fake/authenticate/nobody"  # any page will do: it is not looked at
    intent = hold(client, payment_method="pm_card_threeDSecure2Required", return_url=f"{shop}?order=1")
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    address = intent.next_action.redirect_to_url.url or ""
    with urlopen(address) as page:
        assert f"{address.removeprefix(stripe.base)}/{outcome}" in page.read().decode()
    with pytest.raises(HTTPError) as way_back:
        urlopen(f"{address}/{outcome}")
    assert way_back.value.url == f"{shop}?order=1&payment_intent={intent.id}"
    way_back.value.close()
    assert client.v1.payment_intents.retrieve(intent.id).status == status


def test_nobody_acts_twice(stripe: StripeProcess, client: sdk.StripeClient) -> None:
    intent = hold(client, payment_method="pm_card_threeDSecure2Required")
    stripe.act("succeed", intent.id)
    for act in ("succeed", "no-such-act"):
        with pytest.raises(HTTPError) as refused:
            stripe.act(act, intent.id)
        refused.value.close()


# -- events ---------------------------------------------------------------------------------------------------------


class Listener(HTTPServer):
    """Whoever wants to hear of events."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, str]] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), Ear)


class Ear(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((body, self.headers["Stripe-Signature"]))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library names it
        """Nobody reads it."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_events_are_delivered_signed_again_and_in_another_order(own_stripe: StripeProcess, listener: Listener) -> None:
    client = client_of(own_stripe)
    client.v1.payment_intents.capture(hold(client, payment_method="pm_card_createDispute").id)
    wish = {"url": f"http://127.0.0.1:{listener.server_port}/", "secret": SECRET}
    types = ["payment_intent.amount_capturable_updated", "payment_intent.succeeded", "charge.dispute.created"]
    assert own_stripe.control("deliver", {**wish, "types": types}) == {"statuses": [200] * 3}
    own_stripe.control("deliver", {**wish, "types": types, "copies": 2, "reversed": True})
    events = [sdk.Webhook.construct_event(body, header, SECRET) for body, header in listener.heard]
    happened = [event.type for event in events]
    assert happened[:3] == types
    assert happened[3:] == [types[2]] * 2 + [types[1]] * 2 + [types[0]] * 2
    assert len({event.id for event in events}) == 3


def test_a_listener_that_refuses_is_told_of(own_stripe: StripeProcess, listener: Listener) -> None:
    hold(client_of(own_stripe))
    listener.status = 503
    wish = {"url": f"http://127.0.0.1:{listener.server_port}/", "secret": SECRET, "types": ["charge.succeeded"]}
    assert own_stripe.control("deliver", {**wish, "seconds_ago": 3600}) == {"statuses": [503]}
    body, header = listener.heard[0]
    with pytest.raises(sdk.SignatureVerificationError, match="tolerance"):
        sdk.Webhook.construct_event(body, header, SECRET)


def test_an_event_is_read_again_by_its_id(stripe: StripeProcess, client: sdk.StripeClient) -> None:
    hold(client)
    newest = stripe.events()[0]
    assert client.v1.events.retrieve(newest["id"]).type == newest["type"]


# -- books ----------------------------------------------------------------------------------------------------------


def test_what_was_answered_survives_a_kill(own_stripe: StripeProcess) -> None:
    client = client_of(own_stripe)
    id = hold(client, "kept", metadata={"ordercore_attempt": "ours"}).id
    before = own_stripe.totals()
    own_stripe.kill()
    own_stripe.kill()
    own_stripe.start()
    assert own_stripe.totals() == before == {"ours": before["ours"]}
    assert hold(client, "kept", metadata={"ordercore_attempt": "ours"}).id == id


def test_an_unknown_route_is_not_found(stripe: StripeProcess) -> None:
    for path in ("/v1/customers", "/_fake/nothing"):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{stripe.base}{path}")
        refused.value.close()
        assert refused.value.code in (401, 404)
