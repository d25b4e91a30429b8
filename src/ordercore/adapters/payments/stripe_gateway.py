"""The only place that asks Stripe for money: every attempt with a key of ours, and with its id in Stripe's metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from ordercore.adapters.payments.stripe_access import StripeAccess
from ordercore.adapters.payments.stripe_answers import (
    ATTEMPT,
    CAPTURE,
    NAME,
    NO_ANSWER,
    VOID,
    Json,
    Nonsense,
    declined,
    read,
    reason,
    text,
)
from ordercore.adapters.payments.stripe_client import KeyReused, NoAnswer, Refused, StripeConnection, waited
from ordercore.adapters.payments.stripe_money import stripe_amount
from ordercore.adapters.payments.stripe_notifications import reports
from ordercore.adapters.payments.stripe_records import records
from ordercore.domain.errors import CardRefused
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.ports.clock import Clock
from ordercore.ports.gateway import Card, ProviderCall, ProviderRecord, ProviderReport, ProviderTraits

KEY_LIFETIME = timedelta(hours=24)
"""Stripe forgets keys "after at least 24 hours"."""
SETTLING_TIME = timedelta(minutes=10)
"""Its lists show at once what it has answered; this long a request that nobody waits for may still be at work."""
HOLD_LIFETIME = timedelta(days=6, hours=18)
"""The shortest of the usual card networks for a customer who is present."""
SLACK = timedelta(minutes=5)
"""By how much Stripe's clock and ours may differ."""
SEARCHED = tuple(
    (timedelta(seconds=start), timedelta(seconds=stop))
    for start, stop in ((-5, 30), (-300, -5), (30, 300), (300, 7_200), (7_200, 86_700))
)
"""Where an attempt's intent may be in Stripe's list, from when its id was made: as long as its key lives, and slack."""
BUSY_SECONDS = 0.2
"""How long until a request is repeated that Stripe says it is still busy with."""
AT_ONCE = 8


