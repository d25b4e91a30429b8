"""The only place where a command opens the shop, says for whom, and finds what a user names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

import click

from ordercore import OrderCore, bootstrap
from ordercore.domain.actor import Actor, ActorKind
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.errors import UnknownResource
from ordercore.entrypoints.cli.exits import Exit, Refusal

P = ParamSpec("P")
R = TypeVar("R")

TOKEN_VARIABLE = "ORDERCORE_TOKEN"
LATEST = "latest"
LONGEST_NUMBER = 18

database_option = click.option(
    "--database",
    envvar="ORDERCORE_DATABASE_URL",
    default="sqlite:///ordercore.db",
    show_default=True,
    metavar="URL",
    help="sqlite:///FILE or postgresql://...; also from ORDERCORE_DATABASE_URL.",
)


def with_shop(command: Callable[Concatenate[OrderCore, P], R]) -> Callable[P, R]:
    """Give a command `--database`, and the open shop as its first argument. There has to be one: it makes none."""
    return _with_shop(command, with_file)


def with_new_shop(command: Callable[Concatenate[OrderCore, P], R]) -> Callable[P, R]:
    """The same for a command that may be a shop's first: where there is no SQLite file it is made."""
    return _with_shop(command, with_folder)


def with_file(database: str) -> str:
    """The same URL.

    Raises:
        Refusal: its SQLite file, or the folder of it, does not exist.
    """
    path = _sqlite_path(with_folder(database))
    if path is not None and not path.exists():
        raise Refusal(f"there is no database {path}; `ordercore init` makes one", Exit.UNAVAILABLE)
    return database


def with_folder(database: str) -> str:
    """The same URL.

    Raises:
        Refusal: the folder of its SQLite file does not exist.
    """
    path = _sqlite_path(database)
    if path is not None and not path.parent.is_dir():
        raise Refusal(f"there is no folder {path.parent}; make it, or name another file", Exit.UNAVAILABLE)
    return database


def actor_for(shop: OrderCore) -> Actor:
    """The token's actor where ORDERCORE_TOKEN is set (the same as over HTTP), else the store's own admin user."""
    secret = os.environ.get(TOKEN_VARIABLE)
    if secret is None:
        return Actor(kind=ActorKind.ADMIN, id=STORE_ADMIN, origin="cli")
    return shop.actor_of_token(secret, origin="cli")


def order_id(shop: OrderCore, name: str) -> UUID:
    """The order that is named by number, id, or as `latest`.

    Raises:
        UnknownResource: there is none.
    """
    if name == LATEST:
        newest = shop.ordering.list().data
        if not newest:
            raise UnknownResource(kind="order", name=LATEST)
        return newest[0].id
    if name.isascii() and name.isdigit() and len(name) <= LONGEST_NUMBER:
        return shop.ordering.by_number(int(name)).id
    return id_of("order", name)


def product_id(shop: OrderCore, name: str) -> UUID:
    """The product that is named by sku or id.

    Raises:
        UnknownResource: there is none.
    """
    return as_uuid(name) or shop.catalogue.by_sku(name).id


def admin_id(shop: OrderCore, name: str) -> UUID:
    """The admin user that is named by username or id.

    Raises:
        UnknownResource: there is none.
    """
    return as_uuid(name) or shop.admins.by_username(name).id


def subscription_id(shop: OrderCore, name: str) -> UUID:
    """The subscription that is named by name or id.

    Raises:
        UnknownResource: there is none.
    """
    return as_uuid(name) or shop.subscriptions.by_name(name).id


def id_of(kind: str, name: str) -> UUID:
    """The id that was written.

    Raises:
        UnknownResource: it is no id, so nothing has it.
    """
    id = as_uuid(name)
    if id is None:
        raise UnknownResource(kind=kind, name=name)
    return id


def as_uuid(name: str) -> UUID | None:
    """The id in its usual form of 36 characters; None where it is something else."""
    try:
        return UUID(name) if len(name) == 36 else None
    except ValueError:
        return None


def _with_shop(command: Callable[Concatenate[OrderCore, P], R], checked: Callable[[str], str]) -> Callable[P, R]:
    @database_option
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with _opened(checked(str(kwargs.pop("database")))) as shop:
            return command(shop, *args, **kwargs)

    return run


@contextmanager
def _opened(database: str) -> Iterator[OrderCore]:
    """The shop, open and bound to whoever runs the command.

    Raises:
        Unauthenticated: ORDERCORE_TOKEN is set and is no valid token.
    """
    with bootstrap.open(database) as shop:
        yield shop.acting_as(actor_for(shop))


def _sqlite_path(database: str) -> Path | None:
    """The file of a SQLite database; None where there is none to look for."""
    path = database.removeprefix("sqlite:///").partition("?")[0]
    return Path(path) if database.startswith("sqlite:///") and path not in ("", ":memory:") else None
