import logging

import pytest

from ordercore.adapters.notifications.log import LogNotifier
from ordercore.ports.notifier import MessageKind
from ordercore.testing.builders import a_message
from ordercore.testing.notifier_suite import NotifierSuite


class TestLogNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self) -> LogNotifier:
        return LogNotifier()


def test_a_line_names_what_happened_and_the_order(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="ordercore"):
        LogNotifier().send(a_message(MessageKind.SHIPPED, id="order/7/3"))
    assert caplog.messages == ["shipped order=1001 id=order/7/3"]
