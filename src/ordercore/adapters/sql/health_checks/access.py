"""The only place for the checks of secrets and of managers: guarantees 8 and 9."""

from __future__ import annotations

from ordercore.adapters.sql.health_checks.check import Check
from ordercore.ports.health import Verdict

SECRETS = (
    Check(
        8,
        "password_hashes",
        "every password is kept as an Argon2id hash",
        """SELECT username FROM admin_users
            WHERE password_hash IS NOT NULL AND SUBSTR(password_hash, 1, 10) <> '$argon2id$'""",
    ),
    Check(
        8,
        "token_hashes",
        "every token's secret is kept as a hash of 32 bytes",
        "SELECT name, id FROM api_tokens WHERE LENGTH(secret_hash) <> 32",
    ),
)

MANAGERS = (
    Check(
        9,
        "managers",
        "every order's manager exists",
        "SELECT o.number FROM orders o WHERE NOT EXISTS (SELECT 1 FROM admin_users m WHERE m.id = o.manager_id)",
    ),
    Check(
        9,
        "hand_overs",
        "no open order waits to be handed over by an inactive admin user",
        """SELECT o.number FROM admin_users m JOIN orders o ON o.manager_id = m.id
            WHERE NOT m.is_active AND o.status NOT IN ('delivered', 'cancelled')""",
        verdict=Verdict.NOTE,
    ),
)