class StripeGateway:
    """Payments through Stripe's PaymentIntents, captured by hand. Tokens are payment methods (`pm_...`) or card tokens
    (`tok_...`), which Stripe's own fields make of a card.

    `accepts_cards` is for tests: Stripe takes card numbers from those only whom it allows to.
    """

    def __init__(
        self,
        access: StripeAccess,
        *,
        clock: Clock,
        deadline: timedelta = timedelta(seconds=10),
        accepts_cards: bool = False,
    ) -> None:
        self._clock = clock
        self._webhook_secret = access.webhook_secret
        self._return_url = access.return_url
        self._traits = ProviderTraits(
            name=NAME,
            deadline=deadline,
            key_lifetime=KEY_LIFETIME,
            settling_time=SETTLING_TIME,
            hold_lifetime=HOLD_LIFETIME,
            calls_at_once=AT_ONCE,
            accepts_cards=accepts_cards,
        )
        self._stripe = StripeConnection(
            access.key, base=access.base, timeout_seconds=deadline.total_seconds(), at_once=AT_ONCE
        )

    @property
    def traits(self) -> ProviderTraits:
        """What Stripe can do; an authorisation is captured once, and what was left of it is let go."""
        return self._traits

    def call(self, request: ProviderCall) -> ProviderAnswer:
        """Authorise, capture, void or refund."""
        if stripe_amount(request.amount) is None:
            return declined("amount_not_representable")
        if request.kind is not AttemptKind.AUTHORISE and not request.reference:
            return declined("unknown_reference")
        return self._in_time(request, partial(self._called, request)) or NO_ANSWER

    def find(self, request: ProviderCall) -> ProviderAnswer | None:
        """What became of an earlier call with this key, from what Stripe shows now."""
        return self._in_time(request, lambda _: self._found(request))

    def tokenise(self, card: Card) -> str:
        """A payment method of the card, where Stripe takes its number from us.

        Raises:
            CardRefused: Stripe does not take it, or gives no answer.
        """
        try:
            return text(waited(self._traits.deadline.total_seconds(), lambda: self._stripe.create_method(card)), "id")
        except Refused as refused:
            pointer = _POINTERS.get(str(refused.error.get("param")), "/card/number")
            raise CardRefused(reason=f"Stripe says {reason(refused.error)}", pointer=pointer) from None
        except (NoAnswer, Nonsense):
            raise CardRefused(reason="Stripe gave no answer; nothing was kept") from None

    def read_notification(self, body: bytes, headers: Mapping[str, str]) -> Sequence[ProviderReport]:
        """What a webhook tells.

        Raises:
            BadSignature, NotificationIsOld, NotificationIsNonsense: it is not believed.
        """
        return reports(body, headers, self._webhook_secret, self._clock.now())

    def records(self, since: datetime, until: datetime) -> Iterator[ProviderRecord]:
        """Every authorisation of ours that was begun in that time and approved, oldest first.

        Raises:
            ProviderUnavailable: Stripe does not answer, or makes no sense.
        """
        return records(self._stripe, since, until)

    def _in_time(
        self, request: ProviderCall, ask: Callable[[datetime], ProviderAnswer | None]
    ) -> ProviderAnswer | None:
        """What asking comes to; what never came or makes no sense is no answer."""
        within = min(request.within or self._traits.deadline, self._traits.deadline)
        until = self._clock.now() + within
        try:
            return waited(within.total_seconds(), lambda: ask(until))
        except (NoAnswer, Nonsense, Refused):  # a list that is refused has told nothing
            return NO_ANSWER

    def _called(self, request: ProviderCall, until: datetime) -> ProviderAnswer | None:
        while True:
            try:
                return self._asked(request)
            except NoAnswer as failure:
                if failure.is_kept:  # it will never say more; what it did can be seen
                    return self._found(request)
                if not failure.is_in_hand or self._clock.now() + timedelta(seconds=BUSY_SECONDS) > until:
                    raise
                self._clock.pause(BUSY_SECONDS)
            except KeyReused:
                return self._with_key_reused(request)
            except Refused as refused:
                return _refusal(request, refused.error)

    def _asked(self, request: ProviderCall) -> ProviderAnswer | None:
        """One request. An approval that does not carry our id is not about us."""
        key, amount, reference = request.key, stripe_amount(request.amount), request.reference or ""
        if request.kind is AttemptKind.AUTHORISE:
            return self._authorised(request)
        if request.kind is AttemptKind.CAPTURE:
            wish: dict[str, object] = {"amount_to_capture": amount, "metadata": {CAPTURE: key}}
            thing = self._stripe.capture_intent(reference, wish, key)
        elif request.kind is AttemptKind.VOID:
            thing = self._stripe.cancel_intent(reference, {VOID: key}, key)
        else:
            wish = {"payment_intent": reference, "amount": amount, "metadata": {ATTEMPT: key}}
            thing = self._stripe.create_refund(wish, key)
        return read(request.kind, key, thing)

    def _authorised(self, request: ProviderCall) -> ProviderAnswer | None:
        intent, is_repetition = self._stripe.create_intent(self._wish(request), request.key)
        answer = read(request.kind, request.key, intent)
        if is_repetition and answer is not None and answer.kind is AnswerKind.ACTION_REQUIRED:
            return self._found_at(request, answer.reference)  # the repetition says what was, not what is
        return answer

    def _wish(self, request: ProviderCall) -> Mapping[str, object]:
        """The same whenever it is asked, as long as the address to come back to is the same."""
        token = request.token or ""
        paying: dict[str, object] = {"payment_method": token}
        if token.startswith("tok_"):
            paying = {"payment_method_data": {"type": "card", "card": {"token": token}}}
        if self._return_url is not None:
            paying["return_url"] = self._return_url
        return {
            "amount": stripe_amount(request.amount),
            "currency": request.amount.currency.lower(),
            "capture_method": "manual",
            "confirm": True,
            "payment_method_types": ["card"],
            "metadata": {ATTEMPT: request.key},
            **paying,
        }

    def _with_key_reused(self, request: ProviderCall) -> ProviderAnswer:
        """Other content is refused. The same content looks other to Stripe when a setting changed: then it was done."""
        found = self._found(request)
        if found is None or found.amount not in (None, request.amount):
            return declined("key_reused")
        return found

    def _found(self, request: ProviderCall) -> ProviderAnswer | None:
        if request.kind is AttemptKind.AUTHORISE:
            return _first(request, self._intents_around(request.key))
        if not request.reference:
            return None
        if request.kind is AttemptKind.REFUND:
            return _first(request, self._stripe.refunds(request.reference))
        return self._found_at(request, request.reference)

    def _found_at(self, request: ProviderCall, reference: str | None) -> ProviderAnswer | None:
        intent = self._stripe.intent(reference or "")
        return None if intent is None else read(request.kind, request.key, intent)

    def _intents_around(self, key: str) -> Iterator[Json]:
        """Those that may be of the attempt, the likely ones first; of a busy shop there are many in ten minutes."""
        now, began = self._clock.now(), began_at(key)
        windows = (
            [(now - KEY_LIFETIME, now + SLACK)] if began is None else [(began + a, began + b) for a, b in SEARCHED]
        )
        for start, stop in windows:
            if start <= now + SLACK:
                last = min(stop, now + SLACK)
                yield from self._stripe.intents({"gte": int(start.timestamp()), "lte": int(last.timestamp())})


def began_at(key: str) -> datetime | None:
    """When an attempt's id, which is a uuid7, was made; None for a key that is none."""
    try:
        id = UUID(key)
    except ValueError:
        return None
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC) if id.version == 7 else None


def _first(request: ProviderCall, things: Iterable[Json]) -> ProviderAnswer | None:
    answers = (read(request.kind, request.key, thing) for thing in things)
    return next((answer for answer in answers if answer is not None), None)


def _refusal(request: ProviderCall, error: Json) -> ProviderAnswer:
    """A no. A hold that cannot be given up because it is gone already needs none."""
    intent = error.get("payment_intent")
    if not isinstance(intent, Mapping):
        return declined(reason(error))
    gone = read(request.kind, request.key, intent) if request.kind is AttemptKind.VOID else None
    return gone or declined(reason(error), text(intent, "id") if request.kind is AttemptKind.AUTHORISE else None)


_POINTERS: Mapping[str, str] = {
    "card[exp_month]": "/card/expiry_month",
    "card[exp_year]": "/card/expiry_year",
    "card[cvc]": "/card/cvc",
}
