"""Real conversations with a real mail server on loopback."""

import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email import message_from_string, policy
from email.message import EmailMessage
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.smtp import Envelope

from ordercore.adapters.notifications.rendering import Rendering
from ordercore.adapters.notifications.smtp import SmtpNotifier, SmtpServer
from ordercore.domain.errors import NotificationFailed
from ordercore.ports.notifier import Message, MessageKind
from ordercore.testing.builders import a_contact, a_message, an_item, an_order
from ordercore.testing.notifier_suite import NotifierSuite
from tests.integration.notifications.post_office import (
    DAWDLE,
    HANG_UP,
    LOGIN,
    TAKE_AND_HANG_UP,
    authenticate,
    opened,
)

RENDERING = Rendering(sender="Shop <orders@example.com>")
SHOP = f"shop:{quote(LOGIN.password.decode(), safe='')}@"


def a_notifier(port: int, *, scheme: str = "smtp", login: str = "", **options: Any) -> SmtpNotifier:
    return SmtpNotifier(SmtpServer.of(f"{scheme}://{login}localhost:{port}"), RENDERING, **options)


def refused(notifier: SmtpNotifier, message: Message | None = None) -> NotificationFailed:
    with pytest.raises(NotificationFailed) as failure:
        notifier.send(message or a_message())
    assert "ada@example.com" not in str(failure.value)
    return failure.value


