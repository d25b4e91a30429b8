import pytest

from ordercore.adapters.payments.stripe_access import StripeAccess, stripe_access
from ordercore.domain.errors import InvalidRequest


def test_without_a_key_stripe_is_not_asked() -> None:
    assert stripe_access({"ORDERCORE_STRIPE_WEBHOOK_SECRET": "whsec_1"}) is None


def test_the_environment_names_how_stripe_is_reached_and_shows_no_secret() -> None:
    access = stripe_access(
        {
            "ORDERCORE_STRIPE_KEY": "sk_test_1",
            "ORDERCORE_STRIPE_WEBHOOK_SECRET": "whsec_1",
            "ORDERCORE_STRIPE_RETURN_URL": "https://shop.example/thanks",
            "ORDERCORE_STRIPE_BASE": "http://127.0.0.1:1",
        }
    )
    assert access == StripeAccess(
        key="sk_test_1",
        webhook_secret="whsec_1",
        return_url="https://shop.example/thanks",
        base="http://127.0.0.1:1",
    )
    assert "sk_test_1" not in repr(access)
    assert "whsec_1" not in repr(access)


@pytest.mark.parametrize("key", ["", "pk_test_1", "whsec_1", " sk_test_1", "SK_LIVE_1"])
def test_a_key_that_is_no_secret_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(InvalidRequest, match="ORDERCORE_STRIPE_KEY") as refusal:
        stripe_access({"ORDERCORE_STRIPE_KEY": key})
    assert not key or key not in str(refusal.value)


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1"])
def test_a_live_key_is_told_to_nobody_but_stripe(key: str) -> None:
    assert stripe_access({"ORDERCORE_STRIPE_KEY": key}) is not None
    with pytest.raises(InvalidRequest, match="ORDERCORE_STRIPE_BASE"):
        stripe_access({"ORDERCORE_STRIPE_KEY": key, "ORDERCORE_STRIPE_BASE": "https://elsewhere.example"})
