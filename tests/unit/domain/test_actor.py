from itertools import product
from uuid import UUID

import pytest

from ordercore.domain.actor import EMBEDDING, SYSTEM, Actor, ActorKind, Permission, authorise, may
from ordercore.domain.errors import PermissionMissing


@pytest.mark.parametrize(("held", "needed"), list(product(Permission, Permission)))
def test_the_gate_lets_pass_who_holds_the_permission_or_all(held: Permission, needed: Permission) -> None:
    actor = Actor(kind=ActorKind.TOKEN, id=UUID(int=9), permissions=frozenset({held}), origin="http")
    assert may(actor, needed) == (held == needed or held is Permission.ALL)
    if may(actor, needed):
        authorise(actor, needed)
    else:
        with pytest.raises(PermissionMissing) as refusal:
            authorise(actor, needed)
        assert refusal.value.permission == needed.value


@pytest.mark.parametrize("needed", Permission)
def test_an_actor_without_permissions_may_nothing(needed: Permission) -> None:
    assert not may(Actor(kind=ActorKind.TOKEN, id=UUID(int=9), permissions=frozenset()), needed)


def test_the_embedding_program_and_the_system_may_everything_and_are_told_apart() -> None:
    assert all(may(actor, each) for actor in (EMBEDDING, SYSTEM) for each in Permission)
    assert EMBEDDING.id != SYSTEM.id
    assert (EMBEDDING.origin, SYSTEM.origin) == ("library", "worker")
