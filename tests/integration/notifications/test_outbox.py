"""From an order's event to the customer's mail box: the relay, the handler and a real mail server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

from sqlalchemy import text

import ordercore
from ordercore import OrderCore
from ordercore.adapters.notifications.rendering import Rendering
from ordercore.adapters.notifications.smtp import SmtpNotifier, SmtpServer
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.adapters.sql.store import SqlStore
from ordercore.application.shipping import ShipOrder
from ordercore.ports.clock import Clock
from ordercore.testing.faults import FixedClock
from tests.integration.notifications.post_office import HANG_UP, PostOffice, opened
from tests.support.cores import add, placed
from tests.support.crash import LaterClock

NOBODY = {"RCPT": "550 no such user ann@example.com"}
SENDER = "Shop <orders@example.com>"


@contextmanager
def a_shop(url: str, office: PostOffice, clock: Clock) -> Iterator[OrderCore]:
    notifier = SmtpNotifier(SmtpServer.of(f"smtp://localhost:{office.port}"), Rendering(sender=SENDER))
    with ordercore.open(
        url, payment_gateway=FakeGateway(), carrier=FakeCarrier(), notifier=notifier, clock=clock
    ) as shop:
        yield shop


def bring(shop: OrderCore) -> None:
    """A round of everything, as a worker does it."""
    worker = shop.worker()
    worker.run_round()
    worker.close()


def subjects(office: PostOffice) -> list[str]:
    return [str(mail["Subject"]) for mail in mails_of(office)]


def mails_of(office: PostOffice) -> list[EmailMessage]:
    return [message_from_bytes(each.content, policy=policy.default) for each in office.taken]  # type: ignore[arg-type] # bytes, unless told to decode


def test_every_step_is_mailed_once_however_many_rounds_there_are(database_url: str) -> None:
    clock = FixedClock()
    with opened() as office, a_shop(database_url, office, clock) as shop:
        add(shop)
        order = placed(shop)
        assert office.taken == [], "nobody waits for the mail server while ordering"
        bring(shop)
        shop.shipping.ship(ShipOrder(order_id=order.id))
        for _ in range(3):
            clock.advance(timedelta(minutes=10))
            bring(shop)
        assert subjects(office) == ["Your order 1001 is confirmed", "Your order 1001 is on its way"]


def test_a_program_that_starts_again_goes_on_where_the_other_stopped(database_url: str) -> None:
    clock = FixedClock()
    with opened() as office:
        with a_shop(database_url, office, clock) as shop:
            add(shop)
            placed(shop)
            bring(shop)
            placed(shop)
        with a_shop(database_url, office, clock) as shop:
            bring(shop)
        assert subjects(office) == ["Your order 1001 is confirmed", "Your order 1002 is confirmed"]


def test_a_mail_server_that_is_away_delays_mails_and_orders_never(database_url: str) -> None:
    clock = FixedClock()
    with opened({"MAIL": HANG_UP}) as office, a_shop(database_url, office, clock) as shop:
        add(shop)
        assert placed(shop).status == "confirmed"
        bring(shop)
        assert office.taken == []
        office.answers = {}
        bring(shop)
        assert office.taken == [], "it is given time"
        clock.advance(timedelta(minutes=1))
        bring(shop)
        assert subjects(office) == ["Your order 1001 is confirmed"]


def test_a_refused_mail_is_on_record_and_holds_nothing_up(database_url: str) -> None:
    with opened(NOBODY) as office, a_shop(database_url, office, FixedClock()) as shop:
        add(shop)
        order = placed(shop)
        bring(shop)
        (letter,) = shop.deliveries.dead_letters().data
        assert (letter.type, letter.reason) == ("order.confirmed.v1", "the mail server answered 550")
        assert letter.event.stream_id == order.id
        office.answers = {}
        shop.shipping.ship(ShipOrder(order_id=order.id))
        bring(shop)
        assert subjects(office) == ["Your order 1001 is on its way"]


def test_neither_events_nor_what_the_outbox_keeps_name_anybody(database_url: str) -> None:
    with opened(NOBODY) as office, a_shop(database_url, office, FixedClock()) as shop:
        add(shop)
        placed(shop)
        bring(shop)
        assert shop.deliveries.dead_letters().data
    store = SqlStore(database_url, PlainSealer)
    try:
        with store.reading_engine.connect() as connection:
            for table in ("events", "deliveries", "dead_letters"):
                rows = connection.execute(text(f"SELECT * FROM {table}")).all()
                assert rows
                assert not [row for row in rows if "ann@" in repr(row).lower() or "Springfield" in repr(row)]
    finally:
        store.close()


KILLED = """
import os, signal, sys
import ordercore
from ordercore.adapters.notifications.rendering import Rendering
from ordercore.adapters.notifications.smtp import SmtpNotifier, SmtpServer
from tests.support.cores import add, placed

class DiesOnceItIsSent(SmtpNotifier):
    def send(self, message):
        super().send(message)
        os.kill(os.getpid(), signal.SIGKILL)

url, port, sender = sys.argv[1:]
notifier = DiesOnceItIsSent(SmtpServer.of(f"smtp://localhost:{port}"), Rendering(sender=sender))
shop = ordercore.open(url, notifier=notifier)
add(shop)
placed(shop)
shop.worker().run_round()
"""


def test_a_process_killed_between_sending_and_recording_costs_a_repeat_with_the_same_id(database_url: str) -> None:
    with opened() as office:
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, database_url, str(office.port), SENDER],
            env=os.environ | {"ORDERCORE_FAKE_PROVIDERS": "memory"},
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
        assert len(office.taken) == 1
        with a_shop(database_url, office, LaterClock(minutes=10)) as shop:
            bring(shop)
            bring(shop)
        first, second = mails_of(office)
        assert first["Message-ID"] == second["Message-ID"]
