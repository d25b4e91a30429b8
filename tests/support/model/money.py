"""The only place for what the model's provider does, and what becomes of payments."""

from __future__ import annotations

from typing import Any

from tests.support.model.state import State
from tests.support.model.words import GOOD_TOKENS, KEY_LIFETIME, LOSES_FIRST_ANSWER, Answer, Died, Row, refused


class Money(State):
    """Attempts, the provider's books, and what an answer does to an order."""

    def _ask(self, order: Row, kind: str, amount: int, token: str | None) -> None:
        order["attempts"] += 1
        order["attempt"] = {"kind": kind, "amount": amount, "token": token, "state": "asked", "since": self.now}
        order["attempt"].update(verdict=None, first=order["attempts"] == 1)

    def _drive(self, order: Row) -> None:
        while order["attempt"] is not None and order["attempt"]["state"] == "asked":
            self._record(order, self._call(order))

    def _resume(self, order: Row) -> None:
        """Asked again while the provider's key lives, later only looked for; what is not found then was never made."""
        attempt = order["attempt"]
        lives = self.now - attempt["since"] < KEY_LIFETIME
        self._record(order, self._call(order) if lives else attempt["verdict"] or "declined")
        self._drive(order)

    def _call(self, order: Row) -> str:
        attempt = order["attempt"]
        mishap = self.mishap.pop(attempt["kind"], "")
        if mishap == "dies before":
            raise Died
        if mishap == "lost before":
            return "unknown"
        is_first = attempt["verdict"] is None
        answer: str = attempt["verdict"] or self._provider(order, attempt)
        if mishap == "dies after":
            raise Died
        payer = attempt["token"] or order["token"]
        is_lost = is_first and answer == "approved" and (payer, attempt["kind"]) in LOSES_FIRST_ANSWER
        return "unknown" if is_lost or mishap == "lost after" else answer

    def _provider(self, order: Row, attempt: Row) -> str:
        """What the provider does when it hears an attempt for the first time: its books are in `account`."""
        kind, amount, account = attempt["kind"], attempt["amount"], order["account"]
        verdict = "approved"
        if kind == "authorise" and attempt["token"] not in GOOD_TOKENS:
            verdict = "declined"
        elif kind == "authorise":
            order["account"] = {"authorised": amount, "captured": 0, "refunded": 0, "is_voided": False}
            order["token"] = attempt["token"]
        elif self._is_impossible(order, kind, amount):
            verdict = "declined"
        elif kind == "capture":
            account["captured"] += amount
        elif kind == "refund":
            account["refunded"] += amount
        else:
            account.update(authorised=0, is_voided=True)
        attempt["verdict"] = verdict
        return verdict

    def _is_impossible(self, order: Row, kind: str, amount: int) -> bool:
        """What the provider refuses by its own books, which ours may differ from."""
        account = order["account"]
        if kind == "capture":
            return bool(account["captured"] + amount > account["authorised"] or order["token"] == "tok_captureFails")
        if kind == "refund":
            return bool(account["refunded"] + amount > account["captured"])
        return bool(account["is_voided"] or account["captured"])

    def _record(self, order: Row, answer: str) -> None:
        attempt = order["attempt"]
        if answer == "unknown":
            attempt["state"] = "unknown"
            return
        order["attempt"] = None
        id = self._id_of(order)
        if attempt["kind"] == "authorise":
            outcome = "done" if answer == "approved" else "payment_declined"
            self._finish("place" if attempt["first"] else "pay", id, outcome)
            self._authorised(order, attempt) if answer == "approved" else self._declined(order)
        if answer == "approved" and attempt["kind"] == "capture":
            order.update(captured=attempt["amount"], payment="captured")
        if answer == "approved" and attempt["kind"] == "void":
            order.update(authorised=0, payment="voided")
        if answer == "approved" and attempt["kind"] == "refund":
            order.update(refunded=attempt["amount"], payment="refunded")
        if order["status"] == "cancelled" and order["attempt"] is None:
            self._after_the_end(order, attempt)

    def _after_the_end(self, order: Row, attempt: Row) -> None:
        """Money that came for a cancelled order goes back; a void or refund that was declined is not repeated."""
        if attempt["kind"] in ("authorise", "capture") and (order["captured"] or order["authorised"]):
            self._give_back(order)
        else:
            self._finish("cancel", self._id_of(order), "done")

    def _authorised(self, order: Row, attempt: Row) -> None:
        order.update(authorised=attempt["amount"], payment="authorised", is_declined=False)
        if order["status"] == "cancelled":
            return
        order.update(status="confirmed", expires=None)
        if self.captures_at_once:
            self._ask(order, "capture", order["total"], None)

    def _declined(self, order: Row) -> None:
        order.update(payment="declined", is_declined=True)
        if order["on_decline"] == "cancel" and order["status"] == "pending":
            self._release(order, "payment_declined")

    def _end(self, order: Row, reason: str) -> None:
        """Stock back at once, then the money, where no answer is outstanding."""
        self._release(order, reason)
        if order["attempt"] is None:
            self._give_back(order)

    def _give_back(self, order: Row) -> None:
        """Voided where held, refunded where taken."""
        if order["captured"]:
            self._ask(order, "refund", order["captured"], None)
        elif order["authorised"]:
            self._ask(order, "void", order["authorised"], None)
        else:
            order["payment"] = "captured" if order["payment"] == "captured" else "voided"
            self._finish("cancel", self._id_of(order), "done")

    def _release(self, order: Row, reason: str) -> None:
        order.update(status="cancelled", reason=reason, expires=None)
        for sku, item in order["items"].items():
            self._level(sku, reserved=-item["quantity"])

    def _judged(self, id: Any) -> Answer:
        """Refused where the provider's last word was no; an answer that never came is none."""
        order = self.orders[id]
        return refused("payment_declined") if order["is_declined"] and order["attempt"] is None else Answer(id)
