"""A real receiver of webhooks on loopback: it records what came, and plays what a bad day has in store."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from attrs import Factory, define, field, frozen


@frozen
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


Play = Callable[[BaseHTTPRequestHandler], None]


@define
class Receiver:
    """Plays the next of `plays` for each request, and 204 when there is none.

    >>> with Receiver() as receiver:
    ...     receiver.plays = [answer(500)]
    """

    certificate: Path | None = None
    plays: list[Play] = Factory(list)
    received: list[Received] = Factory(list)
    _server: ThreadingHTTPServer = field(init=False)

    @property
    def port(self) -> int:
        return self._server.server_port

    def url(self, path: str = "/hooks", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(Received(self.path, dict(self.headers.items()), body))
                play = receiver.plays.pop(0) if receiver.plays else answer(204)
                play(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            # The handshake happens in the request's thread, not in the one that accepts.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Clients that hang up are what some tests are about."""


def answer(status: int, body: bytes = b"", **headers: str) -> Play:
    def play(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return play


def silence(seconds: float) -> Play:
    """Nothing for so long."""

    def play(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return play


def drip(seconds: float, every: float = 0.05) -> Play:
    """An answer that never ends: a byte now and then, so that no single read takes long."""

    def play(handler: BaseHTTPRequestHandler) -> None:
        ends = time.monotonic() + seconds
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while time.monotonic() < ends:
            handler.wfile.write(b"a")
            time.sleep(every)
        handler.close_connection = True

    return play


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Closes without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def say(raw: bytes) -> Play:
    """These bytes, whatever they are."""

    def play(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(raw)
        handler.close_connection = True

    return play


def flood(handler: BaseHTTPRequestHandler) -> None:
    """200, and a body that goes on until nobody listens."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(1000):
        handler.wfile.write(b"x" * 1_000_000)


def a_certificate(folder: Path, *names: str) -> Path:
    """A fresh key and certificate for these names in one file, signed by nobody but itself."""
    path = folder / "receiver.pem"
    key = folder / "key.pem"
    made = ["-keyout", str(key), "-out", str(path), "-subj", f"/CN={names[0]}"]
    named = ["-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    elliptic = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", *elliptic, *made, *named]
    subprocess.run(command, check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


def http_date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