def mail_of(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    mail = message_from_string(envelope.content.decode(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not [defect for part in mail.walk() for defect in part.defects]
    return mail


class TestSmtpNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self) -> Iterator[SmtpNotifier]:
        with opened() as office:
            yield a_notifier(office.port)


# -- a conversation that goes well ----------------------------------------------------------------------------------


def test_a_mail_arrives_as_it_was_made() -> None:
    message = a_message(MessageKind.SHIPPED)
    with opened() as office:
        a_notifier(office.port).send(message)
    (envelope,) = office.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("orders@example.com", ["ada@example.com"])
    mail = mail_of(envelope)
    expected = RENDERING.mail(message)
    assert {name: str(value) for name, value in mail.items()} == {name: str(value) for name, value in expected.items()}
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "RA000000005XX" in body.get_content()


def test_a_repeat_has_the_same_message_id() -> None:
    message = a_message()
    with opened() as office:
        a_notifier(office.port).send(message)
        a_notifier(office.port).send(message)
    first, second = map(mail_of, office.taken)
    assert first["Message-ID"] == second["Message-ID"]


def test_five_hundred_lines_and_a_dot_on_its_own_arrive_whole() -> None:
    order = an_order(items=[an_item() for _ in range(500)], contact=a_contact(name="."))
    with opened() as office:
        a_notifier(office.port).send(a_message(order=order))
    body = mail_of(office.taken[0]).get_body(("plain",))
    assert body is not None
    assert body.get_content().count("1 x Product MUG") == 500


def test_an_address_beyond_ascii_is_sent_where_the_server_takes_it() -> None:
    message = a_message(to=a_contact(email="zoë@bücher.example"))
    with opened() as office:
        a_notifier(office.port).send(message)
    (envelope,) = office.taken
    assert envelope.rcpt_tos == ["zoë@xn--bcher-kva.example"]
    assert "SMTPUTF8" in envelope.mail_options
    assert mail_of(envelope)["To"].addresses[0].addr_spec == "zoë@xn--bcher-kva.example"


def test_a_server_that_takes_no_such_address_refuses_for_good() -> None:
    with opened(options={"enable_SMTPUTF8": False}) as office:
        failure = refused(a_notifier(office.port), a_message(to=a_contact(email="zoë@example.com")))
        a_notifier(office.port).send(a_message(to=a_contact(email="zoe@bücher.example")))
    assert not failure.is_retryable
    assert office.taken[0].rcpt_tos == ["zoe@xn--bcher-kva.example"]


# -- kept private ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "at_once"), [("smtp+starttls", False), ("smtps", True)])
def test_the_login_and_the_mail_travel_encrypted(
    scheme: str, at_once: bool, tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    login = {"authenticator": authenticate, "auth_require_tls": not at_once}
    with opened(tls=tls, at_once=at_once, options=login) as office:
        a_notifier(office.port, scheme=scheme, login=SHOP, trust=trust).send(a_message())
    assert len(office.taken) == 1
    assert office.sessions[-1].authenticated
    assert office.sessions[-1].ssl is not None or at_once


@pytest.mark.parametrize(("scheme", "at_once"), [("smtp+starttls", False), ("smtps", True)])
def test_a_server_that_nobody_vouches_for_is_told_nothing(scheme: str, at_once: bool, tls: ssl.SSLContext) -> None:
    with opened(tls=tls, at_once=at_once) as office:
        failure = refused(a_notifier(office.port, scheme=scheme, login=SHOP))
    assert failure.is_retryable
    assert "SSLCertVerificationError" in failure.reason
    assert not office.taken


def test_a_server_without_starttls_is_told_nothing() -> None:
    with opened(options={"authenticator": authenticate, "auth_require_tls": False}) as office:
        failure = refused(a_notifier(office.port, scheme="smtp+starttls", login=SHOP))
    assert failure.is_retryable
    assert not office.taken
    assert not office.sessions[-1].authenticated


def test_a_wrong_password_is_no_fault_of_the_message_and_is_shown_nowhere(
    tls: ssl.SSLContext, trust: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.DEBUG, logger="ordercore"),
        opened(tls=tls, options={"authenticator": authenticate}) as office,
    ):
        notifier = a_notifier(office.port, scheme="smtp+starttls", login="shop:hunter2@", trust=trust)
        failure = refused(notifier)
    assert (failure.is_retryable, failure.reason) == (True, "the mail server answered 535")
    assert "hunter2" not in repr(notifier) + repr(notifier._server) + repr(failure) + caplog.text


def test_a_server_that_wants_a_login_is_no_fault_of_the_message() -> None:
    with opened({"MAIL": "530 5.7.0 Authentication required"}) as office:
        assert refused(a_notifier(office.port)).is_retryable


# -- what answers mean ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [421, 450, 451, 452])
def test_not_now_is_tried_again(stage: str, code: int) -> None:
    with opened({stage: f"{code} not now, ada@example.com"}) as office:
        assert refused(a_notifier(office.port)).is_retryable
    assert not office.taken


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [550, 552, 554])
def test_never_is_never_tried_again(stage: str, code: int) -> None:
    with opened({stage: f"{code} no ada@example.com here"}) as office:
        failure = refused(a_notifier(office.port))
    assert (failure.is_retryable, failure.reason) == (False, f"the mail server answered {code}")


@pytest.mark.parametrize("stage", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_server_that_hangs_up_is_tried_again(stage: str) -> None:
    with opened({stage: HANG_UP}) as office:
        assert refused(a_notifier(office.port)).is_retryable


def test_a_mail_that_was_taken_without_a_word_is_sent_again_with_the_same_id() -> None:
    message = a_message()
    with opened({"DATA": TAKE_AND_HANG_UP}) as office:
        assert refused(a_notifier(office.port), message).is_retryable
        office.answers = {}
        a_notifier(office.port).send(message)
    first, second = map(mail_of, office.taken)
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize("goodbye", [HANG_UP, "500 what?", DAWDLE])
def test_a_goodbye_that_fails_sends_nothing_again(goodbye: str) -> None:
    with opened({"QUIT": goodbye}) as office:
        a_notifier(office.port, deadline_seconds=1.0).send(a_message())
    assert len(office.taken) == 1


def test_nobody_there_is_tried_again() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    assert refused(a_notifier(port)).is_retryable
    nowhere = SmtpNotifier(SmtpServer.of("smtp://nowhere.invalid"), RENDERING)
    assert refused(nowhere).is_retryable


# -- one deadline ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_server_that_never_answers_is_left_at_the_deadline(stage: str) -> None:
    with opened({stage: DAWDLE}) as office:
        begun = time.monotonic()
        assert refused(a_notifier(office.port, deadline_seconds=0.3)).is_retryable
    assert 0.25 < time.monotonic() - begun < 5


def test_a_server_that_drips_is_left_at_the_deadline() -> None:
    """Every byte comes in time, the whole never would."""
    with a_dripping_server() as port:
        begun = time.monotonic()
        assert refused(a_notifier(port, deadline_seconds=0.5)).is_retryable
        assert 0.4 < time.monotonic() - begun < 5


def test_a_handshake_that_never_ends_is_left_at_the_deadline() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        begun = time.monotonic()
        notifier = a_notifier(silent.getsockname()[1], scheme="smtps", deadline_seconds=0.3)
        assert refused(notifier).is_retryable
        assert 0.25 < time.monotonic() - begun < 5


@contextmanager
def a_dripping_server() -> Iterator[int]:
    """It greets without end, a byte at a time."""
    over = Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        client, _ = listening.accept()
        with client:
            while not over.wait(0.02):
                try:
                    client.sendall(b"2")
                except OSError:
                    return

    thread = Thread(target=drip)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        over.set()
        thread.join()
        listening.close()
