"""The only place that resolves a subscriber's host, once a delivery, and that knows which addresses are public.

What is connected to is the address that was judged, never the name again: a name that answers a public address first
and a private one a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
from collections.abc import Callable, Sequence
from threading import BoundedSemaphore, Thread

from ordercore.adapters.messaging.deadlines import Deadline

Address = str
"""A numeric IPv4 or IPv6 address, perhaps with a zone."""
Lookup = Callable[[str], Sequence[Address]]

PRIVATE = "the host has a private address, which this subscription does not allow"

MOST_ADDRESSES = 4
MOST_LOOKUPS = 32
"""Side by side; one that hangs keeps its place until the system's resolver gives up."""

_lookups = BoundedSemaphore(MOST_LOOKUPS)

_PLAIN_V6 = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNSERVED = tuple(
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: any IPv4 address may hide in it
        "3fff::/20",  # documentation
    )
)


def system_lookup(host: str) -> Sequence[Address]:
    """The machine's resolver."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def resolved(host: str, lookup: Lookup, deadline: Deadline) -> Sequence[Address]:
    """A few addresses of the host. A resolver has no deadline of its own, so it works in a thread that may be left.

    Raises:
        TimeoutError: it took too long.
        OSError: there is no such host.
    """
    answers: queue.SimpleQueue[Sequence[Address] | OSError] = queue.SimpleQueue()
    if not _lookups.acquire(timeout=deadline.left_seconds()):
        raise TimeoutError("too many lookups hang")
    Thread(target=_look_up, args=(host, lookup, answers, _lookups), daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left_seconds())
    except queue.Empty:
        raise TimeoutError("the lookup took too long") from None
    if isinstance(answer, OSError):
        raise answer
    return answer[:MOST_ADDRESSES]


def _look_up(
    host: str, lookup: Lookup, answers: queue.SimpleQueue[Sequence[Address] | OSError], places: BoundedSemaphore
) -> None:
    try:
        answers.put(lookup(host))
    except OSError as failure:
        answers.put(failure)
    except Exception as failure:  # a name that the resolver cannot even encode
        answers.put(OSError(type(failure).__name__))
    finally:
        places.release()


def are_public(addresses: Sequence[Address]) -> bool:
    """Whether all of them lie in the public internet; a name with one foot in a private net is not trusted."""
    return all(_is_public(ipaddress.ip_address(each)) for each in addresses)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner_v4(address)
        if inner is not None:
            return _is_public(inner)
        if address not in _PLAIN_V6:
            return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in each for each in _UNSERVED if each.version == address.version)


def _inner_v4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that this one stands for: mapped, or behind a translator (NAT64)."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
