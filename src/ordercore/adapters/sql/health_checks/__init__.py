"""The only place for what each guarantee means in rows: one statement a check, on SQLite and PostgreSQL alike.

A statement selects offenders, one row each, named by its first column that is not null. It finds none where the
guarantee holds.
"""

from ordercore.adapters.sql.health_checks.access import MANAGERS, SECRETS
from ordercore.adapters.sql.health_checks.check import Check
from ordercore.adapters.sql.health_checks.events import EVENTS
from ordercore.adapters.sql.health_checks.guards import GUARDS
from ordercore.adapters.sql.health_checks.orders import ORDERS
from ordercore.adapters.sql.health_checks.payments import PAYMENTS
from ordercore.adapters.sql.health_checks.requests import REQUESTS
from ordercore.adapters.sql.health_checks.stock import STOCK

CHECKS = (*STOCK, *ORDERS, *PAYMENTS, *REQUESTS, *EVENTS, *SECRETS, *MANAGERS)

__all__ = ["CHECKS", "GUARDS", "Check"]
