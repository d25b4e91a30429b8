"""The only place that reads what the environment says of Stripe. It needs no SDK, and shows no secret."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from ordercore.domain.errors import InvalidRequest


@frozen(kw_only=True)
class StripeAccess:
    """How Stripe is reached, and how it proves that a notification is its own.

    With `return_url` a customer who must prove who they are is sent to an address and comes back there; without one the
    next action is a client secret for Stripe's own script. `base` is another address than Stripe's.
    """

    key: str = field(repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    return_url: str | None = None
    base: str | None = None


def stripe_access(environment: Mapping[str, str]) -> StripeAccess | None:
    """What the environment says of Stripe; None without a key.

    ORDERCORE_STRIPE_KEY, and with it ORDERCORE_STRIPE_WEBHOOK_SECRET, ORDERCORE_STRIPE_RETURN_URL (where customers come
    back to) and ORDERCORE_STRIPE_BASE (for tests).

    Raises:
        InvalidRequest: one of them is not understood; it is named, never shown.
    """
    key = environment.get("ORDERCORE_STRIPE_KEY")
    if key is None:
        return None
    if not key.startswith(("sk_test_", "rk_test_", "sk_live_", "rk_live_")):
        detail = "must be a secret key of Stripe's: sk_test_..., sk_live_..., or a restricted rk_..."
        raise InvalidRequest.of("/ORDERCORE_STRIPE_KEY", detail, "bad_setting")
    base = environment.get("ORDERCORE_STRIPE_BASE")
    if base is not None and "_live_" in key[:8]:  # such a key is told to nobody but Stripe
        raise InvalidRequest.of("/ORDERCORE_STRIPE_BASE", "goes with a test key only", "bad_setting")
    return StripeAccess(
        key=key,
        webhook_secret=environment.get("ORDERCORE_STRIPE_WEBHOOK_SECRET"),
        return_url=environment.get("ORDERCORE_STRIPE_RETURN_URL"),
        base=base,
    )
