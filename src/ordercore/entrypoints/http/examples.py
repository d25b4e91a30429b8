"""The only place for the bodies that /docs suggests, by operation: on the demo they work as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SKU = "1082185"
"""Bananas: what the sample has most of."""

_ADDRESS = {"line1": "1 Main Street", "city": "Springfield", "region": "IL", "postal_code": "62701", "country": "US"}
_CONTACT = {"name": "Ada Example", "email": "ada@example.com", "phone": "+12175550100"}
_ITEMS = [{"sku": _SKU, "quantity": 2}]
_ORDER = {
    "customer": _CONTACT,
    "ship_to": _ADDRESS,
    "items": _ITEMS,
    "payment": {"method": "card", "token": "tok_visa"},
}
_PRODUCT = {"name": "Mug", "price": {"amount": "12.50", "currency": "USD"}, "low_stock_threshold": 5}
_SOMETHING = "01890a5d-ac96-774b-bcce-b302099a8057"

EXAMPLES: Mapping[str, dict[str, Any]] = {
    "place_order": _ORDER,
    "place_orders": {"orders": [{"idempotency_key": "place_orders-1-1", **_ORDER}]},
    "quote": {"items": _ITEMS},
    "pay_order": {"token": "tok_visa"},
    "hand_over_order": {"manager_id": _SOMETHING},
    "correct_address": {"ship_to": _ADDRESS},
    "add_product": {"sku": "MUG", **_PRODUCT, "quantity_in_stock": 40},
    "edit_product": _PRODUCT,
    "receive_stock": {"quantity": 10, "reason": "delivery"},
    "adjust_stock": {"change": -1, "reason": "broken"},
    "register_customer": {"contact": _CONTACT, "address": _ADDRESS, "locale": "en-US"},
    "edit_customer": {"contact": _CONTACT, "address": _ADDRESS, "locale": "en-US"},
    "make_payment_token": {
        "card": {"number": "4242424242424242", "expiry_month": 12, "expiry_year": 2099, "cvc": "123"}
    },
    "resolve_payment": {"outcome": "declined", "reason": "the provider's dashboard says so"},
    "settle_work_item": {"reason": "seen to at the provider"},
    "add_admin": {"username": "ada", "password": "long enough to be one", "role": "manager"},
    "change_password": {"password": "long enough to be another"},
    "add_webhook": {"address": "https://example.com/hooks/orders", "types": ["order.*"]},
    "replay_events": {"after": 0},
    "give_up_event": {"stream": "order", "stream_id": _SOMETHING, "number": 1, "reason": "the receiver cannot read it"},
}
"""A body in which nothing is needed is suggested empty."""
