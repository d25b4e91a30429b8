"""The only place for the page that `ordercore demo` prints: lines to copy that work as they stand."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path

from ordercore import OrderCore, ProductFilter

ENOUGH = 10
"""Pieces that a product must have to be worth suggesting."""

PAGE = """
The shop is open at {address}. Ctrl-C closes it; another `ordercore demo` goes on where it ended.

Place an order, and look at it:

  curl -s {address}/v1/orders -H "Authorization: Bearer $(cat {token})" \\
    -H "Idempotency-Key: try-$(date +%s)" -H 'Content-Type: application/json' \\
    -d '{order}'

  curl -s '{address}/v1/orders?limit=1' -H "Authorization: Bearer $(cat {token})"

Ship it, and list what is low:

  {ordercore} order ship latest --database {database}

  {ordercore} product low --format table --database {database}

{mails}How to use the API, and try it in the browser: {address}/docs
"""


MAILS = """What its customers are told is written into a folder, where a mail program can open it:
{folder}

"""


def something_to_try(shop: OrderCore, address: str, database: str, token: Path, mails: Path | None) -> str:
    """The page, for a server at that address; `mails` is the folder of what customers are told, where there is one."""
    order = {
        "customer": {"name": "Ada Example", "email": "ada@example.com"},
        "ship_to": {"line1": "1 Main Street", "city": "Springfield", "region": "IL", "country": "US"},
        "items": [{"sku": _plentiful_sku(shop), "quantity": 2}],
        "payment": {"method": "card", "token": "tok_visa"},
    }
    return PAGE.format(
        address=address,
        token=shlex.quote(str(token.absolute())),
        order=json.dumps(order),
        ordercore=_this_program(),
        database=shlex.quote(_from_anywhere(database)),
        mails="" if mails is None else MAILS.format(folder=mails.absolute()),
    )


def _plentiful_sku(shop: OrderCore) -> str:
    products = shop.catalogue.list(ProductFilter()).data
    return next((each.sku for each in products if each.available >= ENOUGH and not each.is_low), products[0].sku)


def _this_program() -> str:
    """How this program is called again, from any folder."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m ordercore"
    found = shutil.which(program.name)
    return program.name if found == str(program) else shlex.quote(str(program.absolute()))


def _from_anywhere(database: str) -> str:
    """The database's URL with its file as an absolute path."""
    if not database.startswith("sqlite:///"):
        return database
    return f"sqlite:///{Path(database.removeprefix('sqlite:///')).absolute()}"
