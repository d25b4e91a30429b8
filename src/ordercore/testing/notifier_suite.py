"""The only place that says, as tests, what a notifier must keep.

class TestMyNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self): return MyNotifier(...)
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from ordercore.domain.customer import Contact
from ordercore.domain.errors import NotificationFailed
from ordercore.domain.fields import restore
from ordercore.domain.money import Money
from ordercore.ports.notifier import Message, MessageKind, Notifier
from ordercore.testing.builders import a_contact, a_message

NAMES = [
    "Ada\nBcc: everybody@example.com",
    "Ada\r\n\r\n.\r\nQUIT",
    "Zoë, Köln <ada@x>",
    '"',
    "\U0001d538da " * 40,
    "<script>alert(1)</script>",
    "",
]
NO_ADDRESSES = ["", "ada", "ada@", "@", "ada@a>,<eve@example.com", "ada@exa mple.com", "ada@-", "a\r\nb@example.com"]


class NotifierSuite:
    """Subclass it and give it the fixture `notifier`: one that can reach whom it hands messages to."""

    @pytest.fixture
    def notifier(self) -> Notifier:
        """The notifier to be tried."""
        raise NotImplementedError

    @pytest.mark.parametrize("kind", MessageKind)
    def test_it_takes_every_kind_of_message(self, notifier: Notifier, kind: MessageKind) -> None:
        notifier.send(a_message(kind))

    @pytest.mark.parametrize("locale", ["en", "de-AT", "de_DE", "tlh", "", "x" * 35, "../en", "{0}"])
    def test_it_takes_every_locale(self, notifier: Notifier, locale: str) -> None:
        notifier.send(a_message(locale=locale))

    @pytest.mark.parametrize("name", NAMES)
    def test_it_takes_every_name(self, notifier: Notifier, name: str) -> None:
        notifier.send(a_message(to=_contact(name, "ada@example.com")))

    @pytest.mark.parametrize("currency", ["JPY", "EUR", "BHD", "IQD"])
    def test_it_takes_every_currency(self, notifier: Notifier, currency: str) -> None:
        notifier.send(a_message(MessageKind.REFUNDED, amount=Money(123456, currency)))

    def test_it_takes_the_same_message_again(self, notifier: Notifier) -> None:
        message = a_message()
        notifier.send(message)
        notifier.send(message)

    def test_it_takes_messages_from_many_threads(self, notifier: Notifier) -> None:
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(notifier.send, a_message(kind)) for kind in [*MessageKind] * 4]
        assert [one.exception() for one in sent] == [None] * len(sent)

    @pytest.mark.parametrize("email", NO_ADDRESSES)
    def test_what_is_no_address_is_taken_or_refused_for_good(self, notifier: Notifier, email: str) -> None:
        """A rule that grows stricter leaves old rows as they are, so that such an address may still come."""
        failure = _failure_of(notifier, a_message(to=_contact("Ada", email)))
        assert failure is None or not failure.is_retryable
        assert failure is None or not email or email not in str(failure)

    def test_nothing_personal_is_logged(self, notifier: Notifier, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG, logger="ordercore"):
            notifier.send(a_message(to=a_contact(name="Grace Hopper", email="grace@example.com")))
        assert not [line for line in caplog.messages if "Grace" in line or "grace" in line]


def _failure_of(notifier: Notifier, message: Message) -> NotificationFailed | None:
    try:
        notifier.send(message)
    except NotificationFailed as failure:
        return failure
    return None


def _contact(name: str, email: str) -> Contact:
    """Somebody as a store may give them, past today's checks."""
    return restore(Contact, {"name": name, "email": email, "phone": None})
