from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import ordercore
from ordercore import (
    AddSubscription,
    DeliveryKind,
    Handler,
    OrderCore,
    Permission,
    RemoveSubscription,
    RotateSecret,
    SubscriptionKind,
)
from ordercore.application.leasing import leased, this_process
from ordercore.application.relay import Relay
from ordercore.application.settings import Settings
from ordercore.application.worker import PRUNE_LOG
from ordercore.domain.actor import SYSTEM
from ordercore.domain.errors import AlreadyExists, InvalidRequest, PermissionMissing, UnknownResource, VersionIsStale
from ordercore.testing.publishers import DELIVERED, RememberingPublisher
from tests.support.cores import add, an_actor

HOOK = "https://example.com/hook"


@pytest.fixture
def publisher() -> RememberingPublisher:
    return RememberingPublisher()


@pytest.fixture
def shop(publisher: RememberingPublisher) -> Iterator[OrderCore]:
    publishers: Any = {SubscriptionKind.WEBHOOK: publisher, SubscriptionKind.BROKER: publisher}
    with ordercore.in_memory(publishers=publishers) as opened:
        yield opened


def test_a_webhook_has_a_secret_of_its_own_and_a_broker_none(shop: OrderCore) -> None:
    first, second = (shop.subscriptions.add(AddSubscription(address=HOOK)) for _ in range(2))
    assert first.secrets[0].value.startswith("whsec_")
    assert first.secrets != second.secrets
    assert first.name.startswith("webhook-")
    broker = shop.subscriptions.add(AddSubscription(address="redis://broker/0"))
    assert (broker.kind, broker.secrets) == (SubscriptionKind.BROKER, ())


def test_a_repeat_answers_the_same_subscription(shop: OrderCore) -> None:
    command = AddSubscription(address=HOOK, name="till")
    first = shop.subscriptions.add(command, idempotency_key="k")
    again = shop.subscriptions.add(command, idempotency_key="k")
    assert (again.id, again.secrets, again.replayed) == (first.id, first.secrets, True)
    with pytest.raises(AlreadyExists):
        shop.subscriptions.add(command)


def test_private_places_need_leave_and_leave_needs_every_permission(shop: OrderCore) -> None:
    private = AddSubscription(address="http://127.0.0.1:9/hook")
    with pytest.raises(InvalidRequest, match="public address"):
        shop.subscriptions.add(private)
    allowed = AddSubscription(address="http://127.0.0.1:9/hook", allows_private=True)
    assert shop.subscriptions.add(allowed).allows_private
    machine = shop.acting_as(an_actor(Permission.WEBHOOKS_MANAGE))
    for command in (allowed, AddSubscription(address="redis://broker/0")):
        with pytest.raises(PermissionMissing, match="all"):
            machine.subscriptions.add(command)
    assert machine.subscriptions.add(AddSubscription(address=HOOK)).kind is SubscriptionKind.WEBHOOK


def test_it_is_found_by_id_and_by_name(shop: OrderCore) -> None:
    added = shop.subscriptions.add(AddSubscription(address=HOOK, name="till"))
    assert shop.subscriptions.by_name("till") == shop.subscriptions.get(added.id) == added
    assert list(shop.subscriptions.list().data) == [added]
    with pytest.raises(UnknownResource):
        shop.subscriptions.by_name("no such")


def test_a_change_of_something_that_changed_meanwhile_is_refused(shop: OrderCore) -> None:
    added = shop.subscriptions.add(AddSubscription(address=HOOK))
    rotated = shop.subscriptions.rotate_secret(RotateSecret(subscription_id=added.id, overlap_hours=1, reason="leaked"))
    assert rotated.secrets[1].value == added.secrets[0].value
    with pytest.raises(VersionIsStale):
        shop.subscriptions.remove(RemoveSubscription(subscription_id=added.id, expected_version=1))


def test_a_test_message_is_signed_and_is_no_stored_event(shop: OrderCore, publisher: RememberingPublisher) -> None:
    added = shop.subscriptions.add(AddSubscription(address=HOOK))
    assert shop.subscriptions.test(added.id).kind is DeliveryKind.DELIVERED
    ((target, envelope),) = publisher.carried
    assert target.secrets == (added.secrets[0].value,)
    assert (envelope.type, envelope.number, envelope.position) == ("subscription.tested.v1", 0, 0)
    assert [row.type for row in shop.events().data] == ["subscription.added.v1"]


def test_a_handler_of_another_program_cannot_be_tested_from_here(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    ordercore.open(url, handlers={"mirror": Handler(call=print)}).close()
    with ordercore.open(url) as shop, pytest.raises(InvalidRequest, match="this very program"):
        shop.subscriptions.test(shop.subscriptions.by_name("mirror").id)


def test_the_delivery_log_is_kept_for_its_time(shop: OrderCore) -> None:
    added = shop.subscriptions.add(AddSubscription(address=HOOK))
    add(shop)
    worker = shop.worker()
    worker.run_round()
    assert len(shop.deliveries.list(added.id).data) == 2
    assert shop._core.commits.run(PRUNE_LOG, [Settings().log_retention]) == [0]
    assert shop._core.commits.run(PRUNE_LOG, [timedelta(days=-1)]) == [2]
    assert list(shop.deliveries.list(added.id).data) == []
    worker.close()


def test_a_worker_says_what_it_does(shop: OrderCore) -> None:
    before = {lease.name: lease.ran_at for lease in shop.worker_status().tasks}
    assert before == {"housekeeping": None, "relay": None, "sequencer": None}
    shop.subscriptions.add(AddSubscription(address=HOOK))
    add(shop)
    worker = shop.worker()
    assert worker.run_round()[0] is not None
    assert all(lease.ran_at is not None for lease in shop.worker_status().tasks)
    worker.close()
    assert "/" in this_process()


def test_a_worker_leaves_the_house_to_another_that_keeps_it(shop: OrderCore) -> None:
    worker = shop.worker()
    assert leased(shop._core, "housekeeping", lambda _: worker.keep_house()) is None
    worker.close()


def test_a_closed_relay_begins_nothing(shop: OrderCore, publisher: RememberingPublisher) -> None:
    shop.subscriptions.add(AddSubscription(address=HOOK, after=0))
    relay = Relay(shop._core, SYSTEM)
    relay.prepare()
    relay.close()
    assert list(relay.start()) == []
    assert publisher.carried == []


def test_what_breaks_off_is_logged_and_tried_by_the_next_round(
    shop: OrderCore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.subscriptions.add(AddSubscription(address=HOOK, after=0, name="till"))
    relay = Relay(shop._core, SYSTEM)
    with monkeypatch.context() as broken:
        broken.setattr("ordercore.application.relay.claim", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            relay.run_round()
    relay.close()
    assert "telling till broke off: ZeroDivisionError" in caplog.text
    fresh = shop.worker()
    assert fresh.relay.run_round().delivered == 1
    fresh.close()


def test_a_subscriber_that_is_being_told_is_not_told_twice_at_once(
    shop: OrderCore, publisher: RememberingPublisher
) -> None:
    shop.subscriptions.add(AddSubscription(address=HOOK, after=0))
    relay = Relay(shop._core, SYSTEM)
    relay.prepare()
    inner: list[int] = []

    def again(*_: object) -> Any:
        inner.append(len(relay.start()))
        return DELIVERED

    publisher.answering = again
    for begun in relay.start():
        begun.result()
    relay.close()
    assert inner == [0]
