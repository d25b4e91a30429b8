import json
import shutil
import ssl
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks.webhooks import Webhook

from ordercore.adapters.messaging.addresses import PRIVATE
from ordercore.adapters.messaging.posting import MOST_ANSWER_BYTES
from ordercore.adapters.messaging.webhooks import LONGEST_WAIT, WebhookPublisher
from ordercore.adapters.system import SystemClock
from ordercore.ports.publisher import DeliveryAnswer, DeliveryKind, Target
from ordercore.testing.faults import FixedClock
from ordercore.testing.publisher_suite import Arrived, PublisherSuite
from tests.support.envelopes import NOON, OLDER_SECRET, ORDER, SECRET, a_target, an_envelope
from tests.support.receiver import (
    Receiver,
    a_certificate,
    answer,
    drip,
    flood,
    hang_up,
    http_date,
    say,
    silence,
)

DELIVERED, RETRY, REFUSED = DeliveryKind.DELIVERED, DeliveryKind.RETRY, DeliveryKind.REFUSED


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def publisher() -> WebhookPublisher:
    return WebhookPublisher(SystemClock())


def send(publisher: WebhookPublisher, receiver: Receiver) -> DeliveryAnswer:
    return publisher.publish(a_target(receiver.url()), an_envelope())


class TestWebhooks(PublisherSuite):
    @pytest.fixture
    def publisher(self) -> WebhookPublisher:
        return WebhookPublisher(SystemClock())

    @pytest.fixture
    def target(self, receiver: Receiver) -> Target:
        return a_target(receiver.url())

    @pytest.fixture
    def arrived(self, receiver: Receiver) -> Arrived:
        return lambda: [json.loads(each.body)["id"] for each in receiver.received]

    @pytest.fixture
    def absent(self) -> Target:
        with Receiver() as gone:
            return a_target(gone.url())


# -- what arrives ---------------------------------------------------------------------------------------------------


def test_a_receiver_verifies_and_reads_what_it_got(publisher: WebhookPublisher, receiver: Receiver) -> None:
    assert send(publisher, receiver) == DeliveryAnswer(kind=DELIVERED, detail="answered 204", status=204)
    [got] = receiver.received
    Webhook(SECRET).verify(got.body, got.headers)
    assert got.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert got.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["webhook-id"] == f"order/{ORDER}/2"
    assert got.path == "/hooks"
    event = JSONFormat().read(CloudEvent, got.body)
    assert (event.get_type(), event.get_extension("streamnumber")) == ("order.confirmed.v1", 2)


def test_while_a_secret_is_rotated_both_verify(publisher: WebhookPublisher, receiver: Receiver) -> None:
    target = a_target(receiver.url(), secrets=(SECRET, OLDER_SECRET))
    assert publisher.publish(target, an_envelope()).kind is DELIVERED
    for secret in (SECRET, OLDER_SECRET):
        Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)


def test_the_timestamp_is_the_clock_s(receiver: Receiver) -> None:
    assert send(WebhookPublisher(FixedClock(NOON)), receiver).kind is DELIVERED
    assert receiver.received[0].headers["webhook-timestamp"] == str(int(NOON.timestamp()))


def test_a_large_event_arrives_whole(publisher: WebhookPublisher, receiver: Receiver) -> None:
    lines = [{"sku": f"SKU-{number}", "quantity": 1} for number in range(20_000)]
    assert publisher.publish(a_target(receiver.url()), an_envelope(payload={"lines": lines})).kind is DELIVERED
    assert json.loads(receiver.received[0].body)["data"]["lines"] == lines


def test_events_from_many_threads_do_not_mix(publisher: WebhookPublisher, receiver: Receiver) -> None:
    envelopes = [an_envelope(number=number, payload={"number": number}) for number in range(1, 41)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: publisher.publish(a_target(receiver.url()), each), envelopes))
    assert {each.kind for each in answers} == {DELIVERED}
    got = {each.headers["webhook-id"]: json.loads(each.body)["data"]["number"] for each in receiver.received}
    assert got == {each.id: each.number for each in envelopes}


# -- what the answer means ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_a_delivery(publisher: WebhookPublisher, receiver: Receiver, status: int) -> None:
    receiver.plays = [answer(status)]
    assert send(publisher, receiver) == DeliveryAnswer(kind=DELIVERED, detail=f"answered {status}", status=status)


