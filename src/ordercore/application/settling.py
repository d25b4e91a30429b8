"""Settling: the only place where the payment provider is asked, and the transaction that records its answers.

Step 2 and 3 of every path of money: the intent is on disk before `drive` is called; the provider is called outside any
transaction; answers are recorded in groups as they come. A crash in between is finished by the worker (`resume`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Lock, Thread
from typing import Generic, TypeVar
from uuid import UUID

from attrs import evolve, frozen

from ordercore.application.core import Core
from ordercore.application.placing import RESERVE
from ordercore.application.requests import DONE, explained
from ordercore.application.settings import CapturePolicy
from ordercore.application.work_items import open_work_items, settle_answered
from ordercore.domain.errors import OrderCoreError
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.order import CancelReason, Order
from ordercore.domain.payment import AnswerKind, Attempt, AttemptKind, AttemptStatus, ProviderAnswer
from ordercore.domain.product import Product
from ordercore.domain.work_item import WorkItem, WorkItemKind
from ordercore.ports.commits import Change
from ordercore.ports.gateway import ProviderCall, ProviderTraits
from ordercore.ports.store import UnitOfWork

Q = TypeVar("Q")
R = TypeVar("R")

LARGEST_GROUP = 128
PROMPT_SECONDS = 0.02
GROUP_SECONDS = 0.1
"""How long several questions are left to one thread, and how long answers may wait to be recorded together."""
NEVER_MADE = "never_made"
"""The decline code of an attempt that never reached the provider."""
REFUND = "cancel_order"
PAY_AGAIN = "pay_order"


@frozen(kw_only=True, slots=False)
class Recording:
    """An answer to be recorded on an order that was read before.

    With a `note`, which is an admin's reason, it is decided by hand: no word of the provider's, so that it contradicts
    none. `next_id` is the id of the attempt that follows, where one does: the capture of what was authorised where it
    `captures`, or what gives money back that came for a cancelled order.
    """

    order: Order
    attempt_id: UUID
    answer: ProviderAnswer
    entry_id: UUID
    next_id: UUID
    captures: bool
    at: datetime
    actor_id: UUID
    note: str | None = None


def settle(work: UnitOfWork, recordings: Sequence[Recording]) -> Sequence[Order]:
    """Step 3: answers recorded on their orders, stock of what they cancelled released, requests finished.

    What contradicts an order's books opens a work item.
    """
    before = work.orders.renew(each.order for each in recordings)
    orders = dict(before)
    for each in recordings:
        orders[each.order.id] = _recorded(orders[each.order.id], each, work)
    release_stock(work, [(before[id], after) for id, after in orders.items()], recordings[0].at)
    _close_alerts(work, recordings, before, orders)
    changed = [after for id, after in orders.items() if after is not before[id]]
    work.orders.save(*changed)
    open_work_items(work, changed)
    _alert_unreturned(work, recordings, before, orders)
    _finish_requests(work, recordings, before, orders)
    return [orders[each.order.id] for each in recordings]


def _close_alerts(
    work: UnitOfWork, recordings: Sequence[Recording], before: Mapping[UUID, Order], after: Mapping[UUID, Order]
) -> None:
    """What was unknown and is not any more needs nobody to look at it."""
    answered: dict[UUID, str] = {}
    for each in recordings:
        was_unknown = before[each.order.id].payment.is_unknown
        now = after[each.order.id].payment.attempt(each.attempt_id)
        if was_unknown and not now.is_open:
            answered[each.attempt_id] = f"answered: {now.status.value}"
    if answered:
        settle_answered(work, answered, at=recordings[0].at, actor_id=recordings[0].actor_id)


def _alert_unreturned(
    work: UnitOfWork, recordings: Iterable[Recording], before: Mapping[UUID, Order], after: Mapping[UUID, Order]
) -> None:
    """A void or refund that was declined leaves a cancelled order's money where it is: somebody looks at it."""
    for each in recordings:
        order = after[each.order.id]
        attempt = order.payment.attempt(each.attempt_id)
        was_open = before[order.id].payment.attempt(each.attempt_id).is_open
        is_refused = attempt.status is AttemptStatus.DECLINED and attempt.kind in (AttemptKind.VOID, AttemptKind.REFUND)
        if order.status is OrderStatus.CANCELLED and was_open and is_refused:
            item = WorkItem.open(
                id=each.entry_id,  # nothing was booked
                kind=WorkItemKind.MONEY_NOT_RETURNED,
                order_id=order.id,
                payment_id=order.payment.id,
                attempt_id=attempt.id,
                amount=attempt.amount,
                at=each.at,
                actor_id=each.actor_id,
            )
            work.work_items.save(item)


