from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from ordercore.adapters.memory.store import MemoryStore
from ordercore.application import known_tokens
from ordercore.application.known_tokens import LONGEST, WORN, KnownTokens
from ordercore.application.tokens import CreateToken, RevokeToken
from ordercore.domain.actor import Permission
from ordercore.domain.admin import ApiToken
from ordercore.domain.errors import Unauthenticated
from ordercore.testing.faults import CountingIds, FixedClock
from tests.support.cores import OpenShop, a_shop

CREATE = CreateToken(name="till", permissions=frozenset({Permission.ALL}))
IDS = CountingIds()


def two_processes() -> tuple[OpenShop, OpenShop]:
    """Two cores that share nothing but the store and the time."""
    clock = FixedClock()
    store = MemoryStore(now=clock.now)
    return a_shop(store=store, clock=clock), a_shop(store=store, clock=clock)


def test_a_revoked_token_opens_nothing_from_that_moment_on() -> None:
    shop = a_shop()
    token, secret = shop.tokens.create(CREATE)
    shop.actor_of_token(secret, origin="http")
    shop.tokens.revoke(RevokeToken(token_id=token.id))
    with pytest.raises(Unauthenticated):
        shop.actor_of_token(secret, origin="http")


def test_a_token_that_another_process_revoked_opens_nothing_a_second_later() -> None:
    here, there = two_processes()
    token, secret = here.tokens.create(CREATE)
    here.actor_of_token(secret, origin="http")
    there.tokens.revoke(RevokeToken(token_id=token.id))
    here.clock.pause(LONGEST.total_seconds())
    with pytest.raises(Unauthenticated):
        here.actor_of_token(secret, origin="http")


def test_a_second_is_the_longest() -> None:
    assert timedelta(seconds=1) >= LONGEST


def test_a_clock_that_was_set_back_lets_no_token_live_longer() -> None:
    known, clock = KnownTokens(), FixedClock()
    reads: list[UUID] = []
    token = a_token()
    known.get(token.id, clock.now(), noted(token, reads))
    known.get(token.id, clock.now() - timedelta(days=1), noted(token, reads))
    assert len(reads) == 2


def test_many_requests_of_one_second_read_a_token_once() -> None:
    known, clock = KnownTokens(), FixedClock()
    reads: list[UUID] = []
    token = a_token()
    assert all(known.get(token.id, clock.now(), noted(token, reads)) == token for _ in range(3))
    assert reads == [token.id]


def test_a_worn_token_is_read_anew_by_one_while_others_go_on() -> None:
    known, clock = KnownTokens(), FixedClock()
    token, reads = a_token(), list[UUID]()
    known.get(token.id, clock.now(), noted(token, reads))
    clock.pause(WORN.total_seconds())

    def read_among_others(id: UUID) -> ApiToken:
        assert known.get(id, clock.now(), noted(token, reads)) == token
        reads.append(id)
        return token

    known.get(token.id, clock.now(), read_among_others)
    known.get(token.id, clock.now(), noted(token, reads))
    assert len(reads) == 2


def test_a_worn_token_whose_reading_fails_lives_no_longer_for_it() -> None:
    known, clock = KnownTokens(), FixedClock()
    token = a_token()
    known.get(token.id, clock.now(), lambda _: token)
    clock.pause(WORN.total_seconds())
    known.get(token.id, clock.now(), lambda _: None)
    assert known.get(token.id, clock.now(), lambda _: None) == token
    clock.pause((LONGEST - WORN).total_seconds())
    assert known.get(token.id, clock.now(), lambda _: None) is None


def test_what_was_read_while_the_token_was_revoked_is_not_kept() -> None:
    known, clock = KnownTokens(), FixedClock()
    token = a_token()

    def read_too_early(id: UUID) -> ApiToken:
        known.forget(id)
        return token

    known.get(token.id, clock.now(), read_too_early)
    assert known.get(token.id, clock.now(), lambda _: None) is None


def test_who_tries_many_names_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tokens, "MOST_KNOWN", 2)
    known, clock = KnownTokens(), FixedClock()
    reads: list[UUID] = []
    for token in [a_token() for _ in range(3)]:
        known.get(token.id, clock.now(), noted(token, reads))
        known.get(IDS.new(), clock.now(), lambda _: None)
    assert len(vars(known)["_known"]) == 1


@pytest.mark.parametrize("secret", ["", "oc_", "oc_zz_secret", f"{'0' * 32}_secret", f"oc_{'0' * 31}_secret"])
def test_what_is_no_token_asks_no_store(secret: str) -> None:
    class Unreadable(MemoryStore):
        def reading(self) -> Any:
            raise AssertionError("asked")

    with pytest.raises(Unauthenticated):
        a_shop(store=Unreadable(now=FixedClock().now)).actor_of_token(secret, origin="http")


def a_token() -> ApiToken:
    return ApiToken.create(
        id=IDS.new(),
        name="till",
        secret_hash=bytes(32),
        permissions=frozenset({Permission.ALL}),
        at=FixedClock().now(),
        actor_id=IDS.new(),
    )


def noted(token: ApiToken, reads: list[UUID]) -> Any:
    def read(id: UUID) -> ApiToken:
        reads.append(id)
        return token

    return read
