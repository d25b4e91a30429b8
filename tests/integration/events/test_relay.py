import threading
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import evolve

import ordercore
from ordercore import (
    DeadLetterStatus,
    DeliveryKind,
    EditProduct,
    Envelope,
    GiveUpEvent,
    Handler,
    OrderCore,
    PauseSubscription,
    RemoveSubscription,
    ReplayEvents,
    ResumeSubscription,
    RetryDeadLetter,
    SubscriptionKind,
)
from ordercore.application import relay, relaying, sequencing
from ordercore.application.relaying import claim, deliver, record
from ordercore.application.settings import Settings
from ordercore.domain.delivery import Patience
from ordercore.domain.errors import AlreadyExists, TransitionRefused, UnknownResource
from ordercore.ports.publisher import DeliveryAnswer, Target
from ordercore.testing.publishers import REFUSED, RETRY, RememberingPublisher, taken
from tests.integration.events.scene import AT_ONCE, add, adjust, shop_on, subscribe

NEVER = Patience(pauses=(timedelta(days=365),))


@pytest.fixture
def publisher() -> RememberingPublisher:
    return RememberingPublisher()


@pytest.fixture
def shop(database_url: str, publisher: RememberingPublisher) -> Iterator[OrderCore]:
    with shop_on(database_url, publisher) as opened:
        yield opened


def rounds(shop: OrderCore, count: int = 1) -> None:
    worker = shop.worker()
    for _ in range(count):
        worker.relay.run_round()
    worker.close()


def refusing(number: int, answer: DeliveryAnswer = RETRY, of: UUID | None = None) -> RememberingPublisher:
    """Takes everything but the events of that number."""

    def say(target: Target, envelope: Envelope) -> DeliveryAnswer:
        mine = envelope.number == number and of in (None, envelope.stream_id)
        return answer if mine else taken(target, envelope)

    return RememberingPublisher(say)


def test_a_subscriber_hears_of_its_types_in_order(shop: OrderCore, publisher: RememberingPublisher) -> None:
    subscribe(shop, "product.stock_moved.v1")
    mug = add(shop)
    adjust(shop, mug, 40)
    rounds(shop)
    assert [number for _, number in publisher.numbers] == list(range(2, 42))
    rounds(shop)
    assert len(publisher.carried) == 40


def test_what_it_does_not_want_is_passed_over(shop: OrderCore, publisher: RememberingPublisher) -> None:
    subscribe(shop, "product.added.v1", "product.edited.v1")
    mug = add(shop)
    adjust(shop, mug, 2)
    shop.catalogue.edit_product(EditProduct(product_id=mug.id, name="Cup", price=mug.price))
    rounds(shop)
    assert publisher.numbers == [("product.added.v1", 1), ("product.edited.v1", 4)]


