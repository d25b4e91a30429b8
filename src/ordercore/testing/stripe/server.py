"""The only place that speaks HTTP for the fake Stripe; the standard library's server, so that nothing is to install."""

from __future__ import annotations

import json
import re
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from ordercore.testing.stripe.books import StripeBooks
from ordercore.testing.stripe.control import Control
from ordercore.testing.stripe.desk import Asked, Desk
from ordercore.testing.stripe.faults import BEFORE, ERROR, ODD_ERROR, Fault, FaultQueue, Planned, encoded
from ordercore.testing.stripe.shapes import Answer

AUTHENTICATE = re.compile(r"/_fake/authenticate/(\w+)(?:/(succeed|fail))?")


class StripeServer(ThreadingHTTPServer):
    """A Stripe on a port of this machine; 0 takes a free one."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, books: Path | None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.books = StripeBooks(books, _now, _new_id)
        self.faults = FaultQueue()
        self.desk = Desk(self.books)
        self.control = Control(self.books, self.faults)

    def server_close(self) -> None:
        """Stop listening and give the file back."""
        super().server_close()
        self.books.close()

    @property
    def base(self) -> str:
        """Where it is found."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: StripeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        page = AUTHENTICATE.fullmatch(urlsplit(self.path).path)
        if page is None:
            self._answer(urlsplit(self.path).query)
        else:
            self._send(*self.server.control.page(page[1], page[2]))

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library names it
        """Nobody reads it."""

    def _answer(self, encoded_form: str) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/_fake/"):
            answer = self.server.control.answer(path.removeprefix("/_fake/"), json.loads(encoded_form or "{}"))
            self._say(answer, None)
            return
        asked = Asked(
            method=self.command,
            path=path,
            encoded=encoded_form,
            authorization=self.headers.get("Authorization", ""),
            key=self.headers.get("Idempotency-Key"),
        )
        planned = self.server.faults.next_for(self.command, path)
        if planned is None:
            self._say(self.server.desk.answer(asked), None)
        else:
            self._misbehave(asked, planned)

    def _misbehave(self, asked: Asked, planned: Planned) -> None:
        fault = planned.fault
        if fault is Fault.DROP_BEFORE:
            self._drop()
            return
        if fault in BEFORE:
            self._say(BEFORE[fault].answer, None)
            return
        answer = self.server.desk.answer(
            asked,
            before=lambda: time.sleep(planned.seconds if fault is Fault.DAWDLE else 0),
            kept=lambda true: ERROR if fault is Fault.ERROR_KEPT else true,
        )
        if fault is Fault.DROP_AFTER:
            self._drop()
        elif fault in (Fault.ERROR_AFTER, Fault.ERROR_KEPT):
            self._say(ERROR, None)
        else:
            if fault is Fault.LATE:
                time.sleep(planned.seconds)
            self._say(ODD_ERROR if fault is Fault.ODD_ERROR else answer, fault)

    def _say(self, answer: Answer, fault: Fault | None) -> None:
        body = encoded(answer, fault).replace(b'"/_fake/', f'"{self.server.base}/_fake/'.encode())
        headers = {"Content-Type": "application/json", "Request-Id": _new_id("req"), **answer.headers}
        self._send(answer.status, headers, body, is_dripping=fault is Fault.DRIP)

    def _send(self, status: int, headers: dict[str, str], body: bytes, *, is_dripping: bool = False) -> None:
        try:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in (body[at : at + 1] for at in range(len(body))) if is_dripping else (body,):
                self._write(piece, DRIP_SECONDS if is_dripping else 0)
        except OSError:  # whoever asked has gone
            self.close_connection = True

    def _write(self, piece: bytes, pause_seconds: float) -> None:
        self.wfile.write(piece)
        self.wfile.flush()
        time.sleep(pause_seconds)

    def _drop(self) -> None:
        self.close_connection = True


DRIP_SECONDS = 0.05


def _now() -> int:
    return int(time.time())


def _new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:24]}"
