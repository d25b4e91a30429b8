"""The only place where a provider is heard after somebody has decided otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordercore.adapters.payments.fake import FakeGateway
from ordercore.application.payments import ResolveAttempt
from ordercore.application.settling import provider_call, record
from ordercore.application.shop import OrderCore
from ordercore.domain.actor import SYSTEM
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind, ProviderAnswer
from ordercore.ports.gateway import ProviderCall
from tests.support.cores import TIMEOUT, placed


class Dawdling(FakeGateway):
    """While its answer to one call travels, something else happens."""

    meanwhile: Callable[[], object] | None = None

    def call(self, request: ProviderCall) -> ProviderAnswer:
        answer = super().call(request)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return answer


def contradicted(shop: OrderCore, **details: Any) -> Order:
    """A cancelled order whose money was given up by hand, and taken as the provider says afterwards."""
    order = placed(shop, token=TIMEOUT, **details)
    shop.payments.resolve(
        ResolveAttempt(order_id=order.id, outcome=AnswerKind.DECLINED, reason="their support knows nothing of it")
    )
    return heard(shop, order)


def heard(shop: OrderCore, order: Order) -> Order:
    """The order after what the provider has to say about its latest attempt; the asker read it a while ago."""
    core = shop._core
    answer = core.gateway.find(provider_call(order, order.payment.attempts[-1]))
    assert answer is not None
    (after,) = record(core, [(order, answer)], SYSTEM.id)
    return after
