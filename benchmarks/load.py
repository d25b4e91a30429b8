"""A small closed-loop HTTP load: so many clients, each sending its next request when its last was answered.

One thread and epoll, so that the generator takes little of the two cores it shares with the server.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator

from attrs import define, frozen


@frozen
class Load:
    """What the clients saw: requests a second, the 99th percentile in milliseconds, and answers other than 2xx.

    `own_share` is how much of a core the generator itself took: near 1 it would measure itself.
    """

    requests_per_second: float
    p99_milliseconds: float
    failures: int
    own_share: float


@define
class _Client:
    connection: socket.socket
    sent_at: float = 0.0
    answer: bytes = b""


def run(port: int, clients: int, requests: Iterator[bytes], seconds: float) -> Load:
    """Send for that long and wait for the last answers."""
    latencies: list[float] = []
    failures = 0
    with selectors.DefaultSelector() as waiting:
        for _ in range(clients):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = _Client(connection)
            waiting.register(connection, selectors.EVENT_READ, client)
            _send(client, next(requests))
        started, own = time.perf_counter(), time.process_time()
        until, busy = started + seconds, clients
        while busy:
            for key, _ in waiting.select():
                client = key.data
                client.answer += client.connection.recv(65_536)
                if not _is_whole(client.answer):
                    continue
                now = time.perf_counter()
                latencies.append(now - client.sent_at)
                failures += client.answer[9:10] != b"2"
                if now < until:
                    _send(client, next(requests))
                else:
                    busy -= 1
                    waiting.unregister(client.connection)
                    client.connection.close()
    elapsed = time.perf_counter() - started
    latencies.sort()
    own_share = (time.process_time() - own) / elapsed
    return Load(len(latencies) / elapsed, latencies[int(len(latencies) * 0.99)] * 1000, failures, own_share)


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _send(client: _Client, request: bytes) -> None:
    client.answer = b""
    client.sent_at = time.perf_counter()
    client.connection.sendall(request)


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    at = head.lower().find(b"content-length:")
    return at >= 0 and len(body) >= int(head[at + 15 :].split(b"\r\n", 1)[0])
