"""The only place for what tests may do that Stripe's users cannot: faults, the customer's part, late words, events."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.error import HTTPError

from ordercore.testing.stripe import events, intents, refunds
from ordercore.testing.stripe.books import StripeBooks, Window, shown
from ordercore.testing.stripe.desk import totals
from ordercore.testing.stripe.faults import FaultQueue
from ordercore.testing.stripe.refusals import Refusal
from ordercore.testing.stripe.shapes import Answer, Json

Act = Callable[[StripeBooks, str], object]
_ACTS: dict[str, Act] = {
    "succeed": lambda books, id: intents.act(books, id, succeeds=True),
    "fail": lambda books, id: intents.act(books, id, succeeds=False),
    "expire": lambda books, id: intents.cancel(books, id, {}, "automatic"),
    "cancel": lambda books, id: intents.cancel(books, id, {"cancellation_reason": "requested_by_customer"}),
    "capture": lambda books, id: intents.capture(books, id, {}),
    "dispute": intents.dispute,
    "refund": lambda books, id: refunds.create(books, {"payment_intent": id}),
    "refund-succeed": lambda books, id: refunds.end(books, id, succeeds=True),
    "refund-fail": lambda books, id: refunds.end(books, id, succeeds=False),
}
"""What happens without our asking: at the customer's, at the bank, at Stripe's own desk."""


class Control:
    """The routes below `/_fake/`."""

    def __init__(self, books: StripeBooks, faults: FaultQueue) -> None:
        self._books = books
        self._faults = faults

    def answer(self, path: str, wish: Json) -> Answer:
        """What a test asks for, done."""
        if path == "faults":
            self._faults.plan(wish)
            return Answer(200, {})
        if path == "forget-keys":
            with self._books.writing():
                self._books.forget_keys()
            return Answer(200, {})
        if path == "totals":
            with self._books.writing():
                return Answer(200, dict(totals(self._books)))
        if path == "deliver":
            return Answer(200, {"statuses": self._delivered(wish)})
        return self._acted(path)

    def _acted(self, path: str) -> Answer:
        match = re.fullmatch(r"acts/([a-z-]+)/(\w+)", path)
        if match is None or match[1] not in _ACTS:
            return Answer(404, {})
        try:
            with self._books.writing():
                _ACTS[match[1]](self._books, match[2])
        except Refusal as refusal:
            return refusal.answer
        return Answer(200, {})

    def _delivered(self, wish: Json) -> list[int]:
        with self._books.writing():
            happened, _ = self._books.listed("event", Window(limit=2**31))
        chosen = [shown(event) for event in happened if event["type"] in wish.get("types", [event["type"]])]
        arranged = events.arranged(chosen, copies=wish.get("copies", 1), is_reversed=wish.get("reversed", False))
        at = self._books.now() - wish.get("seconds_ago", 0)
        return [_status(event, wish["url"], wish["secret"], at) for event in arranged]

    def page(self, id: str, outcome: str | None) -> tuple[int, dict[str, str], bytes]:
        """Where a customer proves who they are: status, headers and a page with two links, or the way back."""
        with self._books.writing():
            intent = self._books.find("payment_intent", id)
        if intent is None or intent["_return_url"] is None:
            return 404, {}, b"Nobody is asked anything here."
        if outcome is None:
            links = "".join(
                f'<p><a href="/_fake/authenticate/{html.escape(id)}/{name}">{name}</a></p>'
                for name in ("succeed", "fail")
            )
            return 200, {"Content-Type": "text/html"}, f"<!doctype html><title>Is it you?</title>{links}".encode()
        self._acted(f"acts/{outcome}/{id}")
        back = intent["_return_url"]
        return 303, {"Location": f"{back}{'&' if '?' in back else '?'}payment_intent={id}"}, b""


def _status(event: Json, url: str, secret: str, at: int) -> int:
    try:
        return events.send(event, url, secret, at)
    except HTTPError as refused:
        refused.close()
        return refused.code