def test_gone_is_never_tried_again(publisher: WebhookPublisher, receiver: Receiver) -> None:
    receiver.plays = [answer(410)]
    assert send(publisher, receiver) == DeliveryAnswer(kind=REFUSED, detail="answered 410: gone for good", status=410)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 500, 502, 504])
def test_other_failures_are_tried_again(publisher: WebhookPublisher, receiver: Receiver, status: int) -> None:
    receiver.plays = [answer(status, b"Anna Meyer, whsec_...")]
    assert send(publisher, receiver) == DeliveryAnswer(kind=RETRY, detail=f"answered {status}", status=status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(publisher: WebhookPublisher, receiver: Receiver, status: int) -> None:
    with Receiver() as other:
        receiver.plays = [answer(status, Location=other.url())]
        said = send(publisher, receiver)
        assert said.kind is RETRY
        assert said.detail == f"answered {status}: redirects are not followed"
        assert other.received == []


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("0", timedelta(0)),
        ("120", timedelta(minutes=2)),
        ("99999999999", LONGEST_WAIT),
        (http_date(NOON + timedelta(minutes=3)), timedelta(minutes=3)),
        (http_date(NOON - timedelta(minutes=3)), timedelta(0)),
        (http_date(NOON + timedelta(days=9)), LONGEST_WAIT),
        ("Sun, 01 Mar 2026 12:00:30 -0000", timedelta(seconds=30)),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_a_receiver_may_ask_for_time(receiver: Receiver, status: int, asked: str, wait: timedelta | None) -> None:
    receiver.plays = [answer(status, Retry_After=asked)]
    said = send(WebhookPublisher(FixedClock(NOON)), receiver)
    assert (said.kind, said.status, said.retry_after) == (RETRY, status, wait)


def test_nobody_else_may_ask_for_time(publisher: WebhookPublisher, receiver: Receiver) -> None:
    receiver.plays = [answer(500, Retry_After="120")]
    assert send(publisher, receiver).retry_after is None


# -- bad days -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("play", [silence(3), drip(3)], ids=["silence", "a byte now and then"])
def test_one_deadline_holds_for_the_whole_delivery(receiver: Receiver, play: object) -> None:
    receiver.plays = [play]  # type: ignore[list-item]
    publisher = WebhookPublisher(SystemClock(), deadline=timedelta(milliseconds=300))
    before = time.monotonic()
    assert send(publisher, receiver) == DeliveryAnswer(kind=RETRY, detail="no answer within 0.3 s")
    assert time.monotonic() - before < 2


def test_the_deadline_is_told(publisher: WebhookPublisher) -> None:
    assert publisher.deadline == timedelta(seconds=15)


@pytest.mark.parametrize(
    ("play", "detail"),
    [
        (hang_up, "Remote end closed connection without response"),
        (say(b"hello\r\n\r\n"), "its answer is not HTTP (BadStatusLine)"),
        (say(b"HTTP/1.1 abc\r\n\r\n"), "its answer is not HTTP (BadStatusLine)"),
        (say(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "its answer is not HTTP (HTTPException)"),
        (
            say(b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 60_000 + b"\r\n") * 2 + b"\r\n"),
            "its answer is not HTTP (HTTPException)",
        ),
    ],
    ids=["hangs up", "says hello", "no status", "many headers", f"more than {MOST_ANSWER_BYTES} bytes"],
)
def test_nonsense_is_tried_again(publisher: WebhookPublisher, receiver: Receiver, play: object, detail: str) -> None:
    receiver.plays = [play]  # type: ignore[list-item]
    assert send(publisher, receiver) == DeliveryAnswer(kind=RETRY, detail=detail)


def test_a_body_without_end_is_not_read(publisher: WebhookPublisher, receiver: Receiver) -> None:
    receiver.plays = [flood]
    before = time.monotonic()
    assert send(publisher, receiver).kind is DELIVERED
    assert time.monotonic() - before < 2


def test_nobody_there_is_tried_again(publisher: WebhookPublisher) -> None:
    with Receiver() as receiver:
        url = receiver.url()
    assert publisher.publish(a_target(url), an_envelope()).detail == "Connection refused"


def test_an_unknown_host_is_tried_again() -> None:
    def unknown(_: str) -> Sequence[str]:
        return []

    publisher = WebhookPublisher(SystemClock(), lookup=unknown)
    said = publisher.publish(a_target("https://gone.example/"), an_envelope())
    assert (said.kind, said.detail) == (RETRY, "the host has no address")


def test_a_second_address_is_tried_where_the_first_is_dead(receiver: Receiver) -> None:
    publisher = WebhookPublisher(SystemClock(), lookup=lambda _: ["::1", "127.0.0.1"])
    target = a_target(receiver.url(host="hooks.internal"))
    assert publisher.publish(target, an_envelope()).kind is DELIVERED
    assert receiver.received[0].headers["Host"] == f"hooks.internal:{receiver.port}"


@pytest.mark.parametrize("secrets", [(), ("whsec_broken!",)])
def test_nothing_is_sent_unsigned(publisher: WebhookPublisher, receiver: Receiver, secrets: tuple[str, ...]) -> None:
    said = publisher.publish(a_target(receiver.url(), secrets=secrets), an_envelope())
    assert (said.kind, receiver.received) == (RETRY, [])
    assert "broken" not in said.detail


def test_whatever_happens_there_is_an_answer(
    publisher: WebhookPublisher, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    said = publisher.publish(a_target(receiver.url()), an_envelope(payload={"secret": object()}))
    assert (said.kind, said.detail) == (RETRY, "could not be sent (TypeError)")
    assert "webhook delivery failed: TypeError" in caplog.text


# -- private addresses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
def test_a_private_address_is_refused_unless_allowed(
    publisher: WebhookPublisher, receiver: Receiver, host: str
) -> None:
    target = a_target(f"https://{host}:{receiver.port}/", allows_private=False)
    assert publisher.publish(target, an_envelope()) == DeliveryAnswer(kind=REFUSED, detail=PRIVATE)
    assert receiver.received == []


def test_plain_http_is_refused_before_anybody_is_asked() -> None:
    asked = []

    def lookup(host: str) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    publisher = WebhookPublisher(SystemClock(), lookup=lookup)
    assert publisher.publish(a_target("http://shop.example/", allows_private=False), an_envelope()).kind is REFUSED
    assert asked == []


def test_a_name_that_changes_its_address_is_asked_once(receiver: Receiver) -> None:
    """DNS rebinding: the first answer is judged and connected to, there is no second."""
    answers = iter([["203.0.113.9"], ["127.0.0.1"]])
    publisher = WebhookPublisher(SystemClock(), lookup=lambda _: next(answers))
    target = a_target(receiver.url(host="rebinding.example").replace("http:", "https:"), allows_private=False)
    assert publisher.publish(target, an_envelope()).detail == PRIVATE
    assert list(answers) == [["127.0.0.1"]]


# -- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Receiver]:
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificate with openssl, which is not here")
    with Receiver(certificate=a_certificate(tmp_path, "hooks.example")) as receiver:
        yield receiver


def over_tls(receiver: Receiver, host: str, *, trusted: bool = True) -> DeliveryAnswer:
    tls = ssl.create_default_context(cafile=str(receiver.certificate) if trusted else None)
    publisher = WebhookPublisher(SystemClock(), tls=tls, lookup=lambda _: ["127.0.0.1"])
    return publisher.publish(a_target(receiver.url(host=host)), an_envelope())


def test_a_trusted_certificate_for_the_name_is_delivered_to(secure: Receiver) -> None:
    assert over_tls(secure, "hooks.example").kind is DELIVERED
    assert secure.received[0].headers["Host"] == f"hooks.example:{secure.port}"


def test_a_certificate_for_another_name_is_not_trusted(secure: Receiver) -> None:
    said = over_tls(secure, "other.example")
    assert (said.kind, secure.received) == (RETRY, [])
    assert said.detail.startswith("its certificate is not trusted: Hostname mismatch")


def test_a_certificate_signed_by_nobody_is_not_trusted(secure: Receiver) -> None:
    said = over_tls(secure, "hooks.example", trusted=False)
    assert (said.kind, secure.received) == (RETRY, [])
    assert said.detail.startswith("its certificate is not trusted: self")


def test_https_to_a_server_without_tls_is_tried_again(receiver: Receiver) -> None:
    publisher = WebhookPublisher(SystemClock())
    said = publisher.publish(a_target(receiver.url().replace("http:", "https:")), an_envelope())
    assert said.kind is RETRY
    assert "SSL" in said.detail
