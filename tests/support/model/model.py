"""The only place that answers requests as the core must: whole shops are compared with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.model.effects import Effects
from tests.support.model.refusals import Refusals
from tests.support.model.rounds import Rounds
from tests.support.model.words import RESERVATION, Answer, Made, Row, merged, refused


class Model(Effects, Refusals, Rounds):
    """The shop as it must be."""

    def run(self, operation: str, actor: str, key: str | None, spec: Row, made: Made) -> Answer:
        """The answer to one request other than placing."""
        content = (operation, repr(sorted(spec.items())))
        stored = self.keys.get((actor, key)) if key is not None else None
        if stored is not None and stored["content"] != content:
            return refused("key_reused")
        if stored is not None:
            return self._again(stored)
        reasons = getattr(self, f"_why_not_{operation}")(spec)
        if reasons:
            return Answer(codes=frozenset(reasons), holders=self._holders(spec) if operation == "adjust" else None)
        subject = self._subject(operation, spec, made)
        if key is not None:
            is_over = operation not in ("pay", "cancel", "ship")
            self._claim(actor, key, content, operation, subject, outcome="done" if is_over else None)
        answer: Answer | None = getattr(self, f"_{operation}")(subject, spec)
        return answer or Answer(subject)

    def place_many(self, requests: Sequence[tuple[str, str | None, Row]], made: Made) -> list[Answer]:
        """The answers to orders placed as one batch: all reserved one after the other, then all paid."""
        verdicts = self._reserve(requests, made)
        for verdict in verdicts:
            if verdict.codes == frozenset() and not verdict.replayed:
                self._drive(self.orders[verdict.subject])
        return [self._answer_placed(verdict) for verdict in verdicts]

    def _reserve(self, requests: Sequence[tuple[str, str | None, Row]], made: Made) -> list[Answer]:
        verdicts: list[Answer] = []
        first: dict[tuple[str, str], int] = {}
        guests: dict[str, Row] = {}
        for index, (actor, key, spec) in enumerate(requests):
            content = ("place", repr(sorted(spec.items())))
            name = (actor, key or "")
            if key is not None and name in first:
                earlier = verdicts[first[name]]
                same = requests[first[name]][2] == spec
                shared = earlier if earlier.codes else Answer(earlier.subject, replayed=True)
                verdicts.append(shared if same else refused("key_reused"))
                continue
            if key is not None:
                first[name] = index
            if key is not None and name in self.keys:
                stored = self.keys[name]
                same = stored["content"] == content
                verdicts.append(Answer(stored["subject"], replayed=True) if same else refused("key_reused"))
                continue
            if spec["customer"][0] == "guest":
                guests.setdefault(spec["customer"][1].casefold(), spec)
            verdicts.append(self._placed(actor, key, content, spec, made, guests))
        return verdicts

    def _placed(
        self, actor: str, key: str | None, content: Any, spec: Row, made: Made, guests: Mapping[str, Row]
    ) -> Answer:
        reasons = self._why_not_place(spec)
        if reasons:
            return Answer(codes=frozenset(reasons))
        id, number = next(made.orders)
        items = merged(spec["items"])
        total = sum(self.products[sku]["price"] * quantity for sku, quantity in items.items())
        managers = self._managers()
        self.orders[id] = {
            "number": number,
            "status": "pending",
            "reason": None,
            "customer": self._buyer(spec, made, guests),
            "manager": managers[number % len(managers)],
            "line1": spec["line1"] or self.customers[spec["customer"][1]]["line1"],
            "actor": actor,
            "currency": self.products[next(iter(items))]["currency"],
            "items": {sku: {"quantity": n, "price": self.products[sku]["price"]} for sku, n in items.items()},
            "total": total,
            "on_decline": spec["on_decline"],
            "expires": self.now + RESERVATION,
            "payment": "pending",
            "authorised": 0,
            "captured": 0,
            "refunded": 0,
            "discrepancy": 0,
            "is_declined": False,
            "attempt": None,
            "attempts": 0,
            "token": None,
            "account": None,
            "claimed_by": None,
        }
        for sku, quantity in items.items():
            self._level(sku, reserved=quantity)
        if key is not None:
            self._claim(actor, key, content, "place", id)
        order = self.orders[id]
        if total == 0:
            order.update(status="confirmed", payment="captured", expires=None)
            self._finish("place", id, "done")
        else:
            self._ask(order, "authorise", total, spec["token"])
        return Answer(id)

    def _answer_placed(self, verdict: Answer) -> Answer:
        if verdict.codes:
            return verdict
        if not verdict.replayed:
            return self._judged(verdict.subject)
        stored = [
            each for each in self.keys.values() if (each["operation"], each["subject"]) == ("place", verdict.subject)
        ]
        return self._again(stored[0])

    def _again(self, stored: Row) -> Answer:
        """The answer to a request that came before: the same, with everything as it is now."""
        subject, operation = stored["subject"], stored["operation"]
        if operation == "ship":
            return self._ship_again(stored)
        if operation not in ("place", "pay", "cancel"):
            return Answer(subject, replayed=True)
        order = self.orders[subject]
        attempt = order["attempt"]
        if stored["outcome"] is None and attempt is not None and self._is_old(attempt):
            self._resume(order)
        if stored["outcome"] is None and order["attempt"] is not None and order["attempt"]["state"] != "unknown":
            return refused("request_in_progress")
        if operation == "cancel":
            return Answer(subject, replayed=True)
        if stored["outcome"] == "payment_declined":
            return refused("payment_declined", replayed=True)
        return Answer(subject, replayed=True)

    def _ship_again(self, stored: Row) -> Answer:
        shipment = self.shipments[stored["subject"]]
        order = self.orders[shipment["order"]]
        if shipment["status"] == "pending" and self._is_old(shipment):
            self._advance(stored["subject"])
        is_unknown = order["attempt"] is not None and order["attempt"]["state"] == "unknown"
        if shipment["status"] == "pending" and not is_unknown:
            return refused("request_in_progress")
        return self._judged_shipment(stored["subject"], replayed=True)

    def _subject(self, operation: str, spec: Row, made: Made) -> Any:
        """What a request is about: what it makes, or what it names."""
        if operation == "ship":
            return next(made.shipments)
        if operation in ("add_product", "register", "add_admin"):
            return next(made.others)
        names = {"edit_product": "sku", "archive": "sku", "receive": "sku", "adjust": "sku"}
        if operation in names:
            return self.products[spec["sku"]]["id"]
        return spec[{"edit_customer": "customer", "deactivate": "admin"}.get(operation, "order")]