def test_what_is_more_than_a_batch_takes_several_and_what_is_too_much_the_next_round(
    shop: OrderCore, publisher: RememberingPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (relay, relaying, sequencing):
        monkeypatch.setattr(module, "BATCH", 2)
    for module in (relay, sequencing):
        monkeypatch.setattr(module, "MOST_BATCHES", 3)
    subscribe(shop)
    mug = add(shop)
    adjust(shop, mug, 7)
    worker = shop.worker()
    report = worker.relay.run_round()
    assert (report.positioned, report.handed_on, report.delivered) == (6, 6, 5)
    rounds(shop)
    worker.close()
    assert heard(publisher, mug.id) == list(range(1, 9))


def test_events_are_handed_on_only_to_who_is_active(shop: OrderCore) -> None:
    subscription = subscribe(shop)
    add(shop)
    sequencing.sequence(shop._core)
    shop.subscriptions.pause(PauseSubscription(subscription_id=subscription.id))
    assert relaying.hand_on(shop._core, subscription.id) == 0
    assert relaying.hand_on(shop._core, shop.actor.id) == 0


def test_lanes_are_claimed_only_for_who_is_still_active(shop: OrderCore, publisher: RememberingPublisher) -> None:
    subscription = subscribe(shop)
    add(shop)
    sequencing.sequence(shop._core)
    assert relaying.hand_on(shop._core, subscription.id)
    shop.subscriptions.pause(PauseSubscription(subscription_id=subscription.id))
    assert claim(shop._core, subscription, publisher) == []
    shop.subscriptions.resume(ResumeSubscription(subscription_id=subscription.id))
    assert claim(shop._core, subscription, publisher)


def test_a_relay_that_is_told_to_stop_ends_after_what_it_has_begun(
    shop: OrderCore, publisher: RememberingPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "LANES_AT_ONCE", 1)
    subscribe(shop)
    add(shop)
    add(shop, "CUP")
    worker = shop.worker()
    worker.relay.prepare()

    def stop(target: Target, envelope: Envelope) -> DeliveryAnswer:
        worker.relay._stopping.set()
        return taken(target, envelope)

    publisher.answering = stop
    for begun in worker.relay.start():
        begun.result()
    worker.close()
    assert len(publisher.carried) == 1
    rounds(shop)
    assert len(publisher.carried) == 2


def test_it_hears_from_its_position_on(shop: OrderCore, publisher: RememberingPublisher) -> None:
    add(shop, "BEFORE")
    subscribe(shop, after=None)
    add(shop, "AFTER")
    rounds(shop)
    assert [envelope.payload["sku"] for _, envelope in publisher.carried] == ["AFTER"]


def test_a_failing_event_holds_up_only_its_own_stream(database_url: str) -> None:
    with shop_on(database_url) as shop:
        mug, cup = add(shop), add(shop, "CUP")
    publisher = refusing(2, of=mug.id)
    with shop_on(database_url, publisher, patience=NEVER) as shop:
        subscription = subscribe(shop)
        adjust(shop, mug, 3)
        adjust(shop, cup, 3)
        rounds(shop, 3)
        assert heard(publisher, cup.id) == [1, 2, 3, 4]
        assert heard(publisher, mug.id) == [1, 2]
        backlog = shop.worker_status().backlog
        assert (backlog.waiting, backlog.failing, backlog.unpositioned, backlog.dead_letters) == (1, 1, 0, 0)
        log = shop.deliveries.list(subscription.id).data
        assert sorted(each.answer for each in log).count(DeliveryKind.RETRY) == 1


def heard(publisher: RememberingPublisher, id: UUID) -> list[int]:
    return [envelope.number for _, envelope in publisher.carried if envelope.stream_id == id]


def test_after_so_many_tries_it_is_a_dead_letter_and_the_stream_flows_on(database_url: str) -> None:
    publisher = refusing(2)
    with shop_on(database_url, publisher) as shop:
        subscription = subscribe(shop)
        adjust(shop, add(shop), 2)
        rounds(shop, 10)
        assert [number for _, number in publisher.numbers] == [1, 2, 2, 2, 2, 3]
        (letter,) = shop.deliveries.dead_letters(subscription.id).data
        assert (letter.event.number, letter.tries, letter.reason) == (2, 4, "busy")
        assert letter.status is DeadLetterStatus.DEAD
        assert letter == shop.deliveries.dead_letters().data[0]
        log = shop.deliveries.list(subscription.id).data
        assert sorted((each.event.number, each.number_of_try) for each in log) == [
            *((1, 1), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1))
        ]


def test_what_is_refused_is_a_dead_letter_at_once_and_may_be_tried_again(database_url: str) -> None:
    publisher = refusing(2, REFUSED)
    with shop_on(database_url, publisher) as shop:
        subscription = subscribe(shop)
        adjust(shop, add(shop), 2)
        rounds(shop, 3)
        assert [number for _, number in publisher.numbers] == [1, 2, 3]
        (letter,) = shop.deliveries.dead_letters().data
        again = RetryDeadLetter(subscription_id=subscription.id, dead_letter_id=letter.id)
        assert shop.deliveries.retry(again).status is DeadLetterStatus.RETRYING
        with pytest.raises(TransitionRefused, match="retrying"):
            shop.deliveries.retry(again)
        rounds(shop, 2)
        assert [number for _, number in publisher.numbers] == [1, 2, 3, 2]
        assert [each.status for each in shop.deliveries.dead_letters().data] == [DeadLetterStatus.DEAD]
        publisher.answering = taken
        shop.deliveries.retry(again)
        rounds(shop, 2)
        assert [number for _, number in publisher.numbers] == [1, 2, 3, 2, 2]
        assert [each.status for each in shop.deliveries.dead_letters().data] == [DeadLetterStatus.DELIVERED]


def test_an_admin_gives_an_event_up(database_url: str) -> None:
    publisher = refusing(2)
    with shop_on(database_url, publisher, patience=NEVER) as shop:
        subscription, mug = subscribe(shop), add(shop)
        adjust(shop, mug, 2)
        rounds(shop, 2)
        poison = GiveUpEvent(
            subscription_id=subscription.id, stream="product", stream_id=mug.id, number=2, reason="poison"
        )
        with pytest.raises(TransitionRefused, match="not the next one, 2 is"):
            shop.deliveries.give_up(evolve(poison, number=3))
        for nothing in (evolve(poison, number=9), evolve(poison, stream_id=subscription.id)):
            with pytest.raises(UnknownResource):
                shop.deliveries.give_up(nothing)
        buried = shop.deliveries.give_up(poison)
        assert (buried.reason, buried.tries, buried.buried_by) == ("poison", 1, shop.actor.id)
        with pytest.raises(TransitionRefused, match="not the next one, 3 is"):
            shop.deliveries.give_up(poison)
        rounds(shop, 2)
        assert heard(publisher, mug.id) == [1, 2, 3]
        assert [each.reason for each in shop.deliveries.dead_letters().data] == ["poison"]


