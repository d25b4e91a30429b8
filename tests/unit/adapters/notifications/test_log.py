import logging
from uuid import UUID

import pytest

from ordercore.adapters.notifications.log import LogNotifier
from ordercore.testing.notifier_suite import NotifierSuite


class TestLogNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self) -> LogNotifier:
        return LogNotifier()


def test_a_line_names_what_happened_and_the_order(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="ordercore"):
        LogNotifier().notify("order_shipped", order_id=UUID(int=7), order_number="1001")
    assert caplog.messages == ["order_shipped order=1001 id=00000000-0000-0000-0000-000000000007"]
