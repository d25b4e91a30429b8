"""The only place that gives the handlers of this program their subscriptions."""

from __future__ import annotations

from attrs import evolve

from ordercore.application.core import Core
from ordercore.application.listening import Handler
from ordercore.application.requests import Intent, run_one, simple
from ordercore.application.sequencing import sequence
from ordercore.domain.actor import EMBEDDING
from ordercore.domain.errors import AlreadyExists
from ordercore.domain.subscription import Subscription, SubscriptionKind
from ordercore.ports.store import UnitOfWork


def enlist(core: Core) -> None:
    """Give each handler of this process its subscription; one that is known keeps its place.

    Raises:
        AlreadyExists: the name is a webhook's or a broker's.
    """
    if core.handlers:
        sequence(core)  # so that what happened before has its position, and is not told
    for name, handler in core.handlers.items():
        intent = Intent(
            actor_id=EMBEDDING.id, command=(name, handler), at=core.clock.now(), ids=(core.ids.new(),), claim=None
        )
        run_one(core, ENLIST, intent)


def _enlist(work: UnitOfWork, intent: Intent[tuple[str, Handler]]) -> Subscription:
    name, handler = intent.command
    after = work.outbox.last_position() if handler.after is None else handler.after
    fresh = Subscription.add(
        id=intent.ids[0],
        name=name,
        kind=SubscriptionKind.HANDLER,
        address=name,
        types=handler.types,
        secret=None,
        allows_private=False,
        after=after,
        at=intent.at,
        actor_id=intent.actor_id,
    )
    taken = work.subscriptions.claim_names((fresh,))
    if not taken:
        work.outbox.set_cursor(fresh.id, after)
        return fresh
    known = work.subscriptions.hold((taken[name],))[taken[name]]
    if known.kind is not SubscriptionKind.HANDLER:
        raise AlreadyExists(kind="subscription", name=name, pointer="/handlers")
    if known.types != handler.types:
        known = known.narrow(handler.types, at=intent.at, actor_id=intent.actor_id)
        work.subscriptions.save(known)
    return evolve(known, facts=())


ENLIST = simple("enlist_handler", _enlist)
