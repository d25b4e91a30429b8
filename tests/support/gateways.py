"""The only place that gives the gateway's contract suite what only the fake provider can do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from ordercore.adapters.payments.fake import FakeGateway
from ordercore.ports.gateway import PaymentGateway, ProviderCall
from ordercore.testing.gateway_suite import PaymentGatewaySuite


class FakeGatewaySuite(PaymentGatewaySuite):
    """The contract suite for the fake, or for what stands before it."""

    action_token: ClassVar[str | None] = "tok_threeDSecure"

    def act(self, gateway: PaymentGateway, reference: str, *, confirms: bool) -> None:
        self.provider(gateway).act(reference, confirms=confirms)

    def notification(
        self, gateway: PaymentGateway, request: ProviderCall, *, age: timedelta = timedelta(0)
    ) -> tuple[bytes, Mapping[str, str]]:
        return self.provider(gateway).notification(request.key, sent_at=datetime.now(UTC) - age)

    def provider(self, gateway: PaymentGateway) -> FakeGateway:
        """The fake itself."""
        assert isinstance(gateway, FakeGateway)
        return gateway
