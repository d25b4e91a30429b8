"""The only place for what happens in the model with time, and when somebody looks at an attempt."""

from __future__ import annotations

from typing import Any

from tests.support.model.parcels import Parcels
from tests.support.model.words import KEY_RETENTION, LONGEST_WAIT, Row


class Rounds(Parcels):
    """Rounds of the worker, and what an admin decides."""

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
            if order["attempt"] is not None and self._is_due(order["attempt"]):
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
        grace = 0 if order["attempt"] is None else LONGEST_WAIT
        is_late = order["expires"] is not None and order["expires"] <= self.now - grace
        if order["status"] == "pending" and is_late:
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

    def mistake(self, id: Any) -> str | None:
        """The outcome that an admin may wrongly take for true, of a call that the provider heard; None where of none.

        Money that is thought to be held and is not, or held twice, is left out: no account would be there, or two.
        """
        order = self.orders[id]
        attempt = order["attempt"]
        if attempt is None or attempt["state"] != "unknown" or attempt["verdict"] is None:
            return None
        is_approved = attempt["verdict"] == "approved"
        if attempt["kind"] == "authorise" and not (is_approved and order["on_decline"] == "cancel"):
            return None
        return "declined" if is_approved else "approved"

    def misjudge(self, id: Any, outcome: str) -> None:
        """That mistake, and the provider's word afterwards."""
        order = self.orders[id]
        attempt = order["attempt"]
        adds = attempt["kind"] in ("authorise", "capture")
        order["discrepancy"] += attempt["amount"] * (1 if (outcome == "declined") == adds else -1)
        self._record(order, outcome)
        self._drive(order)
