"""Handlers: functions of the embedding program that hear of events, at least once and in the order of each stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from attrs import field, frozen

from ordercore.domain.errors import NotificationFailed
from ordercore.domain.subscription import EVERYTHING, refuse_bad_types
from ordercore.ports.publisher import DeliveryAnswer, DeliveryKind, Envelope, Target

DEADLINE = timedelta(seconds=30)
"""A handler that takes longer may be called for the same event by another process meanwhile."""


def _types(_: object, __: object, types: tuple[str, ...]) -> None:
    refuse_bad_types(types)


@frozen(kw_only=True)
class Handler:
    """A function for events of these types. It hears of those after that position; None means from its first day on.

    It takes the event and returns when it has done what it does; raising asks for another try, later, unless it is a
    `NotificationFailed` that says that no try will help: then the event is given up at once. The name under
    which it is given to `open` is its cursor's: another program with that name goes on where this one stopped.
    """

    call: Callable[[Envelope], object]
    types: tuple[str, ...] = field(default=(EVERYTHING,), validator=_types)
    after: int | None = None


class HandlerPublisher:
    """Calls the handlers of this process."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        self.deadline = DEADLINE

    def publish(self, target: Target, envelope: Envelope) -> DeliveryAnswer:
        """Call it. What it raised is told by its class alone: its words may be personal."""
        try:
            self._handlers[target.address].call(envelope)
        except NotificationFailed as failure:  # its reason was made to be logged
            kind = DeliveryKind.RETRY if failure.is_retryable else DeliveryKind.REFUSED
            return DeliveryAnswer(kind=kind, detail=failure.reason)
        except Exception as failure:
            return DeliveryAnswer(kind=DeliveryKind.RETRY, detail=f"the handler raised {type(failure).__name__}")
        return DeliveryAnswer(kind=DeliveryKind.DELIVERED)
