from datetime import timedelta
from pathlib import Path

import pytest

from ordercore.adapters.notifications.files import FileNotifier
from ordercore.adapters.notifications.log import LogNotifier
from ordercore.adapters.notifications.smtp import SmtpNotifier
from ordercore.application.listening import Handler
from ordercore.application.notices import HANDLER
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.bootstrap import _notifier, configured, in_memory
from ordercore.domain.errors import InvalidRequest


def test_an_environment_that_says_nothing_leaves_the_defaults() -> None:
    assert configured({}) == Settings()


def test_the_environment_sets_policy_and_reservation() -> None:
    settings = configured(
        {
            "ORDERCORE_CAPTURE": "confirmed",
            "ORDERCORE_RESERVATION_MINUTES": "15",
            "ORDERCORE_ALERT_MINUTES": "90",
        }
    )
    assert settings.alert_after == timedelta(minutes=90)
    assert (settings.capture, settings.reservation) == (CapturePolicy.CONFIRMED, timedelta(minutes=15))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORDERCORE_CAPTURE", "never"),
        ("ORDERCORE_RESERVATION_MINUTES", "0"),
        ("ORDERCORE_RESERVATION_MINUTES", "-5"),
        ("ORDERCORE_ALERT_MINUTES", "0"),
        ("ORDERCORE_RESERVATION_MINUTES", "soon"),
        ("ORDERCORE_RESERVATION_MINUTES", "9" * 5_000),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest, match=name):
        configured({name: value})


# -- telling customers ----------------------------------------------------------------------------------------------


def told_by(**environment: str) -> object:
    return _notifier({f"ORDERCORE_{name}": value for name, value in environment.items()})


def test_an_environment_that_names_nothing_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORDERCORE_SMTP_URL", "ORDERCORE_MAIL_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    assert told_by() is None
    with in_memory() as shop:
        assert not shop.subscriptions.list().data


def test_the_environment_chooses_who_tells(tmp_path: Path) -> None:
    assert isinstance(told_by(MAIL_FOLDER="log"), LogNotifier)
    assert isinstance(told_by(MAIL_FOLDER=str(tmp_path / "mails")), FileNotifier)
    server = {"SMTP_URL": "smtps://user:secret@mail.example.com", "MAIL_FROM": "Shop <orders@example.com>"}
    assert isinstance(told_by(**server, MAIL_FOLDER="unused"), SmtpNotifier)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"SMTP_URL": "mail.example.com"}, "ORDERCORE_SMTP_URL"),
        ({"SMTP_URL": "smtp://mail.example.com"}, "ORDERCORE_MAIL_FROM"),
        ({"SMTP_URL": "smtp://mail.example.com", "MAIL_FROM": "Shop"}, "ORDERCORE_MAIL_FROM"),
        ({"MAIL_FOLDER": "mails", "MAIL_TEMPLATES": "/nowhere"}, "ORDERCORE_MAIL_TEMPLATES"),
    ],
)
def test_a_mail_setting_that_makes_no_sense_is_refused_by_name(environment: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidRequest, match=named):
        told_by(**environment)


def test_a_notifier_of_the_program_is_told_by_the_handler_of_that_name() -> None:
    with in_memory(notifier=LogNotifier()) as shop:
        assert [each.name for each in shop.subscriptions.list().data] == [HANDLER]


def test_no_handler_of_the_program_takes_that_name() -> None:
    with pytest.raises(InvalidRequest, match="/handlers"):
        in_memory(handlers={HANDLER: Handler(call=print)})
