import socket
from collections.abc import Sequence
from datetime import timedelta
from threading import BoundedSemaphore, Event

import pytest

from ordercore.adapters.messaging import addresses
from ordercore.adapters.messaging.addresses import MOST_ADDRESSES, are_public, resolved, system_lookup
from ordercore.adapters.messaging.deadlines import Deadline

SOON = timedelta(seconds=5)

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert are_public([address])


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_any_other_address_is_not(address: str) -> None:
    assert not are_public([address])


def test_one_private_address_spoils_the_others() -> None:
    assert not are_public(["8.8.8.8", "127.0.0.1"])


def test_the_machine_resolves_in_numbers_and_without_repeats() -> None:
    assert "127.0.0.1" in system_lookup("127.0.0.1")
    found = system_lookup("localhost")
    assert len(found) == len(set(found))


@pytest.mark.parametrize("written", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_another_spelling_of_loopback_is_still_loopback(written: str) -> None:
    assert not are_public(resolved(written, system_lookup, Deadline(SOON)))


def test_only_a_few_addresses_are_tried() -> None:
    assert len(resolved("many.example", lambda _: ["8.8.8.8"] * 50, Deadline(SOON))) == MOST_ADDRESSES


def test_a_host_that_is_not_there_is_an_os_error() -> None:
    def unknown(_: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(OSError, match="not known"):
        resolved("gone.example", unknown, Deadline(SOON))


def test_a_name_that_cannot_be_encoded_is_an_os_error() -> None:
    with pytest.raises(OSError, match="UnicodeError"):
        resolved("a" * 64 + ".example", system_lookup, Deadline(SOON))


def test_a_resolver_that_hangs_is_left_behind() -> None:
    awake = Event()

    def hanging(_: str) -> Sequence[str]:
        awake.wait(10)
        return ["8.8.8.8"]

    with pytest.raises(TimeoutError):
        resolved("slow.example", hanging, Deadline(timedelta(milliseconds=50)))
    awake.set()


def test_no_more_than_so_many_lookups_hang_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_lookups", BoundedSemaphore(1))
    awake, started = Event(), []

    def hanging(host: str) -> Sequence[str]:
        started.append(host)
        awake.wait(10)
        return ["8.8.8.8"]

    for host in ("one.example", "two.example"):
        with pytest.raises(TimeoutError):
            resolved(host, hanging, Deadline(timedelta(milliseconds=50)))
    awake.set()
    assert started == ["one.example"]
