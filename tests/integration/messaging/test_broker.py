import json
import logging
import os
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import kombu
import pytest

from ordercore.adapters.messaging.broker import BrokerPublisher
from ordercore.domain.subscription import SubscriptionKind
from ordercore.ports.publisher import DeliveryKind, Target
from ordercore.testing.publisher_suite import Arrived, PublisherSuite
from tests.support.amqp import AmqpBroker, Mood
from tests.support.envelopes import a_target, an_envelope
from tests.support.receiver import Receiver, a_certificate
from tests.support.valkey import PASSWORD, Valkey

DELIVERED, RETRY, REFUSED = DeliveryKind.DELIVERED, DeliveryKind.RETRY, DeliveryKind.REFUSED


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def publisher() -> Iterator[BrokerPublisher]:
    publisher = BrokerPublisher()
    yield publisher
    publisher.close()


def at(address: str) -> Target:
    return a_target(address, SubscriptionKind.BROKER, secrets=())


def queue_of(server: Valkey, name: str, password: str = PASSWORD) -> Target:
    return at(f"redis://:{quote(password, safe='')}@127.0.0.1:{server.port}/0?queue={name}")


def consumed(server: Valkey, name: str) -> list[Any]:
    """As a consumer would have them: by kombu."""
    with kombu.Connection(f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/0") as connection:
        channel = connection.channel()
        got = []
        while (message := channel.basic_get(name, no_ack=True)) is not None:
            got.append(message)
        return got


class TestValkey(PublisherSuite):
    @pytest.fixture
    def publisher(self) -> Iterator[BrokerPublisher]:
        publisher = BrokerPublisher()
        yield publisher
        publisher.close()

    @pytest.fixture
    def target(self, server: Valkey) -> Target:
        return queue_of(server, f"suite-{uuid4()}")

    @pytest.fixture
    def arrived(self, server: Valkey, target: Target) -> Arrived:
        name = target.address.rpartition("=")[2]
        return lambda: [each.properties["message_id"] for each in consumed(server, name)]

    @pytest.fixture
    def absent(self) -> Target:
        return at("redis://127.0.0.1:1/0?queue=orders")


def test_valkey_holds_what_was_sent_in_its_order(server: Valkey, publisher: BrokerPublisher) -> None:
    for number in (1, 2, 3):
        said = publisher.publish(queue_of(server, "orders"), an_envelope(number=number))
        assert said.kind is DELIVERED, said.detail
    messages = consumed(server, "orders")
    assert [json.loads(each.body)["streamnumber"] for each in messages] == [1, 2, 3]
    assert messages[0].properties["message_id"] == an_envelope(number=1).id


def test_one_connection_carries_many_events(server: Valkey, publisher: BrokerPublisher) -> None:
    with server.client() as client:
        before = client.info("stats")["total_connections_received"]
        for number in range(1, 21):
            assert publisher.publish(queue_of(server, "many"), an_envelope(number=number)).kind is DELIVERED
        assert client.info("stats")["total_connections_received"] - before <= 2


def test_threads_share_connections_but_never_one_at_a_time(server: Valkey, publisher: BrokerPublisher) -> None:
    target = queue_of(server, "threads")
    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(lambda n: publisher.publish(target, an_envelope(number=n)), range(1, 201)))
    assert {each.kind for each in said} == {DELIVERED}
    assert sorted(each.headers["streamnumber"] for each in consumed(server, "threads")) == list(range(1, 201))


def test_a_broker_that_went_away_and_came_back_is_found_again(publisher: BrokerPublisher) -> None:
    with Valkey() as server:
        target = queue_of(server, "back")
        assert publisher.publish(target, an_envelope(number=1)).kind is DELIVERED
        server.restart()
        assert publisher.publish(target, an_envelope(number=2)).kind is DELIVERED
        assert [each.headers["streamnumber"] for each in consumed(server, "back")] == [2]
        server.stop()
        assert publisher.publish(target, an_envelope(number=3)).kind is RETRY


