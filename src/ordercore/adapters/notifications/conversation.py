"""The only place that speaks SMTP so that a whole conversation ends by one deadline, however slow the server drips."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from io import BufferedReader, RawIOBase
from smtplib import SMTP, SMTPServerDisconnected
from time import monotonic
from typing import Any


class Conversation(SMTP):
    """smtplib's client. Its own time-out starts anew with every byte; this one does not.

    Only the resolver keeps its own time. With a context it speaks TLS from the first byte.
    """

    def __init__(self, host: str, port: int, *, seconds: float, tls: ssl.SSLContext | None) -> None:
        self._until = monotonic() + seconds
        self._tls_at_once = tls
        super().__init__(host, port, local_hostname=_own_name(), timeout=seconds)

    def left(self) -> float:
        """Seconds that remain.

        Raises:
            TimeoutError: none.
        """
        seconds = self._until - monotonic()
        if seconds <= 0:
            raise TimeoutError("the deadline has passed")
        return seconds

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = BufferedReader(_Reading(self))  # what smtplib makes of the socket, with our patience
        return super().getreply()

    def send(self, s: Any) -> None:  # as smtplib has it: text or any buffer
        rest = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)
        try:
            while rest:
                rest = rest[self.patient_socket().send(rest) :]
        except OSError as failure:
            self.close()
            raise SMTPServerDisconnected("the connection is lost") from failure

    def patient_socket(self) -> socket.socket:
        """The open socket, which waits no longer than the conversation may last.

        Raises:
            TimeoutError: its time is over.
            OSError: it is closed.
        """
        if self.sock is None:
            raise ConnectionError("not connected")
        self.sock.settimeout(self.left())
        return self.sock

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's hook
        opened = self._connected(host, port)
        opened.settimeout(self.left())
        return opened if self._tls_at_once is None else self._tls_at_once.wrap_socket(opened, server_hostname=host)

    def _connected(self, host: str, port: int) -> socket.socket:
        """Each address of the host gets its share of the time, the first one that answers is taken."""
        hosts = [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        while len(hosts) > 1:
            with suppress(OSError):
                return socket.create_connection((hosts[0], port), timeout=self.left() / len(hosts))
            del hosts[0]
        return socket.create_connection((hosts[0], port), timeout=self.left())


class _Reading(RawIOBase):
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # any writable buffer, as RawIOBase has it
        return self._conversation.patient_socket().recv_into(buffer)


def _own_name() -> str:
    """Who greets: smtplib would ask the resolver, which may take longer than the whole conversation."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
