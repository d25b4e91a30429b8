import socket
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest

from ordercore.adapters.notifications.conversation import Conversation
from tests.integration.notifications.post_office import opened


def test_a_host_with_several_addresses_is_found_at_the_one_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def two_addresses(host: str, port: int, *details: Any, **more: Any) -> Any:  # whatever the resolver is asked
        hosts = ("127.0.0.2", "127.0.0.1") if host == "mail.example.com" else (host,)
        return [each for host in hosts for each in resolve(host, port, *details, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    with opened() as office:
        conversation = Conversation("mail.example.com", office.port, seconds=5, tls=None)
        assert conversation.noop()[0] == 250
        conversation.close()


def test_once_its_time_is_over_nothing_is_said_any_more() -> None:
    with opened() as office:
        conversation = Conversation("localhost", office.port, seconds=5, tls=None)
        conversation._until = 0.0
        with pytest.raises(SMTPServerDisconnected):
            conversation.send("NOOP\r\n")
        assert conversation.sock is None


def test_a_conversation_that_has_ended_says_nothing() -> None:
    with opened() as office:
        conversation = Conversation("localhost", office.port, seconds=5, tls=None)
        conversation.close()
        with pytest.raises(SMTPServerDisconnected):
            conversation.send("NOOP\r\n")
