import pytest

from ordercore.adapters.security.sealer import SCHEME, PlainSealer
from ordercore.testing.small_suites import SealerSuite

KEY = b"0123456789abcdef"


class TestPlainSealer(SealerSuite):
    @pytest.fixture
    def sealer(self) -> PlainSealer:
        return PlainSealer(KEY)


def test_digests_depend_on_the_key() -> None:
    one, other = PlainSealer(KEY), PlainSealer(KEY[::-1])
    assert one.index("email", "a") != other.index("email", "a")
    assert one.fingerprint(b"a") != other.fingerprint(b"a")


def test_digests_are_the_same_in_every_process() -> None:
    sealer = PlainSealer(KEY)
    assert sealer.index("email", "zoe@example.com").hex() == "43403d7c093ca6fb38cf4e3a8530fd34"
    assert sealer.fingerprint(b"two mugs").hex() == "015d616cb7db045d330ad7ae24e0380f9f"


def test_a_fingerprint_is_seventeen_bytes_and_names_its_scheme() -> None:
    fingerprint = PlainSealer(KEY).fingerprint(b"two mugs")
    assert (len(fingerprint), fingerprint[:1]) == (17, SCHEME)


@pytest.mark.parametrize("key", [b"", KEY[:15], KEY * 5])
def test_a_key_of_another_size_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        PlainSealer(key)
