"""The only place that speaks to Stripe's servers, through their SDK, and tells how they refuse.

Fence: the secret key enters here and leaves in no value, message or log line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar, cast

import requests  # the SDK's own way to the network
import stripe
from attrs import frozen
from requests.adapters import HTTPAdapter

from ordercore.adapters.payments.stripe_answers import Json, Nonsense, text
from ordercore.ports.gateway import Card

R = TypeVar("R")
Parameters = Mapping[str, Any]  # what the SDK takes, its own types being one a route

PAGE = 100
MISSING = "resource_missing"


class NoAnswer(Exception):
    """Whether anything happened is not known: a time-out, a broken connection, a fault of theirs, too many requests.

    `is_kept`: Stripe will answer this key like this for ever. `is_in_hand`: it is still busy with the first request.
    """

    def __init__(self, *, is_kept: bool = False, is_in_hand: bool = False) -> None:
        super().__init__()
        self.is_kept = is_kept
        self.is_in_hand = is_in_hand


class KeyReused(Exception):
    """The key was used before, with other content."""


@frozen(slots=False)
class Refused(Exception):
    """Stripe says no and has changed nothing; `error` is its reason."""

    error: Json

    @property
    def is_missing(self) -> bool:
        """Whether what was named does not exist."""
        return self.error.get("code") == MISSING


class StripeConnection:
    """Requests to Stripe, from many threads. They are never repeated here: that is decided where the key is known."""

    def __init__(self, key: str, *, base: str | None, timeout_seconds: float, at_once: int) -> None:
        stripe.enable_telemetry = False  # it would keep an id in the home folder of whoever runs us
        self._key = key
        self._base = base or stripe.DEFAULT_API_BASE
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        self._session.auth = _as_it_is  # else a password of a .netrc would replace the key
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=at_once))
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": self._base},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=timeout_seconds, session=self._session),
        )

    def create_intent(self, parameters: Parameters, key: str) -> tuple[Json, bool]:
        """A payment intent, and whether this was the answer to an earlier request with this key."""
        return self._told(lambda: self._intents.create(cast(Any, parameters), {"idempotency_key": key}))

    def capture_intent(self, id: str, parameters: Parameters, key: str) -> Json:
        """The payment intent after its capture."""
        return self._told(lambda: self._intents.capture(id, cast(Any, parameters), {"idempotency_key": key}))[0]

    def cancel_intent(self, id: str, metadata: Mapping[str, str], key: str) -> Json:
        """The payment intent after its end; the metadata is written first, for an end takes none."""
        mark = cast(Any, {"metadata": metadata})
        with suppress(Refused):  # the end itself says why
            self._told(lambda: self._intents.update(id, mark, {"idempotency_key": f"{key}-mark"}))
        return self._told(lambda: self._intents.cancel(id, {}, {"idempotency_key": key}))[0]

    def create_refund(self, parameters: Parameters, key: str) -> Json:
        """A refund."""
        return self._told(lambda: self._client.v1.refunds.create(cast(Any, parameters), {"idempotency_key": key}))[0]

    def intent(self, id: str) -> Json | None:
        """The payment intent as it is now; None where there is none."""
        try:
            return self._told(lambda: self._intents.retrieve(id))[0]
        except Refused as refused:
            if refused.is_missing:
                return None
            raise

    def intents(self, created: Mapping[str, int], **more: object) -> Iterator[Json]:
        """Payment intents by their time, newest first. The list shows all that was answered before it was asked for."""
        return self._paged(lambda page: self._intents.list(cast(Any, {"created": created, **more, **page})))

    def refunds(self, intent_id: str) -> Iterator[Json]:
        """The refunds of a payment intent, newest first."""
        of_intent = {"payment_intent": intent_id}
        try:
            yield from self._paged(lambda page: self._client.v1.refunds.list(cast(Any, {**of_intent, **page})))
        except Refused as refused:
            if not refused.is_missing:
                raise

    def create_method(self, card: Card) -> Json:
        """A payment method of a card. Past the SDK, which would write the number to its debug log."""
        form = {
            "type": "card",
            "card[number]": card.number.replace(" ", "").replace("-", ""),
            "card[exp_month]": card.expiry_month,
            "card[exp_year]": card.expiry_year,
            "card[cvc]": card.cvc,
        }
        headers = {"Authorization": f"Bearer {self._key}", "Stripe-Version": stripe.api_version}
        url = f"{self._base}/v1/payment_methods"
        try:
            told = self._session.post(url, form, headers=headers, timeout=self._timeout_seconds)
            body = told.json()
        except requests.RequestException:
            raise NoAnswer from None
        if told.status_code in (400, 402) and isinstance(body, dict) and isinstance(body.get("error"), dict):
            raise Refused(body["error"])
        if told.status_code != 200 or not isinstance(body, dict):
            raise NoAnswer
        return body

    @property
    def _intents(self) -> stripe.PaymentIntentService:
        return self._client.v1.payment_intents

    def _paged(self, page: Callable[[Parameters], Any]) -> Iterator[Json]:
        """One after the other, page after page."""
        wish: dict[str, object] = {"limit": PAGE}
        while True:
            told, _ = self._told(lambda: page(wish))
            things, has_more = told.get("data"), told.get("has_more")
            if not isinstance(things, list) or not isinstance(has_more, bool):
                raise Nonsense("no list")
            if not all(isinstance(thing, dict) for thing in things):
                raise Nonsense("no list of objects")
            yield from things
            if not has_more or not things:
                return
            wish["starting_after"] = text(things[-1], "id")

    def _told(self, ask: Callable[[], Any]) -> tuple[Json, bool]:
        """What Stripe answered, and whether it is a repetition.

        Raises:
            NoAnswer, KeyReused, Refused, Nonsense: see there.
        """
        try:
            response = ask().last_response
        except stripe.StripeError as failure:
            raise _translated(failure) from None
        except (AttributeError, KeyError, TypeError, ValueError):  # the SDK stumbles over objects of odd shape
            raise Nonsense("no object") from None
        return cast(Json, response.data), response.headers.get("Idempotent-Replayed") == "true"


def _translated(failure: stripe.StripeError) -> Exception:
    body = failure.json_body
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(failure, stripe.IdempotencyError):
        return KeyReused()
    is_refusal = isinstance(failure, stripe.CardError | stripe.InvalidRequestError)
    is_missing_route = failure.http_status == 404 and failure.code != MISSING
    if is_refusal and isinstance(error, dict) and not is_missing_route:
        return Refused(error)
    return NoAnswer(
        is_kept=bool(failure.headers and failure.headers.get("Idempotent-Replayed") == "true"),
        is_in_hand=failure.http_status == 409,
    )


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def waited(seconds: float, work: Callable[[], R]) -> R:
    """What the work comes to, if it does so in time. A time-out of the network alone bounds each read, not the whole.

    Raises:
        NoAnswer: the time is over. What was begun ends by itself.
    """
    outcome: SimpleQueue[tuple[R | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((work(), None))
        except BaseException as failure:  # whoever waits raises it
            outcome.put((None, failure))

    Thread(target=run, daemon=True).start()
    try:
        result, failure = outcome.get(timeout=max(seconds, 0))
    except Empty:
        raise NoAnswer from None
    if failure is not None:
        raise failure
    return cast(R, result)
