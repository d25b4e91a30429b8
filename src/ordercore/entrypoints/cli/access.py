"""The commands for admin users and tokens."""

from __future__ import annotations

import sys

import click

from ordercore import OrderCore
from ordercore.application.admins import AddAdmin, ChangePassword, DeactivateAdmin
from ordercore.application.tokens import CreateToken, RevokeToken
from ordercore.domain.actor import Permission
from ordercore.domain.admin import AdminRole
from ordercore.entrypoints.cli import records
from ordercore.entrypoints.cli.options import (
    asked,
    change_options,
    confirm,
    key_option,
    page,
    page_options,
    say,
    version_option,
    yes_option,
)
from ordercore.entrypoints.cli.output import detail_format_option, format_option, print_one, print_page
from ordercore.entrypoints.cli.session import admin_id, id_of, with_new_shop, with_shop
from ordercore.entrypoints.http import rendering

LONGEST_PASSWORD_LINE = 4096

stdin_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking."
)


@click.group(short_help="Admin users: add, find, deactivate, give new passwords.")
def admin() -> None:
    """Admin users: add, find, deactivate, give new passwords. An admin user is named by username or id."""


@admin.command()
@click.argument("username")
@click.option(
    "--role",
    type=click.Choice([each.value for each in AdminRole]),
    default=AdminRole.MANAGER.value,
    show_default=True,
)
@stdin_option
@key_option
@detail_format_option
@with_new_shop
def add(shop: OrderCore, username: str, role: str, password_stdin: bool, key: str | None, format_: str | None) -> None:
    """Add an admin user, who takes part in the assignment of orders at once."""
    command = AddAdmin(username=username, password=_password(from_stdin=password_stdin), role=AdminRole(role))
    print_one(rendering.admin(shop.admins.add(command, idempotency_key=key)), format_)


@admin.command("list")
@page_options
@format_option
@with_shop
def list_admins(shop: OrderCore, limit: int, after: str | None, format_: str | None) -> None:
    """List admin users."""
    found = shop.admins.list(page(limit, after))
    print_page([rendering.admin(each) for each in found.data], found.next, format_, records.ADMIN_COLUMNS)


@admin.command()
@click.argument("admin_", metavar="ADMIN")
@change_options
@yes_option
@detail_format_option
@with_shop
def deactivate(
    shop: OrderCore,
    admin_: str,
    reason: str | None,
    expected_version: int | None,
    key: str | None,
    yes: bool,
    format_: str | None,
) -> None:
    """Take an admin user out of the assignment; the worker hands the open orders over."""
    command = DeactivateAdmin(admin_id=admin_id(shop, admin_), reason=reason, expected_version=expected_version)
    confirm(f"Deactivate {admin_}?", yes=yes)
    print_one(rendering.admin(shop.admins.deactivate(command, idempotency_key=key)), format_)


@admin.command()
@click.argument("admin_", metavar="ADMIN")
@stdin_option
@version_option
@key_option
@detail_format_option
@with_shop
def password(
    shop: OrderCore,
    admin_: str,
    password_stdin: bool,
    expected_version: int | None,
    key: str | None,
    format_: str | None,
) -> None:
    """Give an admin user a new password."""
    id = admin_id(shop, admin_)
    command = ChangePassword(
        admin_id=id, password=_password(from_stdin=password_stdin), expected_version=expected_version
    )
    print_one(rendering.admin(shop.admins.change_password(command, idempotency_key=key)), format_)


@click.group(short_help="Bearer tokens: create, find, revoke.")
def token() -> None:
    """Bearer tokens: create, find, revoke. A token is named by its id."""


@token.command()
@click.option("--name", required=True, metavar="TEXT", help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([each.value for each in Permission]),
    help="What it may do; may be given several times; all for everything.",
)
@with_new_shop
def create(shop: OrderCore, name: str, scopes: tuple[str, ...]) -> None:
    """Make a token and print it, alone; it is shown this once."""
    _, secret = shop.tokens.create(CreateToken(name=name, permissions=frozenset(map(Permission, scopes))))
    click.echo(secret)


@token.command("list")
@page_options
@format_option
@with_shop
def list_tokens(shop: OrderCore, limit: int, after: str | None, format_: str | None) -> None:
    """List tokens, without their secrets."""
    found = shop.tokens.list(page(limit, after))
    print_page([records.token(each) for each in found.data], found.next, format_, records.TOKEN_COLUMNS)


@token.command()
@click.argument("token_", metavar="TOKEN")
@yes_option
@detail_format_option
@with_shop
def revoke(shop: OrderCore, token_: str, yes: bool, format_: str | None) -> None:
    """Revoke a token: it opens nothing any more, in a running server within a second."""
    id = id_of("token", token_)
    confirm(f"Revoke the token {token_}?", yes=yes)
    print_one(records.token(shop.tokens.revoke(RevokeToken(token_id=id))), format_)


def _password(*, from_stdin: bool) -> str:
    """Never from the command line: every user of the machine can read that."""
    if from_stdin:
        return sys.stdin.readline(LONGEST_PASSWORD_LINE).rstrip("\r\n")
    say("At least 12 characters.")
    return asked(
        lambda: str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)),
        otherwise="give --password-stdin to read the password from a pipe",
    )
