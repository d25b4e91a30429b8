"""Deliveries: what was tried, what was given up, and having it tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from attrs import field, frozen

from ordercore.application.core import Core
from ordercore.application.requests import Intent, run_one
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.errors import OrderCoreError, TransitionRefused, UnknownResource
from ordercore.domain.lifecycles import SubscriptionStatus
from ordercore.domain.limits import MAX_NAME_LENGTH, MAX_POSITION
from ordercore.ports.commits import Change
from ordercore.ports.outbox import Claimed, DeadLetter, DeadLetterStatus, Delivery, EventKey, Lane, Recording
from ordercore.ports.pages import EventRow, Page, PageRequest
from ordercore.ports.store import UnitOfWork

LONGEST_STREAM = 32


@frozen(kw_only=True, slots=False)
class GiveUpEvent:
    """An event that holds up its stream for one subscriber becomes a dead letter; the stream flows on."""

    subscription_id: UUID
    stream: str = field(validator=fields.text(most=LONGEST_STREAM))
    stream_id: UUID
    number: int = field(validator=fields.whole_number(least=1, most=MAX_POSITION))
    reason: str = field(validator=fields.text(most=MAX_NAME_LENGTH))


@frozen(kw_only=True, slots=False)
class RetryDeadLetter:
    """A dead letter is delivered after all: late, alone, and under its old number."""

    subscription_id: UUID
    dead_letter_id: UUID


@frozen(kw_only=True, slots=False)
class _Buried:
    command: GiveUpEvent
    event: EventRow


C = TypeVar("C")


class Deliveries:
    """Deliveries and dead letters, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def list(self, subscription_id: UUID, page: PageRequest = PageRequest()) -> Page[Delivery]:  # noqa: B008 - frozen
        """The delivery log of one subscription, the latest first."""
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        with self._core.store.listing() as queries:
            return queries.delivery_page(subscription_id, page)

    def dead_letters(
        self,
        subscription_id: UUID | None = None,
        page: PageRequest = PageRequest(),  # noqa: B008 - frozen
    ) -> Page[DeadLetter]:
        """Dead letters, the latest first, of one subscription or all."""
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        with self._core.store.listing() as queries:
            return queries.dead_letter_page(subscription_id, page)

    def give_up(self, command: GiveUpEvent) -> DeadLetter:
        """Have a subscriber not told of the event that is next in its stream; the actor and the reason are kept.

        Raises:
            UnknownResource: nothing of that stream waits for that subscriber.
            TransitionRefused: another event is next.
        """
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        core = self._core
        fields.refuse_unstorable("event", command.stream)
        with core.store.reading() as lookups:
            found = lookups.events_between(command.stream, command.stream_id, command.number, command.number)
        if not found:
            raise _nothing_waits(command)
        return self._run(GIVE_UP, _Buried(command=command, event=found[0]))

    def retry(self, command: RetryDeadLetter) -> DeadLetter:
        """Have a dead letter tried again.

        Raises:
            UnknownResource: there is none with that id, or its subscription was removed.
            TransitionRefused: it is being tried, or was delivered.
        """
        authorise(self._actor, Permission.WEBHOOKS_MANAGE)
        return self._run(RETRY, command)

    def _run(self, change: Change[Intent[C], DeadLetter], command: C) -> DeadLetter:
        core = self._core
        ids = (core.ids.new(),)
        intent = Intent(actor_id=self._actor.id, command=command, at=core.clock.now(), ids=ids, claim=None)
        return run_one(core, change, intent)


def _one(name: str, apply: Callable[[UnitOfWork, Intent[C]], DeadLetter]) -> Change[Intent[C], DeadLetter]:
    """A change that runs one command a transaction."""

    def body(work: UnitOfWork, intents: Sequence[Intent[C]]) -> Sequence[DeadLetter | OrderCoreError]:
        return [apply(work, intent) for intent in intents]

    return Change(name, body, largest_group=1)


def _nothing_waits(command: GiveUpEvent) -> UnknownResource:
    name = f"{command.stream}/{command.stream_id}/{command.number}"
    return UnknownResource(kind="waiting event", name=name)


def _give_up(work: UnitOfWork, intent: Intent[_Buried]) -> DeadLetter:
    command, event = intent.command.command, intent.command.event
    claimed = work.outbox.waiting(Lane(command.subscription_id, command.stream, command.stream_id))
    if claimed is None or command.number > claimed.last_number:
        raise _nothing_waits(command)
    if command.number != claimed.next_number:
        raise TransitionRefused(
            kind="event", status=f"not the next one, {claimed.next_number} is", action="be given up"
        )
    letter = _letter(intent, claimed, event)
    work.outbox.record(Recording(claimed=claimed, next_number=command.number + 1, dead_letter=letter))
    return letter


def _letter(intent: Intent[_Buried], claimed: Claimed, event: EventRow) -> DeadLetter:
    return DeadLetter(
        id=intent.ids[0],
        subscription_id=claimed.lane.subscription_id,
        event=EventKey(event.stream, event.stream_id, event.number),
        type=event.type,
        position=event.position or 0,
        reason=intent.command.command.reason,
        tries=claimed.tries,
        buried_at=intent.at,
        buried_by=intent.actor_id,
    )


def _retry(work: UnitOfWork, intent: Intent[RetryDeadLetter]) -> DeadLetter:
    """The subscription is held first, so that it is not removed meanwhile."""
    command = intent.command
    held = work.subscriptions.hold((command.subscription_id,)).get(command.subscription_id)
    letter = work.outbox.dead_letter(command.dead_letter_id)
    if held is None or held.status is SubscriptionStatus.REMOVED or letter is None:
        raise UnknownResource(kind="dead letter", name=str(command.dead_letter_id))
    if letter.status is not DeadLetterStatus.DEAD:
        raise TransitionRefused(kind="dead letter", status=letter.status.value, action="be tried again")
    return work.outbox.try_again(letter)


GIVE_UP: Change[Intent[_Buried], DeadLetter] = _one("give_up_event", _give_up)
RETRY: Change[Intent[RetryDeadLetter], DeadLetter] = _one("retry_dead_letter", _retry)
