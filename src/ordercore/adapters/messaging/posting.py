"""The only place that speaks HTTP to a webhook: one POST on one connection, everything inside one deadline.

Our own few lines around `http.client`'s reader of answers, because it resolves by itself and its time-outs are a
socket operation's: an answer of a byte a second would never end.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Mapping, Sequence
from email.message import Message
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any, cast

from ordercore.adapters.messaging.addresses import Address
from ordercore.adapters.messaging.deadlines import Deadline
from ordercore.adapters.messaging.destinations import Destination

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_ANSWER_BYTES = 65_536
"""Of an answer's status and headers; its body is not read."""
_CHUNK_BYTES = 16_384


def post(
    destination: Destination,
    addresses: Sequence[Address],
    headers: Mapping[str, str],
    body: bytes,
    *,
    tls: ssl.SSLContext | None,
    deadline: Deadline,
) -> tuple[int, Message]:
    """The answer's status and headers; without `tls` in the clear. A redirect is an answer like any other.

    Raises:
        TimeoutError: the deadline passed.
        OSError, HTTPException: no connection, no trust, or nonsense.
    """
    with _connected(addresses, destination.port, deadline) as plain:
        if tls is None:
            return _exchange(plain, destination, headers, body, deadline)
        plain.settimeout(deadline.left_seconds())
        with tls.wrap_socket(plain, server_hostname=destination.host) as line:
            return _exchange(line, destination, headers, body, deadline)


def _connected(addresses: Sequence[Address], port: int, deadline: Deadline) -> socket.socket:
    """To the first address that answers; each gets its share of the time."""
    failure = OSError("the host has no address")
    for waiting, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            return socket.create_connection((address, port), timeout=deadline.left_seconds() / waiting)
        except OSError as refused:
            failure = refused
    raise failure


def _exchange(
    line: socket.socket, destination: Destination, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> tuple[int, Message]:
    request = _head(destination, headers, len(body)) + body
    for start in range(0, len(request), _CHUNK_BYTES):
        line.settimeout(deadline.left_seconds())
        line.sendall(request[start : start + _CHUNK_BYTES])
    # all that the reader asks of a socket is a file to read from
    answer = HTTPResponse(cast(Any, _Answering(line, deadline)), method="POST")
    try:
        answer.begin()
        return answer.status, answer.headers
    finally:
        answer.close()


def _head(destination: Destination, headers: Mapping[str, str], body_bytes: int) -> bytes:
    lines = {
        "Host": destination.authority,
        **headers,
        "Content-Length": str(body_bytes),
        "Connection": "close",
    }
    first = f"POST {destination.path} HTTP/1.1"
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in lines.items()), "", ""]).encode("ascii")


class _Answering(io.RawIOBase):
    """The line as a file: each read gets what is left of the time, all of them together what an answer may have."""

    def __init__(self, line: socket.socket, deadline: Deadline) -> None:
        self._line = line
        self._deadline = deadline
        self._bytes_left = MOST_ANSWER_BYTES

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if not self._bytes_left:
            raise HTTPException("the answer's headers are too long")
        self._line.settimeout(self._deadline.left_seconds())
        count = self._line.recv_into(memoryview(buffer)[: self._bytes_left])
        self._bytes_left -= count
        return count
