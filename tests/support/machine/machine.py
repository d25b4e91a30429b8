"""The only place for the rules of the state machine that drives a whole core through its façade."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule

from ordercore import OrderCoreError, Quote, ResolveAttempt, SettleWorkItem
from ordercore.application.settling import provider_call, record
from ordercore.domain.actor import SYSTEM
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.payment import AnswerKind
from tests.support.audit import breaches, broken, disagreements, parcels_astray, snapshot, unfinished
from tests.support.machine.commands import Request, asked, items_of
from tests.support.machine.driving import POINTS
from tests.support.machine.watching import Watching
from tests.support.machine.wishes import (
    SKUS,
    admins,
    bad_tokens,
    catalogue_requests,
    customers,
    emails,
    guests,
    homes,
    items,
    mishaps,
    orders,
    quantities,
    senders,
    skus,
    stale,
    tokens,
)


class CoreMachine(Watching):
    """All of the core's verbs in any order, with a provider and a carrier that fail in every way they can."""

    def teardown(self) -> None:
        try:
            if hasattr(self, "shop"):
                self.settle_everything()
        finally:
            self.cleanup.close()

    @rule(
        target=orders,
        who=senders,
        customer=guests | st.tuples(st.just("known"), customers),
        items=items | st.lists(st.tuples(skus, quantities), min_size=1, max_size=2),
        line1=st.none() | homes | homes | homes,
        token=st.none() | tokens | tokens | tokens,
        on_decline=st.sampled_from(["cancel", "hold"]),
        expected=st.none() | st.none() | st.tuples(st.sampled_from([0, 199, 1250]), st.sampled_from(["EUR", "USD"])),
        mishap=mishaps("authorise", "capture"),
    )
    def place(self, who: Any, mishap: Any, **spec: Any) -> Any:
        return self.place_batch([asked("place", who, spec)], mishap)

    @rule(
        target=orders,
        who=senders,
        customer=guests,
        item=st.tuples(st.sampled_from(SKUS[:3]), quantities),
        token=tokens | bad_tokens,
    )
    def place_plainly(self, who: Any, customer: Any, item: Any, token: str) -> Any:
        spec = {"customer": customer, "items": [item], "line1": "Main St 1", "token": token}
        return self.place_batch([asked("place", who, {**spec, "on_decline": "hold", "expected": None})])

    @rule(
        target=orders,
        batch=st.lists(
            st.tuples(senders, emails, items, tokens),
            min_size=2,
            max_size=6,
        ),
        twice=st.booleans(),
    )
    def place_many(self, batch: Any, twice: bool) -> Any:
        plain = {"line1": "Main St 1", "on_decline": "cancel", "expected": None}
        requests = [
            self.with_fresh_key(
                asked("place", who, {"customer": ("guest", email), "items": wanted, "token": token, **plain})
            )
            for who, email, wanted, token in batch
        ]
        return self.place_batch([*requests, *requests[:1] * twice])

    @rule(wanted=st.lists(st.tuples(skus, quantities), min_size=1, max_size=3))
    def quote(self, wanted: Any) -> None:
        spec = {"items": wanted, "expected": None}
        codes = self.model.why_not_quote(spec)
        quoted = self.outcome_of(lambda: self.shop.ordering.quote(Quote(items=items_of(spec))))
        if isinstance(quoted, OrderCoreError):
            assert quoted.code in codes
        else:
            assert not codes
            assert quoted.total.amount_minor == sum(self.model.products[sku]["price"] * n for sku, n in wanted)

    @rule(who=senders, order=orders, stale=stale, mishap=mishaps("capture", "label"))
    def ship(self, who: Any, mishap: Any, **spec: Any) -> None:
        self.send(asked("ship", who, spec), mishap)

    @rule(who=senders, order=orders)
    def ship_and_deliver(self, who: Any, order: UUID) -> None:
        self.send(asked("ship", who, {"order": order, "stale": False}))
        self.send(Request("deliver", who[0], None, {"order": order, "stale": False}))

    @rule(who=senders, order=orders, stale=stale)
    def deliver(self, who: Any, **spec: Any) -> None:
        self.send(asked("deliver", who, spec))

    @rule(who=senders, order=orders, stale=stale, mishap=mishaps("void", "refund"))
    def cancel(self, who: Any, mishap: Any, **spec: Any) -> None:
        self.send(asked("cancel", who, spec), mishap)

    @rule(
        order=orders,
        amount=st.none() | st.sampled_from([1, 199, 1250, 9_999_999]),
        mishap=mishaps("refund"),
    )
    def refund(self, order: UUID, amount: int | None, mishap: Any) -> None:
        self.send(Request("refund", "embedding", None, {"order": order, "amount": amount}), mishap)

    @rule(who=senders, order=orders, token=tokens, mishap=mishaps("authorise", "capture"))
    def pay(self, who: Any, mishap: Any, **spec: Any) -> None:
        self.send(asked("pay", who, spec), mishap)

    @rule(who=senders, order=orders, line1=homes, stale=stale)
    def correct_address(self, who: Any, **spec: Any) -> None:
        self.send(asked("correct", who, spec))

    @rule(target=orders, which=st.integers(0, 9), mishap=mishaps(*POINTS))
    def send_again(self, which: int, mishap: Any) -> Any:
        """One of the latest requests with a key, once more."""
        if not self.sent:
            return multiple()
        request = self.sent[-1 - which % len(self.sent)]
        if request.operation == "place":
            return self.place_batch([request], mishap)
        self.send(request, mishap)
        return multiple()

    @rule(who=senders, change=catalogue_requests)
    def change_the_catalogue(self, who: Any, change: Any) -> None:
        operation, spec = change
        self.send(asked(operation, who, spec))

    @rule(target=customers, who=senders, email=emails, line1=st.none() | homes, name=st.sampled_from(["Ann", "Bob"]))
    def register(self, who: Any, **spec: Any) -> Any:
        before = set(self.model.customers)
        self.send(asked("register", who, spec))
        return multiple(*(id for id in self.model.customers if id not in before))

    @rule(who=senders, customer=customers, email=emails, line1=st.none() | homes, stale=stale)
    def edit_customer(self, who: Any, **spec: Any) -> None:
        self.send(asked("edit_customer", who, {**spec, "name": "Edited"}))

    @rule(target=admins, who=senders, username=st.sampled_from(["shop", "uma", "vic", "wil"]))
    def add_admin(self, who: Any, username: str) -> Any:
        before = set(self.model.admins)
        self.send(asked("add_admin", who, {"username": username}))
        return multiple(*(id for id in self.model.admins if id not in before))

    @rule(who=senders, admin=admins)
    def deactivate(self, who: Any, admin: UUID) -> None:
        self.send(asked("deactivate", who, {"admin": admin}))

    @rule(who=senders, order=orders, admin=admins | st.just(STORE_ADMIN))
    def hand_over(self, who: Any, **spec: Any) -> None:
        self.send(asked("hand_over", who, spec))

    @rule(seconds=st.sampled_from([7, 26, 26, 3_700, 90_000, 31 * 24 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def worker_runs(self) -> None:
        self.look_at_the_clock()
        report = self.shop.housekeeping.run_round()
        assert report.failures == ()
        self.model.housekeeping()
        self.ids.lately()

    @rule(order=orders)
    def somebody_asks_the_provider(self, order: UUID) -> None:
        self.look_at_the_clock()
        found = self.outcome_of(lambda: self.shop.payments.settle(order))
        assert (found.code if isinstance(found, OrderCoreError) else None) == self.model.settle(order)

    @rule(order=orders)
    def an_admin_decides(self, order: UUID) -> None:
        """By what the provider's books show."""
        self.look_at_the_clock()
        outcome = self.model.resolve(order)
        attempt = self.shop.ordering.get(order).payment.open_attempt
        found = [each.reference for each in self.provider.entries() if attempt and each.request.key == str(attempt.id)]
        command = ResolveAttempt(
            order_id=order,
            outcome=AnswerKind(outcome or "declined"),
            reason="looked it up",
            reference=found[0] if found else None,
        )
        refusal = self.outcome_of(lambda: self.shop.payments.resolve(command))
        assert (outcome is None) == (isinstance(refusal, OrderCoreError) and refusal.code == "transition_refused")

    @rule(order=orders, is_settled=st.booleans())
    def an_admin_is_mistaken(self, order: UUID, is_settled: bool) -> None:
        """The provider, heard afterwards and twice, says otherwise: its word is kept until somebody settles it."""
        self.look_at_the_clock()
        outcome = self.model.mistake(order)
        if outcome is None:
            return
        asked = self.shop.ordering.get(order)
        answer = self.provider.find(provider_call(asked, asked.payment.attempts[-1]))
        assert answer is not None
        command = ResolveAttempt(
            order_id=order, outcome=AnswerKind(outcome), reason="misread it", reference=answer.reference
        )
        self.shop.payments.resolve(command)
        self.model.misjudge(order, outcome)
        for _ in range(2):
            record(self.core, [(asked, answer)], SYSTEM.id)
        if is_settled:
            self.settle_work(order)

    def settle_work(self, order: UUID) -> None:
        """Every work item of the order that waits."""
        told = [(event.type, event.payload.get("work_item_id")) for event in self.shop.ordering.history(order)]
        found, settled = (
            [id for type_, id in told if type_ == f"payment.discrepancy_{what}.v1"] for what in ("found", "settled")
        )
        for id in found:
            if id not in settled:
                self.shop.work_items.settle(SettleWorkItem(work_item_id=UUID(str(id)), reason="seen to"))
        self.model.orders[order]["discrepancy"] = 0

    def settle_everything(self) -> None:
        """At the end: the worker gets its time, and then nothing is half done but what only an admin can decide."""
        for _ in range(4):
            self.time_passes(26)
            self.worker_runs()
        self.core_and_model_agree()
        found = snapshot(self.core.store)
        undecided = any(each["attempt"] is not None or each["discrepancy"] for each in self.model.orders.values())
        if not undecided:
            assert [each for each in unfinished(found) if "waits for no answer" not in each] == []
            assert disagreements(found, self.provider.entries(), self.provider.accounts()) == []
            assert parcels_astray(found, self.parcels.entries()) == []
        assert breaches(found, hand_over_is_done=True) == []
        if self.is_sql:
            assert broken(self.shop, is_synced=False) == []
