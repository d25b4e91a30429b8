import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from ordercore.adapters.payments import notifications
from ordercore.domain.errors import BadSignature, NotificationIsNonsense, NotificationIsOld
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptKind, NextAction, NextActionKind, ProviderAnswer
from ordercore.ports.gateway import ProviderReport

NOW = datetime.now(UTC).replace(microsecond=0)
SECRET = b"a secret that nobody knows"
REPORT = ProviderReport(
    event_id="event_1",
    occurred_at=NOW,
    kind=AttemptKind.CAPTURE,
    answer=ProviderAnswer(kind=AnswerKind.APPROVED, reference="capture_1", amount=Money(1250, "EUR")),
    key="k1",
    authorisation="authorise_1",
)


def test_a_report_arrives_as_it_was_sent() -> None:
    body = notifications.body_of(REPORT)
    assert notifications.read(SECRET, body, notifications.signed(SECRET, "event_1", NOW, body), NOW) == REPORT


def test_others_who_know_the_specification_read_it_too() -> None:
    body = notifications.body_of(REPORT)
    headers = dict(notifications.signed(SECRET, "event_1", NOW, body))
    assert Webhook(SECRET).verify(body.decode(), headers) == json.loads(body)


def test_what_the_customer_has_to_do_is_not_sent() -> None:
    action = NextAction(kind=NextActionKind.CLIENT_SECRET, value="for the customer only")
    answer = ProviderAnswer(kind=AnswerKind.ACTION_REQUIRED, reference="authorise_1", next_action=action)
    report = ProviderReport(event_id="e", occurred_at=NOW, kind=AttemptKind.AUTHORISE, answer=answer)
    assert b"customer" not in notifications.body_of(report)


@pytest.mark.parametrize("age", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_a_signature_counts_five_minutes(age: timedelta) -> None:
    body = notifications.body_of(REPORT)
    headers = notifications.signed(SECRET, "event_1", NOW - age, body)
    with pytest.raises(NotificationIsOld):
        notifications.read(SECRET, body, headers, NOW)
    assert notifications.read(SECRET, body, headers, NOW - age) == REPORT


def test_one_good_signature_of_several_is_enough() -> None:
    """A provider that changes its secret signs with both for a while."""
    body = notifications.body_of(REPORT)
    headers = dict(notifications.signed(SECRET, "event_1", NOW, body))
    headers["webhook-signature"] = "v1,AAAA v2,nonsense v1,?? " + headers["webhook-signature"]
    assert notifications.read(SECRET, body, headers, NOW) == REPORT


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("webhook-id", "event_2"),
        ("webhook-timestamp", "0"),
        ("webhook-timestamp", "soon"),
        ("webhook-signature", ""),
        ("webhook-signature", "v1,\xe9"),
    ],
)
def test_nothing_that_was_signed_can_be_exchanged(changed: str, value: str) -> None:
    body = notifications.body_of(REPORT)
    headers = {**notifications.signed(SECRET, "event_1", NOW, body), changed: value}
    with pytest.raises(BadSignature):
        notifications.read(SECRET, body, headers, NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"id": "event_1", "kind": "theft"}', b"\xff"])
def test_signed_nonsense_is_nonsense(body: bytes) -> None:
    with pytest.raises(NotificationIsNonsense):
        notifications.read(SECRET, body, notifications.signed(SECRET, "event_1", NOW, body), NOW)
