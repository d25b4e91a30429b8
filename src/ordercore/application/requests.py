"""The only place for how a mutating request takes effect once: claims, replays, and the simple change.

A request is (actor, key). Its fingerprint is a keyed digest of the normalised command, so that two spellings of one
request are equal and card numbers and passwords play no part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from attrs import evolve, fields, frozen

from ordercore.application.core import Core
from ordercore.domain import fields as validators
from ordercore.domain.actor import Actor
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.card_numbers import holds_card_number
from ordercore.domain.errors import InvalidRequest, KeyReused, OrderCoreError, UnknownResource, VersionIsStale
from ordercore.domain.limits import MAX_KEY_LENGTH, MAX_NAME_LENGTH
from ordercore.ports.commits import Change
from ordercore.ports.queries import Lookups
from ordercore.ports.store import RequestClaim, StoredRequest, UnitOfWork

C = TypeVar("C")
A = TypeVar("A", bound=Aggregate)
R = TypeVar("R")

SECRET = {"secret": True}
"""Metadata of a command's field that must not enter its fingerprint."""

DONE = "done"
"""The outcome of a request that succeeded."""

expected_version = validators.optional(validators.whole_number(least=1, most=2**31))
a_reason = validators.optional(validators.text(most=MAX_NAME_LENGTH))
"""Validators of the two fields that most commands have."""


@frozen
class Repeated:
    """The outcome of a command whose key was used before for the same request."""

    stored: StoredRequest


@frozen(kw_only=True)
class Intent(Generic[C]):
    """A command with all it needs to be repeatable: who asks, when, and the ids it may give."""

    actor_id: UUID
    command: C
    at: datetime
    ids: tuple[UUID, ...]
    claim: RequestClaim | None


def claim_for(
    core: Core,
    actor: Actor,
    key: str | None,
    *,
    operation: str,
    command: object,
    resource_id: UUID,
    outcome: str | None,
) -> RequestClaim | None:
    """The claim of a keyed request; none without a key.

    Raises:
        InvalidRequest: the key is none, see `refuse_bad_key`.
    """
    if key is None:
        return None
    refuse_bad_key(key)
    return RequestClaim(
        actor_id=actor.id,
        key=key,
        operation=operation,
        fingerprint=core.sealer.fingerprint(canonical(operation, command)),
        resource_id=resource_id,
        outcome=outcome,
    )


