import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import kombu
import pytest

from ordercore.adapters.messaging.addresses import PRIVATE
from ordercore.adapters.messaging.broker import BrokerPublisher
from ordercore.adapters.messaging.broker_lines import MOST_IDLE
from ordercore.domain.subscription import SubscriptionKind
from ordercore.ports.publisher import DeliveryAnswer, DeliveryKind, Target
from tests.support.envelopes import ORDER, a_target, an_envelope

DELIVERED, RETRY, REFUSED = DeliveryKind.DELIVERED, DeliveryKind.RETRY, DeliveryKind.REFUSED


def at(address: str, **details: Any) -> Target:
    return a_target(address, SubscriptionKind.BROKER, secrets=(), **details)


@pytest.fixture
def publisher() -> Iterator[BrokerPublisher]:
    publisher = BrokerPublisher()
    yield publisher
    publisher.close()


def messages_in(queue: str) -> list[Any]:
    with kombu.Connection("memory://") as connection:
        channel = connection.channel()
        got = []
        while (message := channel.basic_get(queue, no_ack=True)) is not None:
            got.append(message)
        return got


def test_a_message_is_the_document_with_its_name_on_it(publisher: BrokerPublisher) -> None:
    said = publisher.publish(at("memory://?queue=whole"), an_envelope())
    assert said == DeliveryAnswer(kind=DELIVERED, detail="taken by the broker")
    [message] = messages_in("whole")
    assert json.loads(message.body)["data"] == {"note": "für Anna"}
    assert message.content_type == "application/cloudevents+json"
    assert message.properties["message_id"] == f"order/{ORDER}/2"
    assert message.headers == {
        "id": f"order/{ORDER}/2",
        "type": "order.confirmed.v1",
        "subject": f"order/{ORDER}",
        "streamnumber": 2,
        "position": "17",
    }


def test_the_order_of_events_is_kept(publisher: BrokerPublisher) -> None:
    for number in range(1, 6):
        assert publisher.publish(at("memory://?queue=order"), an_envelope(number=number)).kind is DELIVERED
    assert [each.headers["streamnumber"] for each in messages_in("order")] == [1, 2, 3, 4, 5]


def test_events_from_many_threads_all_arrive(publisher: BrokerPublisher) -> None:
    target = at("memory://?queue=threads")
    with ThreadPoolExecutor(2 * MOST_IDLE) as pool:
        said = list(pool.map(lambda n: publisher.publish(target, an_envelope(number=n)), range(1, 101)))
    assert {each.kind for each in said} == {DELIVERED}
    assert sorted(each.headers["streamnumber"] for each in messages_in("threads")) == list(range(1, 101))


@pytest.mark.parametrize("address", ["", "redis://cache/0", "filesystem:///tmp?queue=x", "redis://cache/?exchange=e"])
def test_an_address_that_leads_nowhere_is_refused(publisher: BrokerPublisher, address: str) -> None:
    assert publisher.publish(at(address), an_envelope()).kind is REFUSED


def test_a_private_address_is_refused_unless_allowed() -> None:
    publisher = BrokerPublisher(lookup=lambda _: ["8.8.8.8", "10.0.0.1"])
    said = publisher.publish(at("redis://cache/0?queue=orders", allows_private=False), an_envelope())
    assert said == DeliveryAnswer(kind=REFUSED, detail=PRIVATE)


@pytest.mark.parametrize("quoted", ["p@ss", "p%40ss"])
def test_words_that_quote_the_password_are_not_repeated(quoted: str, caplog: pytest.LogCaptureFixture) -> None:
    def failing(_: str) -> Sequence[str]:
        raise OSError(f"no way to anna:{quoted}@cache")

    said = BrokerPublisher(lookup=failing).publish(at("redis://anna:p%40ss@cache/0?queue=orders"), an_envelope())
    assert (said.kind, said.detail) == (RETRY, "OSError")
    assert quoted not in caplog.text


@pytest.mark.skipif(find_spec("boto3") is not None, reason="boto3 is installed")
def test_a_transport_that_is_not_installed_is_told(publisher: BrokerPublisher) -> None:
    said = publisher.publish(at("sqs://?queue=orders&region=eu-west-1"), an_envelope())
    assert said.kind is RETRY
    assert "boto" in said.detail


def test_what_cannot_be_written_has_an_answer_too(publisher: BrokerPublisher) -> None:
    said = publisher.publish(at("memory://?queue=odd"), an_envelope(payload={"odd": object()}))
    assert (said.kind, messages_in("odd")) == (RETRY, [])


def test_the_deadline_is_told() -> None:
    assert BrokerPublisher(deadline=timedelta(seconds=6)).deadline == timedelta(seconds=6)
