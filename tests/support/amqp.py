"""A broker that speaks as much AMQP 0-9-1 as a publisher needs: it knows some queues and exchanges, and confirms.

Written from the specification (frames, methods and their numbers). It stands in where there is no RabbitMQ, so that
confirmations, returns and refusals are met by the real client; what RabbitMQ itself does is only shown by RabbitMQ.
"""

import socket
import struct
import threading
from enum import Enum

from attrs import Factory, define, field, frozen

END = b"\xce"
METHOD, HEADER, BODY = 1, 2, 3


class Mood(Enum):
    """What becomes of a message that can be routed."""

    CONFIRMS = "confirms"
    REFUSES = "refuses"
    SAYS_NOTHING = "says nothing"
    HANGS_UP = "hangs up"


@frozen
class Published:
    """One message."""

    exchange: str
    routing_key: str
    is_mandatory: bool
    body: bytes


@define
class AmqpBroker:
    """Takes messages for `queues` (by the default exchange) and for any key of `exchanges`."""

    queues: tuple[str, ...] = ("orders",)
    exchanges: tuple[str, ...] = ("events",)
    password: str = "guest"
    mood: Mood = Mood.CONFIRMS
    published: list[Published] = Factory(list)
    connections: int = 0
    _listener: socket.socket = field(init=False)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> "AmqpBroker":
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line:
            try:
                _Conversation(self, line).run()
            except OSError:
                return  # the client hung up


class _Conversation:
    """One connection with its one channel."""

    def __init__(self, broker: AmqpBroker, line: socket.socket) -> None:
        self._broker = broker
        self._line = line
        self._tag = 0

    def run(self) -> None:
        self._exactly(8)  # "AMQP", 0, 0, 9, 1
        self._say(0, 10, 10, b"\x00\x09" + struct.pack(">I", 0) + _long(b"PLAIN") + _long(b"en_US"))
        while True:
            kind, channel, content = self._frame()
            if kind != METHOD:
                continue
            class_id, method_id = struct.unpack(">HH", content[:4])
            if not self._hear(channel, (class_id, method_id), content[4:]):
                return

    def _hear(self, channel: int, method: tuple[int, int], arguments: bytes) -> bool:
        """Answer; whether the conversation goes on."""
        match method:
            case (10, 11) if f"\x00guest\x00{self._broker.password}".encode() not in arguments:
                self._say(0, 10, 50, struct.pack(">H", 403) + _short("ACCESS_REFUSED") + struct.pack(">HH", 10, 11))
                return False
            case (10, 11):
                self._say(0, 10, 30, struct.pack(">HIH", 2047, 131_072, 0))
            case (10, 40):
                self._say(0, 10, 41, _short(""))
            case (10, 50):
                self._say(0, 10, 51)
                return False
            case (20, 10):
                self._say(channel, 20, 11, _long(b""))
            case (20, 40):
                self._say(channel, 20, 41)
            case (85, 10):
                self._say(channel, 85, 11)
            case (60, 40):
                return self._take(channel, arguments)
        return True

    def _take(self, channel: int, arguments: bytes) -> bool:
        exchange, rest = _cut(arguments[2:])
        routing_key, flags = _cut(rest)
        _, _, header = self._frame()
        body = self._body(struct.unpack(">Q", header[4:12])[0])
        if exchange and exchange not in self._broker.exchanges:
            self._say(channel, 20, 40, struct.pack(">H", 404) + _short("NOT_FOUND") + struct.pack(">HH", 60, 40))
            return True
        message = Published(exchange, routing_key, bool(flags[0] & 1), body)
        self._tag += 1
        if not exchange and routing_key not in self._broker.queues:
            if message.is_mandatory:
                names = _short("NO_ROUTE") + _short(exchange) + _short(routing_key)
                self._say(channel, 60, 50, struct.pack(">H", 312) + names)
                self._send(HEADER, channel, header)
                self._send(BODY, channel, body)
            self._say(channel, 60, 80, struct.pack(">QB", self._tag, 0))
            return True
        return self._judge(channel, message)

    def _judge(self, channel: int, message: Published) -> bool:
        match self._broker.mood:
            case Mood.CONFIRMS:
                self._broker.published.append(message)
                self._say(channel, 60, 80, struct.pack(">QB", self._tag, 0))
            case Mood.REFUSES:
                self._say(channel, 60, 120, struct.pack(">QB", self._tag, 0))
            case Mood.HANGS_UP:
                return False
        return True

    def _body(self, size: int) -> bytes:
        body = b""
        while len(body) < size:
            body += self._frame()[2]
        return body

    def _frame(self) -> tuple[int, int, bytes]:
        kind, channel, size = struct.unpack(">BHI", self._exactly(7))
        return kind, channel, self._exactly(size + len(END))[: -len(END)]

    def _exactly(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            part = self._line.recv(size - len(got))
            if not part:
                raise ConnectionError("the client hung up")
            got += part
        return got

    def _say(self, channel: int, class_id: int, method_id: int, arguments: bytes = b"") -> None:
        self._send(METHOD, channel, struct.pack(">HH", class_id, method_id) + arguments)

    def _send(self, kind: int, channel: int, content: bytes) -> None:
        self._line.sendall(struct.pack(">BHI", kind, channel, len(content)) + content + END)


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _long(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _cut(content: bytes) -> tuple[str, bytes]:
    """A short text from the front, and the rest."""
    end = 1 + content[0]
    return content[1:end].decode(), content[end:]
