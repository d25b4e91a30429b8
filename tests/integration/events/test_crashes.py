"""Relays side by side that are cut between any two of their steps; a receiver that checks what reaches it."""

import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from attrs import define, field

import ordercore
from ordercore import OrderCore, SubscriptionKind
from ordercore.application.relaying import Turn, claim, deliver, record
from ordercore.application.settings import Settings
from ordercore.domain.delivery import Patience
from ordercore.domain.product import Product
from ordercore.domain.subscription import Subscription
from ordercore.ports.outbox import Recording
from ordercore.ports.publisher import DeliveryAnswer, Envelope, Target
from ordercore.testing.faults import FixedClock
from ordercore.testing.publishers import DELIVERED, REFUSED, RETRY, RememberingPublisher
from tests.integration.events.scene import add, adjust, shop_on, subscribe

SEEDS = range(3)
STEPS = 150


@define
class Receiver:
    """Takes most of what comes, and complains about an order that is none.

    A number that is new must be the next one, or everything between must have been refused or given up.
    """

    chance: random.Random
    highest: dict[UUID, int] = field(factory=lambda: defaultdict(int))
    taken: set[tuple[UUID, int]] = field(factory=set)
    gaps: set[tuple[UUID, int]] = field(factory=set)
    is_kind: bool = False

    def __call__(self, _: Target, envelope: Envelope) -> DeliveryAnswer:
        stream, number = envelope.stream_id, envelope.number
        if number > self.highest[stream]:
            self.gaps |= {(stream, missed) for missed in range(self.highest[stream] + 1, number)} - self.taken
        draw = 1.0 if self.is_kind else self.chance.random()
        if draw < 0.1:
            return RETRY
        if draw < 0.12:
            return REFUSED
        self.highest[stream] = max(self.highest[stream], number)
        self.taken.add((stream, number))
        return DELIVERED


@define
class Relaying:
    """One relay, a step at a time; None is what a crash leaves of it."""

    shop: OrderCore
    subscription: Subscription
    publisher: RememberingPublisher
    turns: list[Turn] = field(factory=list)
    recordings: list[Recording] = field(factory=list)

    def step(self) -> None:
        core = self.shop._core
        if self.recordings:
            record(core, [self.recordings.pop()])
        elif self.turns:
            self.recordings.append(deliver(core, self.subscription, self.turns.pop(), self.publisher))
        else:
            self.turns = list(claim(core, self.subscription, self.publisher))

    def crash(self) -> None:
        self.turns.clear()
        self.recordings.clear()


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_cut_every_stream_arrives_in_order_and_without_gaps(database_url: str, seed: int) -> None:
    chance, clock = random.Random(seed), FixedClock()
    receiver = Receiver(chance)
    publisher = RememberingPublisher(receiver)
    with opened(database_url, publisher, clock) as shop:
        subscription = subscribe(shop)
        products = [add(shop, f"S-{number}") for number in range(3)]
        relays = [Relaying(shop, subscription, publisher) for _ in range(3)]
        preparing = shop.worker().relay
        for _ in range(STEPS):
            take_a_step(chance, shop, clock, products, relays, preparing.prepare)
        receiver.is_kind = True
        for _ in range(40):
            clock.advance(timedelta(minutes=5))
            shop.worker().relay.run_round()
        dead = {(letter.event.stream_id, letter.event.number) for letter in shop.deliveries.dead_letters().data}
        for product in products:
            count = len([row for row in all_events(shop) if row == product.id])
            assert {number for id, number in receiver.taken | dead if id == product.id} == set(range(1, count + 1))
        assert receiver.gaps - receiver.taken <= dead
        assert shop.worker_status().backlog.waiting == 0
        assert [f for f in shop.examine() if f.guarantee == 6 and f.verdict == "broken"] == []


def take_a_step(
    chance: random.Random,
    shop: OrderCore,
    clock: FixedClock,
    products: list[Product],
    relays: list[Relaying],
    prepare: object,
) -> None:
    draw = chance.random()
    if draw < 0.15:
        adjust(shop, chance.choice(products))
    elif draw < 0.3:
        assert callable(prepare)
        prepare()
    elif draw < 0.35:
        chance.choice(relays).crash()
    elif draw < 0.45:
        clock.advance(timedelta(seconds=chance.choice((1, 5, 30, 70))))
    else:
        chance.choice(relays).step()


def all_events(shop: OrderCore) -> list[UUID]:
    return [row.stream_id for row in shop.events("product", ordercore.PageRequest(limit=500)).data]


@contextmanager
def opened(url: str, publisher: RememberingPublisher, clock: FixedClock) -> Iterator[OrderCore]:
    patience = Patience(pauses=(timedelta(seconds=5),) * 3)
    with ordercore.open(
        url,
        publishers={SubscriptionKind.WEBHOOK: publisher},
        clock=clock,
        settings=Settings(patience=patience),
    ) as shop:
        yield shop


def test_the_receiver_sees_a_gap() -> None:
    receiver = Receiver(random.Random(1), is_kind=True)
    stream = UUID(int=1)
    for number in (1, 3):
        receiver(None, envelope(stream, number))  # type: ignore[arg-type] # who is told does not matter here
    assert receiver.gaps == {(stream, 2)}


def envelope(stream: UUID, number: int) -> Envelope:
    return Envelope(
        type="product.added.v1",
        stream="product",
        stream_id=stream,
        number=number,
        position=number,
        occurred_at=FixedClock().now(),
        payload={},
    )


# -- real processes that are really killed --------------------------------------------------------------------------

RELAY = """
import os, signal, sys
from datetime import timedelta
import ordercore
from ordercore import DeliveryAnswer, DeliveryKind, SubscriptionKind

url, told, kill_at = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Appending:
    deadline = timedelta(seconds=0.2)
    count = 0

    def publish(self, target, envelope):
        with open(told, "a") as file:
            file.write(f"{envelope.number}\\n")
            file.flush()
        Appending.count += 1
        if Appending.count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return DeliveryAnswer(kind=DeliveryKind.DELIVERED)


with ordercore.open(url, publishers={SubscriptionKind.WEBHOOK: Appending()}) as shop:
    worker = shop.worker()
    for _ in range(200):
        worker.relay.run_round()
        if shop.worker_status().backlog.waiting == 0:
            break
        shop._core.clock.pause(0.05)
    worker.close()
"""


def test_a_relay_killed_between_telling_and_writing_tells_again_under_the_same_number(
    database_url: str, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    with shop_on(database_url) as shop:
        subscribe(shop)
        adjust(shop, add(shop), 29)
    for kill_at in (1, 7, 0):
        done = subprocess.run(
            [sys.executable, "-c", RELAY, database_url, str(told), str(kill_at)],
            env={**os.environ},
            check=False,
            timeout=100,
        )
        assert done.returncode == (-signal.SIGKILL if kill_at else 0)
    numbers = [int(line) for line in told.read_text().split()]
    assert sorted(set(numbers)) == list(range(1, 31))
    assert len(numbers) > 30
    highest = 0
    for number in numbers:
        assert number <= highest + 1
        highest = max(highest, number)