def test_a_wrong_password_is_told_and_never_shown(
    server: Valkey, publisher: BrokerPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = publisher.publish(queue_of(server, "orders", password="wr0ng/+p@ss"), an_envelope())
    assert said.kind is RETRY
    assert "AuthenticationError" in said.detail
    for shown in ("wr0ng/+p@ss", quote("wr0ng/+p@ss", safe="")):
        assert shown not in said.detail
        assert shown not in caplog.text


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_nobody_there_is_tried_again(publisher: BrokerPublisher, scheme: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert publisher.publish(at(f"{scheme}://127.0.0.1:{port}/?queue=orders"), an_envelope()).kind is RETRY


@pytest.mark.parametrize("scheme", ["redis", "amqp", "rediss", "amqps"])
def test_a_broker_that_says_nothing_is_left_before_the_deadline(scheme: str) -> None:
    publisher = BrokerPublisher(deadline=timedelta(seconds=2.4))
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        before = time.monotonic()
        said = publisher.publish(at(f"{scheme}://127.0.0.1:{mute.getsockname()[1]}/?queue=orders"), an_envelope())
        assert said.kind is RETRY
        assert time.monotonic() - before < publisher.deadline.total_seconds()


def test_a_second_address_is_tried_where_the_first_is_dead(server: Valkey) -> None:
    publisher = BrokerPublisher(lookup=lambda _: ["::1", "127.0.0.1"])
    target = at(f"redis://:{quote(PASSWORD, safe='')}@cache.internal:{server.port}/0?queue=second")
    assert publisher.publish(target, an_envelope()).kind is DELIVERED
    publisher.close()


@pytest.mark.parametrize("scheme", ["rediss", "amqps"])
def test_a_certificate_signed_by_nobody_is_not_trusted(publisher: BrokerPublisher, tmp_path: Path, scheme: str) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificate with openssl, which is not here")
    with Receiver(certificate=a_certificate(tmp_path, "localhost")) as receiver:
        said = publisher.publish(at(f"{scheme}://localhost:{receiver.port}/?queue=orders"), an_envelope())
        assert said.kind is RETRY
        assert "certificate verify failed" in said.detail
        assert receiver.received == []


# -- AMQP -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def amqp() -> Iterator[AmqpBroker]:
    with AmqpBroker() as broker:
        yield broker


def at_amqp(broker: AmqpBroker, end: str = "queue=orders", password: str = "guest") -> Target:
    return at(f"amqp://guest:{quote(password, safe='')}@127.0.0.1:{broker.port}/?{end}")


class TestAmqp(PublisherSuite):
    @pytest.fixture
    def publisher(self) -> Iterator[BrokerPublisher]:
        publisher = BrokerPublisher()
        yield publisher
        publisher.close()

    @pytest.fixture
    def target(self, amqp: AmqpBroker) -> Target:
        return at_amqp(amqp)

    @pytest.fixture
    def arrived(self, amqp: AmqpBroker) -> Arrived:
        return lambda: [json.loads(each.body)["id"] for each in amqp.published]

    @pytest.fixture
    def absent(self) -> Target:
        return at("amqp://127.0.0.1:1/?queue=orders")


def test_a_confirmed_message_is_delivered(publisher: BrokerPublisher, amqp: AmqpBroker) -> None:
    for number in (1, 2, 3):
        said = publisher.publish(at_amqp(amqp), an_envelope(number=number))
        assert said.kind is DELIVERED, said.detail
    assert [json.loads(each.body)["streamnumber"] for each in amqp.published] == [1, 2, 3]
    assert {(each.exchange, each.routing_key) for each in amqp.published} == {("", "orders")}
    assert amqp.connections == 1


def test_an_exchange_gets_the_type_as_its_key_unless_the_address_has_one(
    publisher: BrokerPublisher, amqp: AmqpBroker
) -> None:
    for end in ("exchange=events", "exchange=events&routing_key=shop.orders"):
        assert publisher.publish(at_amqp(amqp, end), an_envelope()).kind is DELIVERED
    assert [(each.exchange, each.routing_key) for each in amqp.published] == [
        ("events", "order.confirmed.v1"),
        ("events", "shop.orders"),
    ]


@pytest.mark.parametrize(
    ("end", "word"), [("queue=nowhere", "NO_ROUTE"), ("exchange=nowhere", "NOT_FOUND")], ids=["queue", "exchange"]
)
def test_what_cannot_be_routed_is_not_delivered(
    publisher: BrokerPublisher, amqp: AmqpBroker, end: str, word: str
) -> None:
    said = publisher.publish(at_amqp(amqp, end), an_envelope())
    assert said.kind is RETRY
    assert word in said.detail
    assert amqp.published == []


@pytest.mark.parametrize("mood", [Mood.REFUSES, Mood.SAYS_NOTHING, Mood.HANGS_UP])
def test_what_is_not_confirmed_is_tried_again(amqp: AmqpBroker, mood: Mood) -> None:
    publisher = BrokerPublisher(deadline=timedelta(seconds=2.4))
    assert publisher.publish(at_amqp(amqp), an_envelope(number=1)).kind is DELIVERED
    amqp.mood = mood
    assert publisher.publish(at_amqp(amqp), an_envelope(number=2)).kind is RETRY
    amqp.mood = Mood.CONFIRMS
    assert publisher.publish(at_amqp(amqp), an_envelope(number=2)).kind is DELIVERED
    assert [json.loads(each.body)["streamnumber"] for each in amqp.published] == [1, 2]
    publisher.close()


def test_a_password_that_is_wrong_there_is_told_and_never_shown(publisher: BrokerPublisher, amqp: AmqpBroker) -> None:
    said = publisher.publish(at_amqp(amqp, password="wr0ng"), an_envelope())
    assert said.kind is RETRY
    assert "ACCESS_REFUSED" in said.detail
    assert "wr0ng" not in said.detail


# -- RabbitMQ, where there is one -----------------------------------------------------------------------------------

RABBIT = os.environ.get("ORDERCORE_TEST_AMQP_URL", "")
needs_rabbit = pytest.mark.skipif(
    not RABBIT, reason="needs a RabbitMQ: ORDERCORE_TEST_AMQP_URL=amqp://user:password@host/"
)


@pytest.fixture
def rabbit_queue() -> Iterator[tuple[Any, str]]:
    with kombu.Connection(RABBIT) as connection:
        queue = kombu.Queue(f"ordercore-test-{uuid4()}", channel=connection.channel(), auto_delete=True)
        queue.declare()
        yield queue, queue.name
        queue.delete()


@needs_rabbit
def test_rabbitmq_confirms_and_holds_what_was_sent(publisher: BrokerPublisher, rabbit_queue: tuple[Any, str]) -> None:
    queue, name = rabbit_queue
    for number in (1, 2):
        said = publisher.publish(at(f"{RABBIT}?queue={name}"), an_envelope(number=number))
        assert said.kind is DELIVERED, said.detail
    assert [json.loads(queue.get(no_ack=True).body)["streamnumber"] for _ in (1, 2)] == [1, 2]


@needs_rabbit
@pytest.mark.parametrize("end", ["queue=ordercore-nowhere", "exchange=ordercore-nowhere", "exchange=amq.topic"])
def test_rabbitmq_gives_back_what_it_cannot_route(publisher: BrokerPublisher, end: str) -> None:
    assert publisher.publish(at(f"{RABBIT}?{end}"), an_envelope(type="ordercore.test.v1")).kind is RETRY