def test_a_replay_delivers_everything_after_a_position_once_more(
    shop: OrderCore, publisher: RememberingPublisher
) -> None:
    subscription, mug = subscribe(shop), add(shop)
    adjust(shop, mug, 3)
    rounds(shop)
    after = shop.events("product").data[1].position
    assert after is not None
    replayed = shop.subscriptions.replay(ReplayEvents(subscription_id=subscription.id, after=after))
    assert [event.type for event in shop.events("subscription").data] == [
        "subscription.added.v1",
        "subscription.replayed.v1",
    ]
    rounds(shop)
    assert heard(publisher, mug.id) == [1, 2, 3, 4, 3, 4]
    shop.subscriptions.replay(ReplayEvents(subscription_id=replayed.id, after=10**6))
    add(shop, "CUP")
    rounds(shop)
    assert len(publisher.carried) == 7


def test_a_replay_takes_a_lane_back_that_is_being_worked_on(database_url: str) -> None:
    publisher = RememberingPublisher()
    with shop_on(database_url, publisher) as shop:
        core, subscription, mug = shop._core, subscribe(shop), add(shop)
        adjust(shop, mug, 2)
        mine = shop.worker().relay
        mine.prepare()
        (turn,) = claim(core, subscription, publisher)
        recording = deliver(core, subscription, turn, publisher)
        record(core, [evolve(recording, next_number=3)])
        (turn,) = claim(core, subscription, publisher)
        assert turn.claimed.next_number == 3
        shop.subscriptions.replay(ReplayEvents(subscription_id=subscription.id, after=0))
        mine.prepare()
        record(core, [deliver(core, subscription, turn, publisher)])
        rounds(shop, 2)
        assert heard(publisher, mug.id) == [1, 2, 3, 3, 1, 2, 3]


def test_a_paused_subscription_loses_nothing_and_a_removed_one_hears_nothing(
    shop: OrderCore, publisher: RememberingPublisher
) -> None:
    subscription, mug = subscribe(shop, name="till"), add(shop)
    rounds(shop)
    shop.subscriptions.pause(PauseSubscription(subscription_id=subscription.id))
    adjust(shop, mug)
    rounds(shop)
    assert heard(publisher, mug.id) == [1]
    shop.subscriptions.resume(ResumeSubscription(subscription_id=subscription.id))
    rounds(shop)
    assert heard(publisher, mug.id) == [1, 2]
    adjust(shop, mug)
    shop.worker().relay.prepare()
    shop.subscriptions.remove(RemoveSubscription(subscription_id=subscription.id))
    adjust(shop, mug)
    rounds(shop)
    assert heard(publisher, mug.id) == [1, 2]
    assert list(shop.subscriptions.list().data) == []
    assert subscribe(shop, name="till").name == "till"
    assert [f for f in shop.examine() if f.guarantee == 6 and f.verdict != "holds"] == []


def test_a_relay_that_lost_its_claim_writes_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed, or too slow: its lanes are another's, and what it delivered is delivered again, under the same number."""
    monkeypatch.setattr(relaying, "LASTING_DEADLINES", 0)
    publisher = RememberingPublisher()
    with shop_on(database_url, publisher) as shop:
        core, subscription, mug = shop._core, subscribe(shop), add(shop)
        shop.worker().relay.prepare()
        (first,) = claim(core, subscription, publisher)
        monkeypatch.setattr(relaying, "LASTING_DEADLINES", 6)
        (second,) = claim(core, subscription, publisher)
        slow = deliver(core, subscription, evolve(first, over=second.over), publisher)
        assert record(core, [slow]).delivered == 0
        assert list(shop.deliveries.list(subscription.id).data) == []
        assert record(core, [deliver(core, subscription, second, publisher)]).delivered == 1
        assert heard(publisher, mug.id) == [1, 1]
        assert claim(core, subscription, publisher) == []


