"""The command line: `ordercore`. Nothing here imports more than Click; each command imports what it needs."""

from __future__ import annotations

import click

from ordercore.entrypoints.cli.exits import epilog
from ordercore.entrypoints.cli.lazy import LazyGroup

COMMANDS = {
    "demo": ("demo:demo", "Start a shop with sample products and orders."),
    "init": ("operate:init", "Make the database, or bring it to this release."),
    "serve": ("operate:serve", "Answer HTTP: the API, its documentation, and a worker beside it."),
    "worker": ("operate:worker", "Settle what was left open, again and again."),
    "doctor": ("operate:doctor", "Check every guarantee on the live database."),
    "version": ("operate:version", "Say which release this is."),
    "product": ("products:product", "Products: add, edit, archive, find, what is low."),
    "stock": ("products:stock", "Stock: receive, adjust, every movement."),
    "order": ("orders:order", "Orders: place, pay, ship, cancel, find."),
    "payment": ("payments:payment", "Payments: find, capture, refund, settle, decide by hand."),
    "shipment": ("shipments:shipment", "Shipments: find, print the label."),
    "customer": ("customers:customer", "Customers: register, edit, find."),
    "admin": ("access:admin", "Admin users: add, find, deactivate, give new passwords."),
    "token": ("access:token", "Bearer tokens: create, find, revoke."),
    "event": ("events:event", "Events: everything that happened, and who was not told."),
    "webhook": ("webhooks:webhook", "Webhooks and brokers: who hears of events."),
    "import": ("imports:import_", "Import products or orders from files."),
    "export": ("exports:export", "Export orders, products or customers to files."),
}


@click.group(
    cls=LazyGroup,
    commands_by_name=COMMANDS,
    epilog=epilog(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
def cli() -> None:
    """An order-management core: orders, stock, payments and shipments.

    The database is a SQLite file or a PostgreSQL URL, named by --database or ORDERCORE_DATABASE_URL. With
    ORDERCORE_TOKEN set, commands act as that token and within its permissions; else as the store's own admin user.
    """


def main() -> None:
    """The console script."""
    cli(prog_name="ordercore")
