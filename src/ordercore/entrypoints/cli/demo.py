"""The command that opens a shop with something in it, and says what to try."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event
from uuid import UUID

import click

from ordercore import OrderCore, OrderFilter, OrderStatus, PageRequest, PaymentMode, bootstrap
from ordercore.application.shipping import MarkDelivered, ShipOrder
from ordercore.application.steering import CancelOrder
from ordercore.application.tokens import CreateToken
from ordercore.domain.actor import Actor, ActorKind, Permission
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.errors import OrderCoreError, Unauthenticated
from ordercore.entrypoints import sample
from ordercore.entrypoints.cli import lines
from ordercore.entrypoints.cli.exits import Exit, Refusal
from ordercore.entrypoints.cli.imports import order_importer, product_importer
from ordercore.entrypoints.cli.operate import address_of, log_to_stderr, refuse_taken, server_options
from ordercore.entrypoints.cli.options import say
from ordercore.entrypoints.cli.session import with_folder
from ordercore.entrypoints.cli.sources import Source
from ordercore.entrypoints.cli.tryout import something_to_try

DEFAULT_DATABASE = "sqlite:///ordercore-demo.db"
SHIPPED, DELIVERED, CANCELLED = 40, 20, 2
"""So many of the sample's first orders are shipped, so many of these delivered, so many of the next ones cancelled."""


@click.command(short_help="Start a shop with sample products and orders.")
@click.option("--database", default=DEFAULT_DATABASE, show_default=True, metavar="URL", help="One of its own.")
@server_options
def demo(database: str, host: str, port: int, workers: int) -> None:
    """Start a shop with sample products and orders, and print what to try. A second start keeps what the first made."""
    from ordercore.entrypoints.http import serving

    refuse_live_key()
    refuse_taken(host, port)
    mails = write_mails(database)
    say(f"Making the database {database} ...")
    say(bootstrap.migrate(with_folder(database)))
    secret_file = token_file(database)
    with bootstrap.open(database) as opened:
        shop = opened.acting_as(Actor(kind=ActorKind.ADMIN, id=STORE_ADMIN, origin="cli"))
        fill(shop)
        keep_token(shop, secret_file)
        text = something_to_try(shop, address_of(host, port), database, secret_file, mails)
    say("Starting the server, and the worker beside it ...")
    log_to_stderr()
    serving.serve(database, host=host, port=port, workers=workers, when_listening=lambda: click.echo(text))


def refuse_live_key() -> None:
    """Raises Refusal where the sample would be charged to real money."""
    if "_live_" in os.environ.get("ORDERCORE_STRIPE_KEY", ""):
        raise Refusal(
            "the demo charges its sample orders; give it a test key of Stripe's (sk_test_...)", Exit.MALFORMED
        )


def fill(shop: OrderCore) -> None:
    """The sample, a part of it shipped, delivered, cancelled; what is there already stays as it is.

    Raises:
        Refusal: there are orders, and none is the sample's: this is somebody's shop.
    """
    with Source(str(sample.ORDERS)) as source:
        keys = [order.key for _, order, _ in lines.orders(source) if not isinstance(order, OrderCoreError)]
    if shop.ordering.list(page=PageRequest(limit=1)).data and _sampled(shop, keys[0]) is None:
        raise Refusal(
            "this database has orders of its own; give the demo another: --database sqlite:///FILE", Exit.CONFLICT
        )
    say("Filling in sample products and orders ...")
    with Source(str(sample.PRODUCTS)) as source, product_importer(shop) as importer:
        products = importer.run(source, lines.products(source), _refuse, Event(), shown=False)
    with Source(str(sample.ORDERS)) as source:
        charging = order_importer(shop, payments=PaymentMode.CHARGE)
        orders = charging.run(source, lines.orders(source), _refuse, Event(), shown=False)
    say(f"{products.imported} products and {orders.imported} orders are new; {orders.declined} payments were declined.")
    for index, key in enumerate(keys[: SHIPPED + CANCELLED]):
        _move_on(shop, index, key)


def write_mails(database: str) -> Path | None:
    """Where this process and the server's write what customers are told, unless the environment says otherwise.

    None where it does, and where the packages that mails are made with are not installed.
    """
    if os.environ.keys() & {bootstrap.SMTP_VARIABLE, bootstrap.MAIL_FOLDER_VARIABLE} or not bootstrap.can_mail():
        return None
    folder = beside(database, "mails")
    os.environ[bootstrap.MAIL_FOLDER_VARIABLE] = str(folder)
    return folder


def keep_token(shop: OrderCore, file: Path) -> None:
    """A token in a file that only its owner reads, made once."""
    try:
        shop.actor_of_token(file.read_text().strip(), origin="cli")
    except (FileNotFoundError, Unauthenticated):
        command = CreateToken(name="demo", permissions=frozenset({Permission.ALL}))
        _, secret = shop.tokens.create(command)
        file.unlink(missing_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as opened:
            opened.write(f"{secret}\n")


def token_file(database: str) -> Path:
    """Where the demo's token is."""
    return beside(database, "token")


def beside(database: str, ending: str) -> Path:
    """Beside a SQLite file; for another database in the current folder."""
    path = database.removeprefix("sqlite:///").partition("?")[0] if database.startswith("sqlite:///") else ""
    return Path(f"{path or 'ordercore-demo'}.{ending}")


def _move_on(shop: OrderCore, index: int, key: str) -> None:
    """Take one of the sample's first orders as far as it is meant to go, if it has not moved yet."""
    id = _sampled(shop, key)
    if id is None or shop.ordering.get(id).status is not OrderStatus.CONFIRMED:
        return
    if index >= SHIPPED:
        shop.ordering.cancel(CancelOrder(order_id=id, reason="the customer changed their mind"))
        return
    shop.shipping.ship(ShipOrder(order_id=id))
    if index < DELIVERED:
        shop.shipping.deliver(MarkDelivered(order_id=id))


def _sampled(shop: OrderCore, key: str) -> UUID | None:
    found = shop.ordering.list(OrderFilter(external_reference=key)).data
    return found[0].id if found else None


def _refuse(line_number: int, refusal: OrderCoreError, content: object) -> None:  # noqa: ARG001 - see Importer
    say(f"line {line_number} of the sample is refused: {refusal}")
