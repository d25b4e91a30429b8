from datetime import timedelta

import pytest

from ordercore.application.settings import CapturePolicy, Settings
from ordercore.bootstrap import configured
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
