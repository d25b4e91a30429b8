"""The application for any other WSGI server, from the environment.

Such as `gunicorn --threads 32 "ordercore.entrypoints.http.wsgi:application()"`. ORDERCORE_DATABASE_URL names the
database. The worker runs beside it: `ordercore worker`.
"""

from __future__ import annotations

import os

from flask import Flask

from ordercore import bootstrap
from ordercore.domain.errors import InvalidRequest
from ordercore.entrypoints.http.app import create_app

DATABASE_VARIABLE = "ORDERCORE_DATABASE_URL"


def application() -> Flask:
    """The application on the database that the environment names; it stays open as long as the process lives.

    Raises:
        InvalidRequest: the environment names none.
    """
    url = os.environ.get(DATABASE_VARIABLE)
    if not url:
        raise InvalidRequest.of(f"/{DATABASE_VARIABLE}", "must name the database", "missing")
    return create_app(bootstrap.open(url))
