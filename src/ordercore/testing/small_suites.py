"""The only place that says, as tests, what the small ports must keep: Clock, Ids, Sealer, Passwords."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ordercore.ports.clock import Clock
from ordercore.ports.ids import Ids
from ordercore.ports.passwords import Passwords
from ordercore.ports.sealer import Sealer


class ClockSuite:
    """Subclass it and give it the fixture `clock`."""

    @pytest.fixture
    def clock(self) -> Clock:
        """The clock to be tried."""
        raise NotImplementedError

    def test_now_is_aware_and_in_utc(self, clock: Clock) -> None:
        assert clock.now().utcoffset() == timedelta(0)

    def test_a_pause_lets_time_pass(self, clock: Clock) -> None:
        before = clock.now()
        clock.pause(0.01)
        assert clock.now() - before >= timedelta(milliseconds=9)


class IdsSuite:
    """Subclass it and give it the fixture `ids`."""

    @pytest.fixture
    def ids(self) -> Ids:
        """The source of ids to be tried."""
        raise NotImplementedError

    def test_ids_are_uuid7(self, ids: Ids) -> None:
        id = ids.new()
        assert (id.version, id.variant) == (7, "specified in RFC 4122")

    def test_ids_rise(self, ids: Ids) -> None:
        made = [ids.new() for _ in range(10_000)]
        assert made == sorted(made)
        assert len(set(made)) == len(made)

    def test_ids_of_many_threads_never_meet(self, ids: Ids) -> None:
        with ThreadPoolExecutor(8) as pool:
            piles = list(pool.map(lambda _: [ids.new() for _ in range(2_000)], range(8)))
        assert len({id for pile in piles for id in pile}) == 16_000
        assert all(pile == sorted(pile) for pile in piles)


class SealerSuite:
    """Subclass it and give it the fixture `sealer`."""

    @pytest.fixture
    def sealer(self) -> Sealer:
        """The sealer to be tried."""
        raise NotImplementedError

    @pytest.mark.parametrize("plain", [b"", b"x", "Zoë, Köln".encode(), bytes(range(256)) * 40])
    def test_what_was_sealed_can_be_opened(self, sealer: Sealer, plain: bytes) -> None:
        assert sealer.open(sealer.seal(plain)) == plain

    def test_an_equal_value_is_found_again(self, sealer: Sealer) -> None:
        assert sealer.index("email", "zoe@example.com") == sealer.index("email", "zoe@example.com")

    def test_another_value_or_purpose_is_another_digest(self, sealer: Sealer) -> None:
        pairs = [("email", "a"), ("email", "b"), ("phone", "a"), ("emaila", ""), ("", "emaila"), ("e", "maila")]
        assert len({sealer.index(purpose, value) for purpose, value in pairs}) == len(pairs)

    def test_a_digest_shows_nothing_of_the_value(self, sealer: Sealer) -> None:
        assert b"zoe" not in sealer.index("email", "zoe")
        assert b"zoe" not in sealer.fingerprint(b"zoe")

    def test_equal_requests_have_equal_fingerprints_and_others_have_others(self, sealer: Sealer) -> None:
        assert sealer.fingerprint(b"two mugs") == sealer.fingerprint(b"two mugs")
        assert sealer.fingerprint(b"two mugs") != sealer.fingerprint(b"three mugs")

    def test_fingerprints_start_with_their_scheme(self, sealer: Sealer) -> None:
        schemes = {sealer.fingerprint(content)[:1] for content in (b"", b"a", b"b" * 1000)}
        assert len(schemes) == 1
        assert schemes != {b""}


class PasswordsSuite:
    """Subclass it and give it the fixture `passwords`."""

    @pytest.fixture
    def passwords(self) -> Passwords:
        """The keeper to be tried."""
        raise NotImplementedError

    def test_a_password_is_known_again_and_another_is_not(self, passwords: Passwords) -> None:
        kept = passwords.hash("correct horse ümlaut")
        assert passwords.verify(kept, "correct horse ümlaut")
        assert not passwords.verify(kept, "correct horse umlaut")

    def test_a_hash_is_argon2id_and_shows_nothing(self, passwords: Passwords) -> None:
        kept = passwords.hash("correct horse")
        assert kept.startswith("$argon2id$")
        assert "horse" not in kept

    def test_equal_passwords_have_different_hashes(self, passwords: Passwords) -> None:
        assert passwords.hash("correct horse") != passwords.hash("correct horse")

    def test_what_is_no_hash_verifies_nothing(self, passwords: Passwords) -> None:
        assert not passwords.verify("correct horse", "correct horse")
