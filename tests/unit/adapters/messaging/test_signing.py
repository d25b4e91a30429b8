from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from ordercore.adapters.messaging.signing import can_sign, signed_headers
from tests.support.envelopes import OLDER_SECRET, SECRET

BODY = '{"note": "für Anna"}'.encode()


def headers_of(*secrets: str, at: datetime | None = None) -> dict[str, str]:
    return dict(signed_headers(secrets, "order/7/2", at or datetime.now(UTC), BODY))


def test_what_we_sign_is_verified_by_the_reference_library() -> None:
    assert Webhook(SECRET).verify(BODY, headers_of(SECRET)) == {"note": "für Anna"}


@pytest.mark.parametrize("known", [SECRET, OLDER_SECRET])
def test_while_a_secret_is_rotated_either_verifies(known: str) -> None:
    Webhook(known).verify(BODY, headers_of(SECRET, OLDER_SECRET))


def test_a_secret_that_lives_no_more_verifies_nothing() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(OLDER_SECRET).verify(BODY, headers_of(SECRET))


def test_a_changed_body_is_seen() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers_of(SECRET))


def test_an_old_message_is_refused_by_its_timestamp() -> None:
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(BODY, headers_of(SECRET, at=datetime.now(UTC) - timedelta(hours=1)))


def test_the_signature_is_what_the_specification_gives_as_its_example() -> None:
    headers = signed_headers(
        [SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), b'{"test": 2432232314}'
    )
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("secrets", "can"),
    [
        ((SECRET,), True),
        ((SECRET, OLDER_SECRET), True),
        ((SECRET.removeprefix("whsec_"),), True),
        ((), False),
        (("",), False),
        (("whsec_",), False),
        (("whsec_not base64!",), False),
        (("whsec_ümlaut",), False),
        ((SECRET, "whsec_x"), False),
    ],
)
def test_only_whole_secrets_can_sign(secrets: tuple[str, ...], can: bool) -> None:
    assert can_sign(secrets) is can