def test_no_delivery_begins_when_the_claim_is_nearly_over(shop: OrderCore, publisher: RememberingPublisher) -> None:
    core, subscription, mug = shop._core, subscribe(shop), add(shop)
    shop.worker().relay.prepare()
    (turn,) = claim(core, subscription, publisher)
    late = deliver(core, subscription, evolve(turn, over=core.clock.now() - timedelta(seconds=1)), publisher)
    assert record(core, [late]) == relaying.Outcome()
    assert heard(publisher, mug.id) == []
    rounds(shop)
    assert heard(publisher, mug.id) == [1]


def test_a_publisher_that_raises_costs_a_pause(database_url: str) -> None:
    def broken(_: Target, __: Envelope) -> DeliveryAnswer:
        raise ZeroDivisionError("4242424242424242")

    with shop_on(database_url, RememberingPublisher(broken)) as shop:
        subscription = subscribe(shop)
        add(shop)
        rounds(shop)
        entry = shop.deliveries.list(subscription.id).data[-1]
        assert (entry.answer, entry.detail) == (DeliveryKind.RETRY, "the publisher raised ZeroDivisionError")


def test_what_a_subscriber_says_is_made_storable(database_url: str) -> None:
    rude = DeliveryAnswer(kind=DeliveryKind.RETRY, detail="a\0b\n" + "x" * 1000)
    with shop_on(database_url, RememberingPublisher(lambda _, __: rude)) as shop:
        subscription = subscribe(shop)
        add(shop)
        rounds(shop)
        detail = shop.deliveries.list(subscription.id).data[-1].detail
        assert (detail[:4], len(detail)) == ("a b ", 500)


def test_several_relays_side_by_side_keep_every_stream_in_order(database_url: str) -> None:
    publisher = RememberingPublisher()
    shops = [shop_on(database_url, publisher) for _ in range(2)]
    subscribe(shops[0])
    products = [add(shops[0], f"S-{number}") for number in range(6)]
    stop = threading.Event()

    def again(shop: OrderCore) -> None:
        while not stop.is_set():
            rounds(shop)

    threads = [threading.Thread(target=again, args=(shop,)) for shop in shops * 2]
    for thread in threads:
        thread.start()
    for product in products * 8:
        adjust(shops[0], product)
    stop.set()
    for thread in threads:
        thread.join()
    rounds(shops[0], 2)
    for product in products:
        assert heard(publisher, product.id) == list(range(1, 10))
    for shop in shops:
        shop.close()


# -- handlers -------------------------------------------------------------------------------------------------------


def test_a_handler_of_the_program_hears_in_order_and_goes_on_where_it_stopped(database_url: str) -> None:
    told: list[int] = []

    def opened(types: tuple[str, ...] = ("product.*",)) -> OrderCore:
        handler = Handler(types=types, call=lambda envelope: told.append(envelope.number))
        return ordercore.open(database_url, handlers={"stock-mirror": handler}, settings=Settings(patience=AT_ONCE))

    with ordercore.open(database_url) as plain:
        mug = add(plain)
    with opened() as shop:
        adjust(shop, mug)
        rounds(shop)
    assert told == [2]
    with ordercore.open(database_url) as plain:
        adjust(plain, mug)
        rounds(plain)
    assert told == [2]
    with opened() as shop:
        rounds(shop)
        assert told == [2, 3]
        assert shop.subscriptions.by_name("stock-mirror").kind is SubscriptionKind.HANDLER
        assert shop.subscriptions.test(shop.subscriptions.by_name("stock-mirror").id).kind is DeliveryKind.DELIVERED
    with opened(types=("order.*",)) as shop:
        adjust(shop, mug)
        rounds(shop)
        assert told == [2, 3, 0]
        assert shop.subscriptions.by_name("stock-mirror").types == ("order.*",)


def test_a_handler_that_raises_is_called_again(database_url: str) -> None:
    calls: list[int] = []

    def stumble(envelope: Envelope) -> None:
        calls.append(envelope.number)
        if len(calls) == 1:
            raise KeyError("first time")

    handlers = {"mirror": Handler(types=("product.*",), call=stumble, after=0)}
    with ordercore.open(database_url, handlers=handlers, settings=Settings(patience=AT_ONCE)) as shop:
        add(shop)
        rounds(shop, 3)
        log = shop.deliveries.list(shop.subscriptions.by_name("mirror").id).data
    assert calls == [1, 1]
    assert [each.detail for each in log] == ["", "the handler raised KeyError"]


def test_a_handler_cannot_take_a_webhooks_name(database_url: str) -> None:
    with shop_on(database_url) as shop:
        subscribe(shop, name="till")
    with pytest.raises(AlreadyExists):
        ordercore.open(database_url, handlers={"till": Handler(call=print)})
