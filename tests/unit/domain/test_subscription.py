from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from ordercore.domain.errors import InvalidRequest, TransitionRefused
from ordercore.domain.lifecycles import SubscriptionStatus
from ordercore.domain.subscription import (
    MOST_SECRETS,
    Subscription,
    SubscriptionAdded,
    SubscriptionKind,
    SubscriptionNarrowed,
    SubscriptionPaused,
    SubscriptionRemoved,
    SubscriptionReplayed,
    SubscriptionResumed,
    SubscriptionSecretRotated,
    is_private,
    kind_of,
    refuse_bad_types,
)
from tests.support.domain import ACTOR, LATER, NOON, facts_of_step

HOUR = timedelta(hours=1)


def a_webhook(**changes: Any) -> Subscription:
    added = Subscription.add(
        id=UUID(int=1),
        name="till",
        kind=SubscriptionKind.WEBHOOK,
        address="https://example.com/hook",
        types=("order.*", "product.added.v1"),
        secret="whsec_one",
        allows_private=False,
        after=7,
        at=NOON,
        actor_id=ACTOR,
    )
    return evolve(added, facts=(), **changes) if changes else added


def test_a_new_subscription_is_active_and_its_event_tells_no_address_and_no_secret() -> None:
    webhook = a_webhook()
    (fact,) = webhook.facts
    assert isinstance(fact, SubscriptionAdded)
    assert (fact.kind, fact.types, fact.after) == (SubscriptionKind.WEBHOOK, webhook.types, 7)
    assert webhook.status is SubscriptionStatus.ACTIVE
    for secret in ("example.com", "whsec_one"):
        assert secret not in repr(fact)
        assert secret not in repr(webhook)


@pytest.mark.parametrize(
    ("event_type", "wanted"),
    [("order.placed.v1", True), ("orders.placed.v1", False), ("product.added.v1", True), ("product.edited.v1", False)],
)
def test_it_wants_names_and_beginnings(event_type: str, wanted: bool) -> None:
    assert a_webhook().wants(event_type) is wanted
    assert a_webhook(types=("*",)).wants(event_type)


def test_what_is_done_to_it_is_told() -> None:
    webhook = a_webhook(version=1)
    by: dict[str, Any] = {"at": LATER, "actor_id": ACTOR}
    paused = webhook.pause(**by)
    assert facts_of_step(webhook, lambda: webhook.pause(**by)) == (SubscriptionPaused,)
    assert facts_of_step(evolve(paused, facts=()), lambda: paused.resume(**by))[-1] is SubscriptionResumed
    assert facts_of_step(webhook, lambda: webhook.narrow(("*",), **by)) == (SubscriptionNarrowed,)
    assert facts_of_step(webhook, lambda: webhook.replay(3, **by)) == (SubscriptionReplayed,)
    assert facts_of_step(webhook, lambda: webhook.remove(**by)) == (SubscriptionRemoved,)
    assert webhook.narrow(("*",), **by).types == ("*",)


def test_what_is_removed_keeps_neither_address_nor_secrets_nor_its_name() -> None:
    removed = a_webhook(version=1).remove(at=LATER, actor_id=ACTOR)
    assert (removed.address, removed.secrets, removed.status) == ("", (), SubscriptionStatus.REMOVED)
    assert removed.name != "till"
    for again in (removed.remove, removed.pause):
        with pytest.raises(TransitionRefused, match="This subscription is removed"):
            again(at=LATER, actor_id=ACTOR)


def test_a_replaced_secret_signs_beside_the_new_one_for_a_while() -> None:
    rotated = rotate(a_webhook(version=1), "whsec_two", until=HOUR)
    assert rotated.signing(LATER) == ("whsec_two", "whsec_one")
    assert rotated.signing(LATER + HOUR) == ("whsec_two",)
    (fact,) = rotated.facts
    assert isinstance(fact, SubscriptionSecretRotated)
    assert fact.old_until == LATER + HOUR
    again = rotate(evolve(rotated, facts=()), "whsec_three", until=2 * HOUR)
    assert again.signing(LATER) == ("whsec_three", "whsec_two", "whsec_one")
    assert again.signing(LATER + HOUR) == ("whsec_three", "whsec_two")
    assert rotate(evolve(rotated, facts=()), "whsec_four", until=timedelta()).signing(LATER) == ("whsec_four",)


def rotate(webhook: Subscription, secret: str, *, until: timedelta) -> Subscription:
    return webhook.rotate(secret, old_until=LATER + until, now=LATER, at=LATER, actor_id=ACTOR)


def test_only_so_many_secrets_sign_at_once() -> None:
    webhook = a_webhook(version=1)
    for number in range(10):
        webhook = rotate(webhook, f"whsec_{number}", until=HOUR)
    assert len(webhook.signing(LATER)) == MOST_SECRETS


def test_only_webhooks_are_signed() -> None:
    with pytest.raises(InvalidRequest, match="nothing else is signed"):
        rotate(a_webhook(kind=SubscriptionKind.BROKER), "whsec_two", until=HOUR)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://example.com/hook?x=1", SubscriptionKind.WEBHOOK),
        ("http://example.com", SubscriptionKind.WEBHOOK),
        ("redis://:secret@localhost:6379/0", SubscriptionKind.BROKER),
        ("amqp://broker/events", SubscriptionKind.BROKER),
    ],
)
def test_an_address_tells_how_a_subscriber_is_reached(address: str, kind: SubscriptionKind) -> None:
    assert kind_of(address) is kind


@pytest.mark.parametrize(
    "address",
    [
        *("", "example.com", "mailto:a@b", "https://", "https://user@example.com", "https://example.com/#top"),
        *("https://[1", "https://exa mple.com"),
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        kind_of(address)
    assert refused.value.problems[0].pointer == "/address"


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("https://127.0.0.1/x", True),
        ("https://10.1.2.3", True),
        ("https://[::1]/", True),
        ("https://169.254.169.254/latest", True),
        ("https://localhost:8000", True),
        ("https://till.localhost", True),
        ("https://example.com", False),
        ("https://8.8.8.8", False),
    ],
)
def test_an_address_that_names_a_private_place_is_seen(address: str, private: bool) -> None:
    assert is_private(address) is private


def test_a_password_in_an_address_is_not_shown() -> None:
    shown = a_webhook(address="redis://till:hunter2@broker:6379/0").shown_address
    assert shown == "redis://till:***@broker:6379/0"
    assert a_webhook(address="amqp://till@broker").shown_address == "amqp://till@broker"
    assert a_webhook().shown_address == "https://example.com/hook"


@pytest.mark.parametrize(
    "bad", ["", ".*", "order*", "*.placed", "order..x", "Order.placed", "order placed", "x" * 101, 7]
)
def test_a_type_that_can_match_nothing_is_refused(bad: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        refuse_bad_types(("order.*", bad))
    assert refused.value.problems[0].pointer == "/types/1"
    refuse_bad_types(("*", "order.*", "order.placed.v1", "work_item.opened.v1"))