SETTLE: Change[Recording, Order] = Change("settle_payment", settle, largest_group=LARGEST_GROUP)


def release_stock(work: UnitOfWork, changes: Iterable[tuple[Order, Order]], at: datetime) -> None:
    """Hold phase, after the orders: give back what orders held before their transition and hold no longer."""
    freed: list[tuple[UUID, int, UUID]] = []
    for before, after in changes:
        if after.items is not before.items:
            kept = after.reserved
            actor_id = after.facts[-1].actor_id
            freed += [
                (product_id, quantity - kept.get(product_id, 0), actor_id)
                for product_id, quantity in before.reserved.items()
                if quantity != kept.get(product_id, 0)
            ]
    if freed:
        products: dict[UUID, Product] = dict(work.products.hold({product_id for product_id, _, _ in freed}))
        for product_id, quantity, actor_id in freed:
            products[product_id] = products[product_id].release(quantity, at=at, actor_id=actor_id)
        work.products.save(*products.values())


def drive(core: Core, orders: Iterable[Order], actor_id: UUID, until: datetime | None = None) -> dict[UUID, Order]:
    """Steps 2 and 3 for orders with an attempt to be made: ask, record, and go on until nothing is left to ask.

    An attempt that got no answer stays `unknown`; the worker asks again later. A single order is not waited for beyond
    one deadline (or `until`): what it would ask after that, such as a capture, is left to the worker.
    """
    settled = {order.id: order for order in orders}
    waiting = [order for order in settled.values() if attempt_to_make(order) is not None]
    if until is None and len(waiting) == 1:
        until = core.clock.now() + core.gateway.traits.deadline
    while waiting:
        within = None if until is None else until - core.clock.now()
        if within is not None and is_too_short(core, within):
            break
        recorded: list[Order] = []
        at_once = core.gateway.traits.calls_at_once
        for group in answered(waiting, partial(_ask, core, within), at_once=at_once):
            recorded += record(core, group, actor_id)
        settled.update((order.id, order) for order in recorded)
        waiting = [order for order in recorded if attempt_to_make(order) is not None]
    return settled


def is_too_short(core: Core, within: timedelta) -> bool:
    """Whether so little time is left that a provider could not be expected to answer in it."""
    return within * 10 < core.gateway.traits.deadline


def attempt_to_make(order: Order) -> Attempt | None:
    """The attempt that waits to be made for the first time."""
    attempt = order.payment.open_attempt
    return attempt if attempt is not None and attempt.status is AttemptStatus.PENDING else None


def record(core: Core, answers: Sequence[tuple[Order, ProviderAnswer]], actor_id: UUID) -> list[Order]:
    """Step 3 for these answers, in one group.

    Raises:
        OrderCoreError: the store failed; the worker will finish what is open.
    """
    outcomes = core.commits.run(SETTLE, recordings_of(core, answers, actor_id))
    for outcome in outcomes:
        if isinstance(outcome, OrderCoreError):
            raise outcome
    orders = [outcome for outcome in outcomes if isinstance(outcome, Order)]
    return [order.written().showing(answer) for order, (_, answer) in zip(orders, answers, strict=True)]


def recordings_of(
    core: Core, answers: Iterable[tuple[Order, ProviderAnswer]], actor_id: UUID, *, note: str | None = None
) -> list[Recording]:
    """Answers on their orders' latest attempts, ready to be recorded; `note` is the reason of one given by hand."""
    return [
        recording_of(core, order, order.payment.attempts[-1].id, answer, actor_id, note=note)
        for order, answer in answers
    ]


