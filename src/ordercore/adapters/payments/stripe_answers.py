"""The only place that reads what Stripe says of a payment intent or a refund; what makes no sense is no answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ordercore.adapters.payments.stripe_money import money_of
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptKind, NextAction, NextActionKind, ProviderAnswer

Json = Mapping[str, Any]  # as JSON comes: nothing in it is believed before it is looked at

NAME = "stripe"
ATTEMPT, CAPTURE, VOID = "ordercore_attempt", "ordercore_capture", "ordercore_void"
"""Our attempts' ids in Stripe's metadata: of an authorisation or a refund, and of what was done to an authorisation."""

NO_ANSWER = ProviderAnswer(kind=AnswerKind.UNKNOWN)


class Nonsense(Exception):
    """What Stripe said cannot be understood."""


def read(kind: AttemptKind, key: str, thing: Json) -> ProviderAnswer | None:
    """What an object tells of the attempt with that key; None where that attempt has not (yet) changed it.

    Raises:
        Nonsense: a field is missing, or no value of its kind.
    """
    return _READERS[kind](key, thing)


def declined(code: str, reference: str | None = None) -> ProviderAnswer:
    """A no, with Stripe's own word for the reason."""
    return ProviderAnswer(kind=AnswerKind.DECLINED, decline_code=code, reference=reference)


def text(thing: Json, name: str) -> str:
    """A field that must be text.

    Raises:
        Nonsense: it is not.
    """
    value = thing.get(name)
    if not isinstance(value, str) or not value:
        raise Nonsense(f"{name} is missing")
    return value


def part(thing: Json, name: str) -> Json:
    """A field that must be an object.

    Raises:
        Nonsense: it is not.
    """
    value = thing.get(name)
    if not isinstance(value, Mapping):
        raise Nonsense(f"{name} is missing")
    return value


def whole(thing: Json, name: str) -> int:
    """A field that must be a whole number.

    Raises:
        Nonsense: it is not.
    """
    value = thing.get(name)
    if type(value) is not int or value < 0:
        raise Nonsense(f"{name} is missing")
    return value


def money(thing: Json, name: str) -> Money:
    """An amount in the object's own currency.

    Raises:
        Nonsense: there is none, or in no currency that we know.
    """
    found = money_of(whole(thing, name), text(thing, "currency"))
    if found is None:
        raise Nonsense(f"{name} is in no currency that we know")
    return found


def is_of(thing: Json, mark: str, key: str) -> bool:
    """Whether our attempt's id is written there.

    Raises:
        Nonsense: it has no place for it.
    """
    return part(thing, "metadata").get(mark) == key


def _approved(thing: Json, amount: str) -> ProviderAnswer:
    return ProviderAnswer(kind=AnswerKind.APPROVED, reference=text(thing, "id"), amount=money(thing, amount))


def _authorisation(key: str, intent: Json) -> ProviderAnswer | None:
    """Held or already taken is yes; so is no hold any more a no: there is nothing to take."""
    if not is_of(intent, ATTEMPT, key):
        return None
    status = text(intent, "status")
    if status == "requires_capture":
        return _approved(intent, "amount_capturable")
    if status == "succeeded":
        return _approved(intent, "amount")
    if status == "canceled":
        return declined("canceled", text(intent, "id"))
    if status == "requires_payment_method":
        return declined(reason(part(intent, "last_payment_error")), text(intent, "id"))
    return _awaiting(intent) if status == "requires_action" else NO_ANSWER


def _awaiting(intent: Json) -> ProviderAnswer:
    action = part(intent, "next_action")
    if text(action, "type") == "redirect_to_url":
        next_action = NextAction(kind=NextActionKind.REDIRECT, value=text(part(action, "redirect_to_url"), "url"))
    else:
        next_action = NextAction(kind=NextActionKind.CLIENT_SECRET, value=text(intent, "client_secret"))
    return ProviderAnswer(kind=AnswerKind.ACTION_REQUIRED, reference=text(intent, "id"), next_action=next_action)


def _capture(key: str, intent: Json) -> ProviderAnswer | None:
    is_ours = is_of(intent, CAPTURE, key)
    return _approved(intent, "amount_received") if text(intent, "status") == "succeeded" and is_ours else None


def _void(_: str, intent: Json) -> ProviderAnswer | None:
    """The hold is gone, whoever asked for it: a void has nothing more to do."""
    return _approved(intent, "amount") if text(intent, "status") == "canceled" else None


def _refund(key: str, refund: Json) -> ProviderAnswer | None:
    """Money on its way counts as given back: should the bank refuse it later, Stripe reports it as failed."""
    if not is_of(refund, ATTEMPT, key):
        return None
    status = text(refund, "status")
    if status in ("succeeded", "pending"):
        return _approved(refund, "amount")
    if status in ("failed", "canceled"):
        return declined(refund.get("failure_reason") or status, text(refund, "id"))
    return NO_ANSWER


def reason(error: Json) -> str:
    """Why it was refused, in the most exact of Stripe's words."""
    for name in ("decline_code", "code"):
        if isinstance(error.get(name), str):
            return str(error[name])
    return "invalid_request"


_READERS: Mapping[AttemptKind, Callable[[str, Json], ProviderAnswer | None]] = {
    AttemptKind.AUTHORISE: _authorisation,
    AttemptKind.CAPTURE: _capture,
    AttemptKind.VOID: _void,
    AttemptKind.REFUND: _refund,
}
