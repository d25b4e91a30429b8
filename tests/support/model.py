"""An independent model of the whole core in plain dicts, text and numbers: what must be so after each request.

It imports nothing of the core: what it knows it knows from the design page. Times are seconds, money minor units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

PATIENCE = 20
KEY_LIFETIME = 24 * 3600
RESERVATION = 3600
KEY_RETENTION = 30 * 24 * 3600
HOLDERS_NAMED = 20

GOOD_TOKENS = {"tok_visa", "tok_timeout", "tok_captureFails", "tok_captureTimeout"}
LOSES_FIRST_ANSWER = {("tok_timeout", "authorise"), ("tok_captureTimeout", "capture")}


class Died(Exception):
    """The process of whoever asked died here; the worker finishes."""


@dataclass(frozen=True)
class Made:
    """What the core made during one request, in the order of ids: the model says which of it there must be."""

    orders: Iterator[tuple[Any, int]] = field(default_factory=lambda: iter(()))
    shipments: Iterator[Any] = field(default_factory=lambda: iter(()))
    guests: Mapping[str, Any] = field(default_factory=dict)
    others: Iterator[Any] = field(default_factory=lambda: iter(()))


@dataclass(frozen=True)
class Answer:
    """What must be answered: success on `subject`, or a refusal with one of `codes` (every reason that applies)."""

    subject: Any = None
    codes: frozenset[str] = frozenset()
    replayed: bool = False
    holders: tuple[int, ...] | None = None


def refused(*codes: str, replayed: bool = False) -> Answer:
    """A refusal for one of these reasons."""
    return Answer(codes=frozenset(codes), replayed=replayed)


class Model:
    """The shop as it must be. `mishap` is what happens to the next call of a kind: lost or died, before or after."""

    def __init__(self, *, captures_at_once: bool, shop_admin: Any) -> None:
        self.captures_at_once = captures_at_once
        self.shop_admin = shop_admin
        self.now = 0.0
        self.products: dict[str, Row] = {}
        self.customers: dict[Any, Row] = {}
        self.admins: dict[Any, Row] = {shop_admin: {"username": "shop", "active": True}}
        self.orders: dict[Any, Row] = {}
        self.shipments: dict[Any, Row] = {}
        self.keys: dict[tuple[str, str], Row] = {}
        self.mishap: dict[str, str] = {}

    # -- requests -----------------------------------------------------------------------------------------------

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

    def why_not_quote(self, spec: Row) -> set[str]:
        """Every reason that applies against a quote."""
        return self._why_not_lines(spec)

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
        items = _merged(spec["items"])
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

    def _claim(
        self, actor: str, key: str, content: Any, operation: str, subject: Any, outcome: str | None = None
    ) -> None:
        self.keys[actor, key] = {
            "content": content,
            "operation": operation,
            "subject": subject,
            "outcome": outcome,
            "finished": None if outcome is None else self.now,
        }

    def _finish(self, operation: str, subject: Any, outcome: str) -> None:
        for stored in self.keys.values():
            if stored["outcome"] is None and (stored["operation"], stored["subject"]) == (operation, subject):
                stored.update(outcome=outcome, finished=self.now)

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

    # -- why not: every reason that applies -----------------------------------------------------------------------

    def _why_not_place(self, spec: Row) -> set[str]:
        why = self._why_not_lines(spec)
        kind, who = spec["customer"]
        if kind == "known" and who not in self.customers:
            why.add("unknown_customer")
        is_home_known = kind == "known" and self.customers.get(who, {}).get("line1") is not None
        if spec["line1"] is None and not is_home_known:
            why.add("invalid_request")
        items = _merged(spec["items"])
        known = [self.products[sku] for sku in items if sku in self.products]
        if spec["token"] is None and any(product["price"] for product in known):
            why.add("invalid_request")
        return why

    def _why_not_lines(self, spec: Row) -> set[str]:
        why: set[str] = set()
        items = _merged(spec["items"])
        if any(sku not in self.products or self.products[sku]["archived"] for sku in items):
            why.add("unknown_product")
        known = {sku: quantity for sku, quantity in items.items() if sku in self.products}
        if len({self.products[sku]["currency"] for sku in known}) > 1:
            why.add("currency_mismatch")
        if any(quantity > self._available(sku) for sku, quantity in known.items()):
            why.add("out_of_stock")
        total = sum(self.products[sku]["price"] * quantity for sku, quantity in known.items())
        currencies = {self.products[sku]["currency"] for sku in known}
        if spec["expected"] is not None and spec["expected"][1] not in currencies:
            why.add("currency_mismatch")
        elif spec["expected"] is not None and spec["expected"][0] != total:
            why.add("price_changed")
        return why

    def _why_not_steer(self, spec: Row, *, statuses: Sequence[str]) -> set[str]:
        order = self.orders[spec["order"]]
        why = {"version_is_stale"} if spec.get("stale") else set()
        if order["status"] not in statuses:
            why.add("transition_refused")
        return why

    def _why_not_pay(self, spec: Row) -> set[str]:
        why = self._why_not_steer(spec, statuses=["pending"])
        return why | self._in_flight(spec)

    def _why_not_cancel(self, spec: Row) -> set[str]:
        why = self._why_not_steer(spec, statuses=["pending", "confirmed"])
        return why | self._in_flight(spec) | self._in_shipment(spec)

    def _why_not_ship(self, spec: Row) -> set[str]:
        why = self._why_not_steer(spec, statuses=["confirmed"])
        return why | self._in_flight(spec) | self._in_shipment(spec)

    def _why_not_deliver(self, spec: Row) -> set[str]:
        return self._why_not_steer(spec, statuses=["shipped"])

    def _why_not_correct(self, spec: Row) -> set[str]:
        return self._why_not_steer(spec, statuses=["pending", "confirmed"]) | self._in_shipment(spec)

    def _why_not_hand_over(self, spec: Row) -> set[str]:
        why = self._why_not_steer(spec, statuses=["pending", "confirmed", "partially_shipped", "shipped"])
        return why if self.admins[spec["admin"]]["active"] else why | {"admin_is_inactive"}

    def _why_not_add_product(self, spec: Row) -> set[str]:
        return {"already_exists"} if spec["sku"] in self.products else set()

    def _why_not_edit_product(self, spec: Row) -> set[str]:
        why = {"version_is_stale"} if spec["stale"] else set()
        return why | ({"transition_refused"} if self.products[spec["sku"]]["archived"] else set())

    def _why_not_archive(self, spec: Row) -> set[str]:
        return {"transition_refused"} if self.products[spec["sku"]]["archived"] else set()

    def _why_not_receive(self, _: Row) -> set[str]:
        return set()

    def _why_not_adjust(self, spec: Row) -> set[str]:
        product = self.products[spec["sku"]]
        if -spec["change"] > product["on_hand"]:
            return {"out_of_stock"}
        return {"stock_is_reserved"} if -spec["change"] > self._available(spec["sku"]) else set()

    def _why_not_register(self, _: Row) -> set[str]:
        return set()

    def _why_not_edit_customer(self, spec: Row) -> set[str]:
        return {"version_is_stale"} if spec["stale"] else set()

    def _why_not_add_admin(self, spec: Row) -> set[str]:
        taken = any(admin["username"] == spec["username"] for admin in self.admins.values())
        return {"already_exists"} if taken else set()

    def _why_not_deactivate(self, spec: Row) -> set[str]:
        if spec["admin"] == self.shop_admin:
            return {"not_deactivatable"}
        return set() if self.admins[spec["admin"]]["active"] else {"transition_refused"}

    def _in_flight(self, spec: Row) -> set[str]:
        return {"payment_in_flight"} if self.orders[spec["order"]]["attempt"] is not None else set()

    def _in_shipment(self, spec: Row) -> set[str]:
        return {"shipment_in_progress"} if self.orders[spec["order"]]["claimed_by"] is not None else set()

    def _holders(self, spec: Row) -> tuple[int, ...]:
        """The numbers of the orders that hold pieces of a product, lowest first."""
        holding = (each for each in self.orders.values() if spec["sku"] in each["items"] and self.holds_stock(each))
        return tuple(sorted(each["number"] for each in holding))[:HOLDERS_NAMED]

    # -- what is done -------------------------------------------------------------------------------------------

    def _pay(self, id: Any, spec: Row) -> Answer:
        order = self.orders[id]
        self._ask(order, "authorise", order["total"], spec["token"])
        self._drive(order)
        return self._judged(id)

    def _cancel(self, id: Any, _: Row) -> None:
        order = self.orders[id]
        self._end(order, "by_request")
        self._drive(order)

    def _ship(self, id: Any, spec: Row) -> Answer:
        order = self.orders[spec["order"]]
        self.shipments[id] = {"order": spec["order"], "status": "pending", "since": self.now, "tried": False}
        self.shipments[id]["failure"] = None
        order["claimed_by"] = id
        if order["payment"] == "authorised":
            self._ask(order, "capture", order["total"], None)
        self._advance(id)
        return self._judged_shipment(id)

    def _deliver(self, id: Any, _: Row) -> None:
        self.orders[id]["status"] = "delivered"
        for shipment in self.shipments.values():
            if shipment["order"] == id and shipment["status"] == "labelled":
                shipment["status"] = "delivered"

    def _correct(self, id: Any, spec: Row) -> None:
        self.orders[id]["line1"] = spec["line1"]

    def _hand_over(self, id: Any, spec: Row) -> None:
        self.orders[id]["manager"] = spec["admin"]

    def _add_product(self, id: Any, spec: Row) -> None:
        empty = {"id": id, "on_hand": 0, "reserved": 0, "archived": False, "is_low": True, "alerts": 0}
        self.products[spec["sku"]] = {**empty, **_details(spec), "on_hand": spec["quantity"]}
        self.products[spec["sku"]]["is_low"] = self._is_low(spec["sku"])

    def _edit_product(self, _: Any, spec: Row) -> None:
        self.products[spec["sku"]].update(_details(spec))
        self.products[spec["sku"]]["is_low"] = self._is_low(spec["sku"])

    def _archive(self, _: Any, spec: Row) -> None:
        self.products[spec["sku"]].update(archived=True, is_low=False)

    def _receive(self, _: Any, spec: Row) -> None:
        self._level(spec["sku"], on_hand=spec["quantity"])

    def _adjust(self, _: Any, spec: Row) -> None:
        self._level(spec["sku"], on_hand=spec["change"])

    def _register(self, id: Any, spec: Row) -> None:
        self.customers[id] = {"email": spec["email"], "name": spec["name"], "line1": spec["line1"], "is_guest": False}

    def _edit_customer(self, id: Any, spec: Row) -> None:
        customer = self.customers[id]
        stays = customer["is_guest"] and customer["email"].casefold() == spec["email"].casefold()
        customer.update(email=spec["email"], name=spec["name"], line1=spec["line1"], is_guest=stays)

    def _add_admin(self, id: Any, spec: Row) -> None:
        self.admins[id] = {"username": spec["username"], "active": True}

    def _deactivate(self, id: Any, _: Row) -> None:
        self.admins[id]["active"] = False

    def _buyer(self, spec: Row, made: Made, guests: Mapping[str, Row]) -> Any:
        """A known customer, the guest of that mailbox, or a new guest: as the batch's first order for it tells."""
        kind, who = spec["customer"]
        if kind == "known":
            return who
        for id, customer in self.customers.items():
            if customer["is_guest"] and customer["email"].casefold() == who.casefold():
                return id
        id = made.guests[who.casefold()]
        first = guests[who.casefold()]
        email = first["customer"][1]
        self.customers[id] = {"email": email, "name": f"Guest {email}", "line1": first["line1"], "is_guest": True}
        return id

    def _managers(self) -> list[Any]:
        """Active admins by id; the shop's own only while nobody else is."""
        active = sorted(id for id, admin in self.admins.items() if admin["active"] and id != self.shop_admin)
        return active or [self.shop_admin]

    # -- stock --------------------------------------------------------------------------------------------------

    def holds_stock(self, order: Row) -> bool:
        """Whether the order's pieces are still in the house for it."""
        return order["status"] in ("pending", "confirmed")

    def _available(self, sku: str) -> int:
        product = self.products[sku]
        available: int = product["on_hand"] - product["reserved"]
        return available

    def _is_low(self, sku: str) -> bool:
        product = self.products[sku]
        threshold = product["threshold"]
        return not product["archived"] and threshold is not None and self._available(sku) <= threshold

    def _level(self, sku: str, *, on_hand: int = 0, reserved: int = 0) -> None:
        product = self.products[sku]
        product["on_hand"] += on_hand
        product["reserved"] += reserved
        is_low = self._is_low(sku)
        product["alerts"] += is_low and not product["is_low"]
        product["is_low"] = is_low

    # -- money --------------------------------------------------------------------------------------------------

    def _ask(self, order: Row, kind: str, amount: int, token: str | None) -> None:
        order["attempts"] += 1
        order["attempt"] = {"kind": kind, "amount": amount, "token": token, "state": "asked", "since": self.now}
        order["attempt"].update(verdict=None, first=order["attempts"] == 1)

    def _drive(self, order: Row) -> None:
        while order["attempt"] is not None and order["attempt"]["state"] == "asked":
            self._record(order, self._call(order))

    def _resume(self, order: Row) -> None:
        """Asked again while the provider's key lives, later only looked for; not found is no proof."""
        attempt = order["attempt"]
        lives = self.now - attempt["since"] < KEY_LIFETIME
        self._record(order, self._call(order) if lives else attempt["verdict"] or "unknown")
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
        elif kind == "capture" and order["token"] == "tok_captureFails":
            verdict = "declined"
        elif kind == "capture":
            account["captured"] += amount
        elif kind == "refund":
            account["refunded"] += amount
        else:
            account.update(authorised=0, is_voided=True)
        attempt["verdict"] = verdict
        return verdict

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
        elif attempt["kind"] in ("void", "refund"):
            self._finish("cancel", id, "done")
        if answer == "approved" and attempt["kind"] == "capture":
            order.update(captured=attempt["amount"], payment="captured")
        if answer == "approved" and attempt["kind"] == "void":
            order.update(authorised=0, payment="voided")
        if answer == "approved" and attempt["kind"] == "refund":
            order.update(refunded=attempt["amount"], payment="refunded")

    def _authorised(self, order: Row, attempt: Row) -> None:
        order.update(authorised=attempt["amount"], payment="authorised", status="confirmed", expires=None)
        order["is_declined"] = False
        if self.captures_at_once:
            self._ask(order, "capture", order["total"], None)

    def _declined(self, order: Row) -> None:
        order.update(payment="declined", is_declined=True)
        if order["on_decline"] == "cancel":
            self._release(order, "payment_declined")

    def _end(self, order: Row, reason: str) -> None:
        """Stock back at once, then the money."""
        self._release(order, reason)
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

    # -- parcels ------------------------------------------------------------------------------------------------

    def _advance(self, id: Any) -> None:
        shipment = self.shipments[id]
        order = self.orders[shipment["order"]]
        if shipment["status"] != "pending":
            return
        if order["attempt"] is not None and order["attempt"]["state"] == "asked" and not self._is_old(shipment):
            self._drive(order)
        elif order["attempt"] is not None:
            self._resume(order)
        if order["attempt"] is not None:
            return
        if order["payment"] == "authorised":
            self._fail(id, "money_unavailable")
            return
        self._label(id, order)

    def _label(self, id: Any, order: Row) -> None:
        shipment = self.shipments[id]
        mishap = self.mishap.pop("label", "")
        if mishap == "dies before":
            raise Died
        if mishap == "lost before":
            return
        is_first, shipment["tried"] = not shipment["tried"], True
        if mishap == "dies after":
            raise Died
        is_refused = order["line1"].startswith("UNDELIVERABLE")
        if mishap == "lost after" or (is_first and order["line1"] == "TIMEOUT"):
            return
        if is_refused:
            self._fail(id, "label_refused")
            return
        for sku, item in order["items"].items():
            self._level(sku, on_hand=-item["quantity"], reserved=-item["quantity"])
        shipment["status"] = "labelled"
        order.update(status="shipped", claimed_by=None)
        self._finish("ship", id, "done")

    def _fail(self, id: Any, why: str) -> None:
        self.shipments[id].update(status="failed", failure=why)
        self.orders[self.shipments[id]["order"]]["claimed_by"] = None
        self._finish("ship", id, "done")

    def _judged_shipment(self, id: Any, *, replayed: bool = False) -> Answer:
        failure = self.shipments[id]["failure"]
        return refused(failure, replayed=replayed) if failure else Answer(id, replayed=replayed)

    # -- time ---------------------------------------------------------------------------------------------------

    def housekeeping(self) -> None:
        """A worker's round: expire, hand over, forget, then settle and ship what was left."""
        managers = self._managers()
        for order in self.orders.values():
            self._expire(order)
            if order["status"] not in ("delivered", "cancelled") and not self.admins[order["manager"]]["active"]:
                order["manager"] = managers[order["number"] % len(managers)]
        kept = self.now - KEY_RETENTION
        self.keys = {name: one for name, one in self.keys.items() if self._is_wanted(one, kept)}
        for order in self.orders.values():
            if order["attempt"] is not None and self._is_old(order["attempt"]):
                self._resume(order)
        for id, shipment in self.shipments.items():
            if shipment["status"] == "pending" and self._is_old(shipment):
                self._advance(id)

    def _is_wanted(self, key: Row, kept: float) -> bool:
        """A key stays for its time after its outcome, and while its order awaits an answer."""
        order = self.orders.get(key["subject"])
        awaits = order is not None and order["attempt"] is not None
        return awaits or key["finished"] is None or key["finished"] >= kept

    def _expire(self, order: Row) -> None:
        is_late = order["expires"] is not None and order["expires"] <= self.now
        if order["status"] == "pending" and is_late and order["attempt"] is None:
            self._end(order, "expired")

    def settle(self, id: Any) -> None:
        """Somebody asks the provider now; money that could not be given back gets another try."""
        order = self.orders[id]
        if order["attempt"] is not None:
            self._resume(order)
        elif order["status"] == "cancelled" and order["authorised"] != order["refunded"]:
            self._give_back(order)
            self._drive(order)

    def resolve(self, id: Any) -> str | None:
        """An admin who has looked into the provider's books decides: the outcome, None where nothing is to decide."""
        order = self.orders[id]
        attempt = order["attempt"]
        if attempt is None or attempt["state"] != "unknown":
            return None
        outcome: str = attempt["verdict"] or "declined"
        self._record(order, outcome)
        self._drive(order)
        return outcome

    def _is_old(self, begun: Row) -> bool:
        is_old: bool = self.now - begun["since"] > PATIENCE
        return is_old

    def _id_of(self, order: Row) -> Any:
        return next(id for id, each in self.orders.items() if each is order)


def _merged(items: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Lines of one product are one line."""
    merged: dict[str, int] = {}
    for sku, quantity in items:
        merged[sku] = merged.get(sku, 0) + quantity
    return merged


def _details(spec: Row) -> Row:
    return {name: spec[name] for name in ("name", "price", "currency", "threshold")}