def recording_of(
    core: Core, order: Order, attempt_id: UUID, answer: ProviderAnswer, actor_id: UUID, *, note: str | None = None
) -> Recording:
    """An answer with all that its recording needs to be repeatable."""
    return Recording(
        order=order,
        attempt_id=attempt_id,
        answer=answer,
        entry_id=core.ids.new(),
        next_id=core.ids.new(),
        captures=core.settings.capture is CapturePolicy.CONFIRMED,
        at=core.clock.now(),
        actor_id=actor_id,
        note=note,
    )


def resume(core: Core, order: Order, attempt: Attempt, actor_id: UUID, until: datetime | None = None) -> Order:
    """Finish an attempt whose first asking was cut off: asked again with its key while the key lives, later only found.

    What the customer has to do first is only looked for. "Not found" is no proof before the provider's settling time
    has passed: then the attempt stays unknown. All of it ends `until` then, one deadline from now unless told
    otherwise; where too little time is left nobody is asked.
    """
    traits = core.gateway.traits
    until = until or core.clock.now() + traits.deadline
    within = until - core.clock.now()
    if is_too_short(core, within):
        return order
    request = provider_call(order, attempt, within)
    with core.store.reading() as lookups:
        now = lookups.now
    core.asking_again.remember(attempt.id, now)
    age = now - attempt.started_at
    if attempt.status is AttemptStatus.ACTION_REQUIRED:
        answer = _of_the_customer(core, order, request)
    elif age + traits.deadline < traits.key_lifetime:  # a key that dies on the way would charge anew
        answer = core.gateway.call(request)
    else:
        answer = core.gateway.find(request) or _not_found(traits, age)
    (recorded,) = record(core, [(order, answer)], actor_id)
    return drive(core, [recorded], actor_id, until)[order.id]


def _of_the_customer(core: Core, order: Order, request: ProviderCall) -> ProviderAnswer:
    """What became of an authorisation that its customer has to confirm; that of a cancelled order is ended first.

    Only a void ends it: else the customer could still confirm what nobody waits for. It has a key of its own and the
    same content each time.
    """
    unknown = ProviderAnswer(kind=AnswerKind.UNKNOWN)
    answer = core.gateway.find(request) or unknown
    if order.status is not OrderStatus.CANCELLED or answer.kind is not AnswerKind.ACTION_REQUIRED:
        return answer
    end = evolve(request, kind=AttemptKind.VOID, key=f"{request.key}-abandoned", token=None, reference=answer.reference)
    core.gateway.call(end)
    return core.gateway.find(request) or unknown


def _not_found(traits: ProviderTraits, age: timedelta) -> ProviderAnswer:
    """What it means that the provider knows of no such call, when nobody can have sent it for its settling time."""
    if traits.settling_time is not None and age >= traits.key_lifetime + traits.settling_time:
        return ProviderAnswer(kind=AnswerKind.DECLINED, decline_code=NEVER_MADE)
    return ProviderAnswer(kind=AnswerKind.UNKNOWN)


def patience(core: Core) -> timedelta:
    """How long an attempt or a label is left to whoever began it, before the worker takes it up."""
    return 2 * max(core.gateway.traits.deadline, core.carrier.deadline)


def provider_call(order: Order, attempt: Attempt, within: timedelta | None = None) -> ProviderCall:
    """What the provider is asked, the same whenever it is asked."""
    reference = None if attempt.kind is AttemptKind.AUTHORISE else order.payment.reference
    return ProviderCall(
        kind=attempt.kind,
        key=attempt.provider_key,
        amount=attempt.amount,
        token=attempt.token,
        reference=reference,
        within=within,
    )


def answered(questions: Sequence[Q], ask: Callable[[Q], R], *, at_once: int) -> Iterator[list[tuple[Q, R]]]:
    """Answers in groups as they come, at most 128 in a group; a slow one holds back no neighbour.

    One question is asked by the calling thread. Several are asked by a thread that takes one after the other; where
    they are not all answered at once, as a provider in this process would, more threads join, `at_once` in all.
    """
    if len(questions) == 1:
        yield [(questions[0], ask(questions[0]))]
        return
    asking = _Asking(questions, ask)
    asking.start(1)
    if not asking.is_over.wait(PROMPT_SECONDS):
        asking.start(min(at_once, len(questions)) - 1)
    while not asking.is_over.wait(GROUP_SECONDS):
        yield from asking.groups()
    yield from asking.groups()
    if asking.failures:
        raise asking.failures[0]


