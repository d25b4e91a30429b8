"""The only place for how this Stripe misbehaves on demand: before the effect, after it, or in what it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from threading import Lock

from attrs import frozen

from ordercore.testing.stripe.refusals import Refusal
from ordercore.testing.stripe.shapes import Answer, Json


class Fault(StrEnum):
    """What goes wrong with one request."""

    DROP_BEFORE = "drop_before"  # the connection breaks, nothing has happened
    ERROR_BEFORE = "error_before"  # 500, nothing has happened
    REFUSED = "refused"  # 400 for no good reason, nothing has happened
    RATE_LIMIT = "rate_limit"  # 429, nothing has happened
    DAWDLE = "dawdle"  # it happens after a while; until then the key is in hand
    LATE = "late"  # it has happened, and the answer comes after a while
    DROP_AFTER = "drop_after"  # it has happened, and the connection breaks
    DRIP = "drip"  # it has happened, and the answer comes byte by byte
    ERROR_AFTER = "error_after"  # it has happened, and a 500 is answered; the key knows better
    ERROR_KEPT = "error_kept"  # the same, and the key answers the 500 again
    EMPTY = "empty"
    NOT_JSON = "not_json"
    HALF = "half"
    NO_OBJECT = "no_object"
    NO_LIST = "no_list"  # of a list: it does not say whether there is more
    ODD_LIST = "odd_list"  # of a list: what is in it is no object
    NO_STATUS = "no_status"
    NO_AMOUNT = "no_amount"
    NO_ID = "no_id"
    OTHER_AMOUNT = "other_amount"
    OTHER_CURRENCY = "other_currency"
    UNKNOWN_CURRENCY = "unknown_currency"
    UNKNOWN_STATUS = "unknown_status"
    ODD_ERROR = "odd_error"  # 400, and no reason


BEFORE: Mapping[Fault, Refusal] = {
    Fault.ERROR_BEFORE: Refusal(500, "api_error", "An unknown error occurred."),
    Fault.REFUSED: Refusal(400, "invalid_request_error", "No."),
    Fault.RATE_LIMIT: Refusal(429, "invalid_request_error", "Request rate limit exceeded.", code="rate_limit"),
}
ODD_ERROR = Answer(400, {"error": "no"})
ERROR = Answer(500, {"error": {"type": "api_error", "message": "An unknown error occurred."}})


@frozen(kw_only=True)
class Planned:
    """A fault that waits for a request to that path."""

    fault: Fault
    method: str
    path: str
    seconds: float = 0.5

    def fits(self, method: str, path: str) -> bool:
        """Whether it is for this request: a path ends with its own, so that `/capture` does for any intent."""
        return method == self.method and path.endswith(self.path)


class FaultQueue:
    """Faults in the order in which they were planned; each happens once."""

    def __init__(self) -> None:
        self._planned: list[Planned] = []
        self._lock = Lock()

    def plan(self, wish: Json) -> None:
        """One more, `times` over."""
        planned = Planned(
            fault=Fault(wish["fault"]),
            method=wish.get("method", "POST"),
            path=wish["path"],
            seconds=wish.get("seconds", 0.5),
        )
        with self._lock:
            self._planned += [planned] * wish.get("times", 1)

    def next_for(self, method: str, path: str) -> Planned | None:
        """The fault that hits this request, taken from the queue."""
        with self._lock:
            for index, planned in enumerate(self._planned):
                if planned.fits(method, path):
                    return self._planned.pop(index)
        return None


def encoded(answer: Answer, fault: Fault | None) -> bytes:
    """The body as it travels, spoilt where a fault says so."""
    told = json.dumps(answer.body)
    if fault is not None and fault in _TEXTS:
        return _TEXTS[fault](told).encode()
    if fault is not None and fault in _SPOILT:
        return json.dumps(_spoilt(answer.body, _SPOILT[fault])).encode()
    return told.encode()


def _without(body: Json, name: str) -> Json:
    return {known: value for known, value in body.items() if known != name}


def _spoilt(body: Json, spoil: Callable[[Json], Json]) -> Json:
    """In a list every object is spoilt, unless the list itself is."""
    if spoil in _OF_LISTS:
        return spoil(body)
    if body.get("object") == "list":
        return {**body, "data": [spoil(thing) for thing in body["data"]]}
    return spoil(body)


def _no_list(body: Json) -> Json:
    return _without(body, "has_more")


def _odd_list(body: Json) -> Json:
    return {**body, "data": [1, 2, 3]}


_OF_LISTS = (_no_list, _odd_list)
_TEXTS: Mapping[Fault, Callable[[str], str]] = {
    Fault.EMPTY: lambda _: "",
    Fault.NOT_JSON: lambda _: "<html><body>Bad gateway</body></html>",
    Fault.HALF: lambda told: told[: len(told) // 2],
    Fault.NO_OBJECT: lambda _: "[1, 2, 3]",
}
_SPOILT: Mapping[Fault, Callable[[Json], Json]] = {
    Fault.NO_LIST: _no_list,
    Fault.ODD_LIST: _odd_list,
    Fault.NO_STATUS: lambda body: _without(body, "status"),
    Fault.NO_AMOUNT: lambda body: {name: value for name, value in body.items() if not name.startswith("amount")},
    Fault.NO_ID: lambda body: _without(body, "id"),
    Fault.OTHER_AMOUNT: lambda body: {
        name: value + 1 if name.startswith("amount") and value else value for name, value in body.items()
    },
    Fault.OTHER_CURRENCY: lambda body: {**body, "currency": "sek"},
    Fault.UNKNOWN_CURRENCY: lambda body: {**body, "currency": "zzz"},
    Fault.UNKNOWN_STATUS: lambda body: {**body, "status": "half_done"},
}
