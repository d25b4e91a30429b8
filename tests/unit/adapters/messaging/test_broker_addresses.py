import pytest

from ordercore.adapters.messaging.broker_addresses import BrokerAddress, broker_address_of


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://cache/0?queue=orders", BrokerAddress(scheme="redis", host="cache", virtual_host="0", queue="orders")),
        (
            "rediss://:p%40ss@cache:6380?queue=shop.orders",
            BrokerAddress(scheme="rediss", host="cache", port=6380, user="", password="p@ss", queue="shop.orders"),
        ),
        (
            "amqp://anna:pw@rabbit/%2Fprod?exchange=events&routing_key=orders",
            BrokerAddress(
                scheme="amqp",
                host="rabbit",
                user="anna",
                password="pw",
                virtual_host="/prod",
                exchange="events",
                routing_key="orders",
            ),
        ),
        ("amqps://[2001:db8::1]/?exchange=e", BrokerAddress(scheme="amqps", host="2001:db8::1", exchange="e")),
        (
            "sqs://?queue=orders&region=eu-west-1",
            BrokerAddress(scheme="sqs", queue="orders", region="eu-west-1"),
        ),
        ("memory://?queue=orders", BrokerAddress(scheme="memory", queue="orders")),
    ],
)
def test_an_address_is_read_into_its_parts(url: str, address: BrokerAddress) -> None:
    assert broker_address_of(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis",
        "redis://s3cret@cache/0",
        "redis://cache/0?",
        "redis://cache/0?queue",
        "redis://cache/0?queue=",
        "redis://cache/0?queue=a b",
        "redis://cache/0?queue=a%20b",
        "redis://cache/0?queue=../etc",
        "redis://cache/0?queue=q&exchange=e",
        "redis://cache/0?exchange=events",
        "redis://cache/0?queue=orders&routing_key=x",
        "redis://cache/0?queue=orders&region=eu-west-1",
        "redis://cache/0?queue=orders&ssl_cert_reqs=none",
        "redis://cache:99999/0?queue=orders",
        "redis:///0?queue=orders",
        "redis://cache;other/0?queue=orders",
        "amqp://rabbit/?queue=a&routing_key=b",
        "sqs://?queue=orders",
        "sqs://host/?queue=orders&region=eu-west-1",
        "memory://host/?queue=orders",
        "filesystem://?queue=orders",
        "sqla+sqlite:///x.db?queue=orders",
        "os.path://?queue=orders",
        "http://shop.example/?queue=orders",
        "redis://s3cret:s3cret@[::1/0?queue=orders",
        "redis://cache/0?queue=orders\n",
        "redis://cache/0?queue=" + "a" * 201,
        "redis://" + "a" * 2000 + "/0?queue=orders",
    ],
)
def test_an_address_that_leads_nowhere_is_refused_in_words_that_repeat_nothing(url: str) -> None:
    problem = broker_address_of(url)
    assert isinstance(problem, str)
    assert "s3cret" not in problem
    assert "cache" not in problem


def test_nobody_is_shown_the_password() -> None:
    assert "s3cret" not in repr(broker_address_of("redis://user:s3cret@cache/0?queue=orders"))
