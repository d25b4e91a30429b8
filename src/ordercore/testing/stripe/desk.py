"""The only place that answers Stripe's routes: each key once, the same answer again, 409 while the first is heard."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from attrs import frozen

from ordercore.testing.stripe import forms, intents, refunds, vault
from ordercore.testing.stripe.books import StripeBooks, Window, shown
from ordercore.testing.stripe.refusals import Refusal, bad_parameter
from ordercore.testing.stripe.shapes import Answer, Json

Route = Callable[[StripeBooks, str, Json], Json]
Effect = Callable[[Answer], Answer]
ID = r"(?P<id>[A-Za-z0-9_]+)"
LONGEST_PAGE = 100


@frozen(kw_only=True)
class Asked:
    """A request as it came: `encoded` is its form or its query."""

    method: str
    path: str
    encoded: str
    authorization: str
    key: str | None


class Desk:
    """Whoever answers. `kept` lets a fault change the answer that a key is kept with."""

    def __init__(self, books: StripeBooks) -> None:
        self.books = books
        self._in_hand: set[str] = set()
        self._lock = Lock()

    def answer(self, asked: Asked, before: Callable[[], None] = lambda: None, kept: Effect = lambda a: a) -> Answer:
        """The answer; `before` is run when the key is taken and nothing has happened yet."""
        try:
            _known(asked.authorization)
            if asked.method != "POST" or asked.key is None:
                before()
                with self.books.writing():
                    return self._done(asked)
            with self._taken(asked.key):
                before()
                return self._once(asked, asked.key, kept)
        except Refusal as refusal:
            return refusal.answer

    def _once(self, asked: Asked, key: str, kept: Effect) -> Answer:
        fingerprint = hashlib.sha256(f"{asked.path}?{asked.encoded}".encode()).hexdigest()
        with self.books.writing():
            earlier = self.books.answer_to(key)
            if earlier is not None:
                if earlier[0] != fingerprint:
                    message = "Keys for idempotent requests can only be used with the same parameters."
                    raise Refusal(400, "idempotency_error", message)
                return earlier[1]
            try:
                answer = self._done(asked)
            except Refusal as refusal:
                answer = refusal.answer
                if not refusal.is_kept:
                    return answer
            self.books.keep(key, fingerprint, kept(answer))
            return answer

    def _done(self, asked: Asked) -> Answer:
        for method, pattern, route in _ROUTES:
            match = re.fullmatch(pattern, asked.path)
            if match and method == asked.method:
                parameters = forms.decode(asked.encoded)
                return Answer(200, route(self.books, match.groupdict().get("id", ""), parameters))
        raise Refusal(404, "invalid_request_error", f"Unrecognized request URL ({asked.method}: {asked.path}).")

    @contextmanager
    def _taken(self, key: str) -> Iterator[None]:
        with self._lock:
            if key in self._in_hand:
                message = "There is currently another in-progress request using this Idempotent Key."
                raise Refusal(409, "invalid_request_error", message, code="idempotency_key_in_use")
            self._in_hand.add(key)
        try:
            yield
        finally:
            self._in_hand.discard(key)


def _known(authorization: str) -> None:
    if not authorization.startswith(("Bearer sk_test_", "Bearer rk_test_")):
        raise Refusal(401, "invalid_request_error", "Invalid API Key provided.")


def _listing(kind: str) -> Route:
    def route(books: StripeBooks, _: str, parameters: Json) -> Json:
        forms.only(parameters, "created", "limit", "starting_after", "payment_intent", "type", "types")
        created = forms.nested(parameters, "created")
        limit = forms.whole(parameters, "limit", 10)
        if not 1 <= limit <= LONGEST_PAGE:
            raise bad_parameter("limit", "parameter_invalid_integer")
        if "payment_intent" in parameters:
            books.get("payment_intent", forms.text(parameters, "payment_intent"), "payment_intent")
        window = Window(
            since=forms.whole(created, "gte", 0),
            until=forms.whole(created, "lt", 2**40) - 1 if "lt" in created else forms.whole(created, "lte", 2**40),
            intent=parameters.get("payment_intent"),
            after=parameters.get("starting_after"),
            limit=limit,
        )
        page, has_more = books.listed(kind, window)
        data = [_expanded(books, thing, parameters, "data.") for thing in page]
        return {"object": "list", "url": f"/v1/{kind}s", "has_more": has_more, "data": data}

    return route


def _retrieval(kind: str) -> Route:
    def route(books: StripeBooks, id: str, parameters: Json) -> Json:
        forms.only(parameters)
        return _expanded(books, books.get(kind, id), parameters, "")

    return route


def _expanded(books: StripeBooks, thing: Json, parameters: Json, prefix: str) -> Json:
    whole = shown(thing)
    wanted = parameters.get("expand", [])
    if f"{prefix}latest_charge" in wanted and whole.get("latest_charge"):
        whole["latest_charge"] = books.get("charge", whole["latest_charge"])
    return whole


_ROUTES: tuple[tuple[str, str, Route], ...] = (
    ("POST", "/v1/payment_methods", lambda books, _, parameters: vault.create(books, parameters)),
    ("POST", "/v1/payment_intents", lambda books, _, parameters: intents.create(books, parameters)),
    ("GET", "/v1/payment_intents", _listing("payment_intent")),
    ("GET", f"/v1/payment_intents/{ID}", _retrieval("payment_intent")),
    ("POST", f"/v1/payment_intents/{ID}", intents.update),
    ("POST", f"/v1/payment_intents/{ID}/capture", intents.capture),
    ("POST", f"/v1/payment_intents/{ID}/cancel", intents.cancel),
    ("POST", "/v1/refunds", lambda books, _, parameters: refunds.create(books, parameters)),
    ("GET", "/v1/refunds", _listing("refund")),
    ("GET", f"/v1/refunds/{ID}", _retrieval("refund")),
    ("GET", f"/v1/charges/{ID}", _retrieval("charge")),
    ("GET", "/v1/events", _listing("event")),
    ("GET", f"/v1/events/{ID}", _retrieval("event")),
)


def totals(books: StripeBooks) -> Mapping[str, Json]:
    """What every authorisation came to, by our attempt's id in its metadata: to be compared with other books."""
    found: dict[str, Json] = {}
    for intent in books.listed("payment_intent", Window(limit=2**31))[0]:
        charge = books.find("charge", intent["latest_charge"] or "") or {}
        found.setdefault(intent["metadata"].get("ordercore_attempt", intent["id"]), {"intents": 0}).update(
            id=intent["id"],
            status=intent["status"],
            currency=intent["currency"],
            authorised=intent["amount_capturable"] + intent["amount_received"],
            captured=intent["amount_received"],
            refunded=charge.get("amount_refunded", 0),
        )
        found[intent["metadata"].get("ordercore_attempt", intent["id"])]["intents"] += 1
    return found
