"""The only place that sends mails: one SMTP conversation a message, and what the server's answers mean."""

from __future__ import annotations

import ssl
from contextlib import suppress
from email.message import EmailMessage
from enum import StrEnum
from ipaddress import ip_address
from smtplib import SMTPException, SMTPNotSupportedError, SMTPRecipientsRefused, SMTPResponseException
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from ordercore.adapters.notifications.conversation import Conversation
from ordercore.adapters.notifications.rendering import Rendering
from ordercore.domain.errors import InvalidRequest, NotificationFailed
from ordercore.ports.notifier import Message

DEADLINE_SECONDS = 20.0
FORM = "must be smtp+starttls://user:password@host:587, or smtps:// or smtp:// in place of that"
ABOUT_OUR_LOGIN = frozenset({530, 534, 535, 538})
"""Final words about the shop's own login, not about the message: once that is mended, the message will be taken."""


class Security(StrEnum):
    """How the conversation is kept private."""

    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@frozen(kw_only=True)
class SmtpServer:
    """Where mails are handed over, and as whom."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str) -> SmtpServer:
        """`smtp+starttls://user:password@host:587`; also `smtps://` (TLS from the first byte) and `smtp://` (none).

        Raises:
            InvalidRequest: it is no such URL, or a password would travel in the open. The URL is not repeated in it.
        """
        try:
            parts = urlsplit(url)
            security = Security(parts.scheme)
            host, port = parts.hostname, parts.port or _PORTS[security]
        except ValueError:
            raise _bad(FORM) from None  # the cause quotes the URL, and the URL a password
        if not host or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise _bad(FORM)
        if (parts.username is None) != (parts.password is None):
            raise _bad("must have both a user and a password, or neither")
        if parts.password is not None and security is Security.NONE and not _is_here(host):
            raise _bad("must not send a password in the open: use smtp+starttls:// or smtps://")
        return cls(
            host=host,
            port=port,
            security=security,
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )


class SmtpNotifier:
    """Hands mails to a server. `trust` replaces the certificates that this machine trusts."""

    def __init__(
        self,
        server: SmtpServer,
        rendering: Rendering,
        *,
        trust: ssl.SSLContext | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._server = server
        self._rendering = rendering
        self._trust = trust or ssl.create_default_context()
        self._deadline_seconds = deadline_seconds

    def send(self, message: Message) -> None:
        """Send the mail.

        Raises:
            NotificationFailed: the server cannot be reached, was too slow, or does not take it.
        """
        mail = self._rendering.mail(message)
        try:
            conversation = self._opened()
        except (OSError, SMTPException) as failure:  # whatever is wrong, it is not this message
            raise NotificationFailed(reason=_reason(failure)) from None
        try:
            _hand_over(conversation, mail)
        except (OSError, SMTPException) as failure:
            raise NotificationFailed(reason=_reason(failure), is_retryable=not _is_final(failure)) from None
        finally:
            conversation.close()

    def _opened(self) -> Conversation:
        server = self._server
        tls = self._trust if server.security is Security.TLS else None
        conversation = Conversation(server.host, server.port, seconds=self._deadline_seconds, tls=tls)
        try:
            if server.security is Security.STARTTLS:
                conversation.patient_socket()  # the handshake has what is left
                conversation.starttls(context=self._trust)
            if server.username is not None and server.password is not None:
                conversation.login(server.username, server.password)
        except BaseException:
            conversation.close()
            raise
        return conversation


def _hand_over(conversation: Conversation, mail: EmailMessage) -> None:
    sender, to = mail["From"].addresses[0], mail["To"].addresses[0]
    options = () if to.addr_spec.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
    conversation.ehlo_or_helo_if_needed()
    if options and not conversation.has_extn("smtputf8"):
        raise SMTPNotSupportedError("the address needs SMTPUTF8")
    conversation.sendmail(sender.addr_spec, [to.addr_spec], mail.as_bytes(), options)
    with suppress(OSError, SMTPException):  # it is taken; a goodbye that fails must not send it again
        conversation.quit()


def _is_final(failure: Exception) -> bool:
    """Whether the server will never take this message (RFC 5321, 4.2.1: a code of 5xx)."""
    code = _code(failure)
    if code is None:
        return isinstance(failure, SMTPNotSupportedError)
    return 500 <= code < 600 and code not in ABOUT_OUR_LOGIN


def _reason(failure: Exception) -> str:
    """What may be logged: never the server's words, which like to repeat the address."""
    code = _code(failure)
    return f"the mail server: {type(failure).__name__}" if code is None else f"the mail server answered {code}"


def _code(failure: Exception) -> int | None:
    if isinstance(failure, SMTPRecipientsRefused):
        ((code, _),) = failure.recipients.values()  # there is one recipient
        return code
    return failure.smtp_code if isinstance(failure, SMTPResponseException) else None


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _bad(detail: str) -> InvalidRequest:
    return InvalidRequest.of("/ORDERCORE_SMTP_URL", detail, "bad_setting")