def refuse_bad_key(key: object, pointer: str = "/idempotency_key") -> None:
    """Raises InvalidRequest unless it is short printable ASCII text without a card number in it: keys are stored."""
    if not (isinstance(key, str) and 0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        detail = f"must have 1 to {MAX_KEY_LENGTH} printable ASCII characters"
        raise InvalidRequest.of(pointer, detail, "bad_key")
    if holds_card_number(key):
        detail = "must not hold what looks like a card number, because it is stored; take a fresh UUID"
        raise InvalidRequest.of(pointer, detail, "bad_key")


def claimed(work: UnitOfWork, claims: Sequence[RequestClaim | None]) -> Sequence[Repeated | KeyReused | None]:
    """Claim phase: for each command None where it may run, else why it does not.

    Of two equal keys in one batch the first runs and equal content shares its outcome.
    """
    first: dict[tuple[UUID, str], RequestClaim] = {}
    for claim in claims:
        if claim is not None:
            first.setdefault((claim.actor_id, claim.key), claim)
    if not first:
        return [None] * len(claims)
    taken = work.requests.claim(tuple(first.values()))
    return [_verdict(claim, first, taken, work.now) for claim in claims]


def perform(
    core: Core,
    actor: Actor,
    change: Change[Intent[C], A | Repeated],
    command: C,
    *,
    resource_id: UUID | None = None,
    key: str | None = None,
    again: Callable[[Lookups], Callable[[Sequence[UUID]], Mapping[UUID, A]]],
    then: Callable[[A], object] = lambda _: None,
) -> A:
    """Run a change of one transaction once and answer what it made; a repeat answers it as it is now.

    `then` is handed what was made, its facts still on it, once it is on disk.

    Raises:
        OrderCoreError: the refusal.
    """
    resource_id = resource_id or core.ids.new()
    claim = claim_for(core, actor, key, operation=change.name, command=command, resource_id=resource_id, outcome=DONE)
    intent = Intent(
        actor_id=actor.id,
        command=command,
        at=core.clock.now(),
        ids=(resource_id, core.ids.new(), core.ids.new(), core.ids.new()),
        claim=claim,
    )
    outcome = run_one(core, change, intent)
    if isinstance(outcome, Repeated):
        return evolve(existing(core, outcome.stored.claim.resource_id, change.name, again), replayed=True)
    then(outcome)
    return outcome.written()


def run_one(core: Core, change: Change[C, R], command: C) -> R:
    """Run one command and answer what it made.

    Raises:
        OrderCoreError: its refusal.
    """
    (outcome,) = core.commits.run(change, (command,))
    if isinstance(outcome, OrderCoreError):
        raise outcome
    return outcome


def simple(name: str, apply: Callable[[UnitOfWork, Intent[C]], A]) -> Change[Intent[C], A | Repeated]:
    """A change that runs one command a transaction: its refusal rolls everything back, the claim included."""

    def body(work: UnitOfWork, intents: Sequence[Intent[C]]) -> Sequence[A | Repeated]:
        outcomes: list[A | Repeated] = []
        for intent in intents:
            (verdict,) = claimed(work, (intent.claim,))
            if isinstance(verdict, KeyReused):
                raise verdict
            outcomes.append(verdict if verdict is not None else apply(work, intent))
        return outcomes

    return Change(name, body, largest_group=1)


def existing(
    core: Core, id: UUID, kind: str, again: Callable[[Lookups], Callable[[Sequence[UUID]], Mapping[UUID, A]]]
) -> A:
    """The aggregate as it is now.

    Raises:
        UnknownResource: there is none with that id.
        InvalidRequest: it is no id.
    """
    if not isinstance(id, UUID):
        raise InvalidRequest.of("/id", "must be a UUID", "not_a_uuid")
    with core.store.reading() as lookups:
        found = again(lookups)((id,))
    return named(found, id, kind)


def named(found: Mapping[UUID, A], id: UUID, kind: str) -> A:
    """The one that was asked for.

    Raises:
        UnknownResource: it is not among what was found.
    """
    if id not in found:
        raise UnknownResource(kind=kind, name=str(id))
    return found[id]


def explained(aggregate: A, reason: str | None) -> A:
    """The aggregate with the actor's reason on its new facts."""
    if reason is None:
        return aggregate
    return evolve(aggregate, facts=tuple(evolve(fact, note=reason) for fact in aggregate.facts))


def refuse_stale(aggregate: Aggregate, expected_version: int | None, kind: str) -> None:
    """Raises VersionIsStale where the caller expected another version; an expected version is optional."""
    if expected_version is not None and expected_version != aggregate.version:
        raise VersionIsStale(kind=kind, expected=expected_version, actual=aggregate.version)


def canonical(operation: str, command: object) -> bytes:
    """The normalised request as bytes: equal for equal meaning, without secrets."""
    return json.dumps((operation, command), default=_plain, separators=(",", ":"), sort_keys=True).encode()


def _verdict(
    claim: RequestClaim | None,
    first: Mapping[tuple[UUID, str], RequestClaim],
    taken: Mapping[tuple[UUID, str], StoredRequest],
    now: datetime,
) -> Repeated | KeyReused | None:
    if claim is None:
        return None
    name = (claim.actor_id, claim.key)
    stored = taken.get(name)
    if stored is None and first[name] is claim:
        return None
    earlier = stored or StoredRequest(claim=first[name], claimed_at=now)
    same = earlier.claim.operation == claim.operation and earlier.claim.fingerprint == claim.fingerprint
    return Repeated(earlier) if same else KeyReused(key=claim.key)


def _plain(value: Any) -> object:
    """What json cannot say itself: attrs values as their fields without secrets, everything else as its text."""
    names = _open_names(type(value))  # type: ignore[arg-type] # a class is hashable
    return str(value) if names is None else {name: getattr(value, name) for name in names}


@cache
def _open_names(cls: type[Any]) -> tuple[str, ...] | None:
    """The fields of an attrs class that may be told; None where it is none."""
    if not hasattr(cls, "__attrs_attrs__"):
        return None
    return tuple(each.name for each in fields(cls) if not each.metadata.get("secret"))
