"""The commands that run the shop: init, serve, worker, doctor, version."""

from __future__ import annotations

import logging
import socket

import click

from ordercore import OrderCore, Verdict, __version__, bootstrap
from ordercore.entrypoints.cli import records
from ordercore.entrypoints.cli.exits import Exit, Refusal
from ordercore.entrypoints.cli.options import say, several
from ordercore.entrypoints.cli.output import format_option, print_page
from ordercore.entrypoints.cli.session import database_option, with_folder, with_shop
from ordercore.entrypoints.cli.signals import until_told_to_stop
from ordercore.entrypoints.worker import INTERVAL_SECONDS, run_worker

server_options = several(
    click.option("--host", default="127.0.0.1", show_default=True),
    click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True),
    click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes; PostgreSQL only."),
)


@click.command(short_help="Make the database, or bring it to this release.")
@database_option
def init(database: str) -> None:
    """Make the database, or bring it to this release's schema. Safe to run again, and from several machines at once."""
    click.echo(bootstrap.migrate(with_folder(database)))


@click.command(short_help="Answer HTTP: the API, its documentation, and a worker beside it.")
@database_option
@server_options
def serve(database: str, host: str, port: int, workers: int) -> None:
    """Answer HTTP until ctrl-C or SIGTERM, which finish what was accepted."""
    from ordercore.entrypoints.http import serving

    refuse_taken(host, port)
    with_folder(database)
    log_to_stderr()
    address = address_of(host, port)
    serving.serve(
        database, host=host, port=port, workers=workers, when_listening=lambda: say(f"Listening at {address}")
    )


@click.group(short_help="Settle what was left open, again and again.", invoke_without_command=True)
@database_option
@click.option(
    "--interval",
    type=click.FloatRange(0.1),
    default=INTERVAL_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Between rounds.",
)
@click.pass_context
def worker(context: click.Context, database: str, interval: float) -> None:
    """Settle what was left open, expire and hand over orders, deliver events, until ctrl-C or SIGTERM."""
    if context.invoked_subcommand is not None:
        return
    log_to_stderr()
    with bootstrap.open(with_folder(database)) as shop, until_told_to_stop() as stop:
        say("The worker is running; ctrl-C stops it.")
        run_worker(shop, stop, interval)
    say("The worker has stopped.")


@worker.command()
@format_option
@with_shop
def status(shop: OrderCore, format_: str | None) -> None:
    """Say who does which task of the worker, when it was done last, and what waits."""
    print_page(records.tasks(shop.worker_status()), None, format_, records.TASK_COLUMNS)


@click.command(short_help="Check every guarantee on the live database.")
@format_option
@with_shop
def doctor(shop: OrderCore, format_: str | None) -> None:
    """Check every guarantee on the live database, reading only; exit with 1 where one is broken."""
    findings = shop.examine()
    print_page([records.finding(each) for each in findings], None, format_, records.FINDING_COLUMNS)
    broken = sum(each.verdict is Verdict.BROKEN for each in findings)
    if broken:
        say(f"{broken} of {len(findings)} checks failed.")
        raise click.exceptions.Exit(Exit.CHECK_FAILED)


@click.command(short_help="Say which release this is.")
def version() -> None:
    """Say which release this is."""
    click.echo(f"ordercore {__version__}")


def address_of(host: str, port: int) -> str:
    """Where a browser on this machine finds a server that listens there."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{reachable}:{port}"


def refuse_taken(host: str, port: int) -> None:
    """Raises Refusal where somebody listens there already: Granian would share the port and take half the requests."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as failure:
        raise Refusal(
            f"cannot listen at {host}:{port} ({failure.strerror or failure}); choose another --port", Exit.MALFORMED
        ) from failure


def log_to_stderr() -> None:
    """What the server and the worker tell, a line each."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