class _Asking(Generic[Q, R]):
    """Questions on their way: threads take the next one when they are free."""

    def __init__(self, questions: Sequence[Q], ask: Callable[[Q], R]) -> None:
        self._remaining = iter(questions)
        self._left = len(questions)
        self._ask = ask
        self._answers: deque[tuple[Q, R]] = deque()
        self._lock = Lock()
        self.failures: list[BaseException] = []
        self.is_over = Event()

    def start(self, threads: int) -> None:
        """That many threads more."""
        for _ in range(threads):
            Thread(target=self._work, daemon=True).start()

    def groups(self) -> Iterator[list[tuple[Q, R]]]:
        """What came since the last time."""
        while self._answers:
            yield [self._answers.popleft() for _ in range(min(LARGEST_GROUP, len(self._answers)))]

    def _work(self) -> None:
        for question in self._remaining:
            try:
                self._answers.append((question, self._ask(question)))
            except BaseException as failure:  # the calling thread raises it
                self.failures.append(failure)
            with self._lock:
                self._left -= 1
                if self._left == 0:
                    self.is_over.set()


def _ask(core: Core, within: timedelta | None, order: Order) -> ProviderAnswer:
    return core.gateway.call(provider_call(order, order.payment.attempts[-1], within))


def _recorded(order: Order, each: Recording, work: UnitOfWork) -> Order:
    if each.note is not None and not order.payment.attempt(each.attempt_id).is_open:
        return order
    after = order.record(each.attempt_id, each.answer, entry_id=each.entry_id, at=each.at, actor_id=each.actor_id)
    if after is order:
        return order
    return explained(_followed_up(order, after, each, work.now), each.note)


def _followed_up(before: Order, after: Order, each: Recording, now: datetime) -> Order:
    """The order with what the answer calls for: the capture, or the money back that came after its end."""
    next_id, at, actor_id = each.next_id, each.at, each.actor_id
    if each.captures and _became_sure(before, after):
        return after.ask_capture(attempt_id=next_id, at=at, started_at=now, actor_id=actor_id)
    if after.has_money_to_return(each.attempt_id):
        return after.give_back(attempt_id=next_id, entry_id=each.entry_id, at=at, started_at=now, actor_id=actor_id)
    return after


def _became_sure(before: Order, after: Order) -> bool:
    """Whether the answer confirmed the order and left its money to be captured, with nothing to be settled first."""
    is_held = after.payment.status is PaymentStatus.AUTHORISED and not after.payment.discrepancy
    return before.status is OrderStatus.PENDING and is_held


def _finish_requests(
    work: UnitOfWork, recordings: Iterable[Recording], before: Mapping[UUID, Order], orders: Mapping[UUID, Order]
) -> None:
    """Requests whose attempt came to its end here; one that had ended before may have made room for another request."""
    finished: dict[str, dict[UUID, str]] = {}
    for each in recordings:
        order = orders[each.order.id]
        attempt = order.payment.attempt(each.attempt_id)
        if attempt.is_open or not before[order.id].payment.attempt(attempt.id).is_open:
            continue
        if order.status is OrderStatus.CANCELLED and order.payment.open_attempt is None:
            finished.setdefault(REFUND, {})[order.id] = DONE
        outcome = "payment_declined" if attempt.status is AttemptStatus.DECLINED else DONE
        if attempt.kind is AttemptKind.AUTHORISE:
            is_first = order.payment.attempts[0].id == attempt.id
            finished.setdefault(RESERVE.name if is_first else PAY_AGAIN, {})[order.id] = outcome
    for operation, outcomes in finished.items():
        work.requests.finish(operation, outcomes)


def was_declined(order: Order) -> bool:
    """Whether the order stands without money because the provider said no; not while a later answer is awaited."""
    refused = order.cancel_reason is CancelReason.PAYMENT_DECLINED or order.payment.status is PaymentStatus.DECLINED
    return refused and order.payment.open_attempt is None
