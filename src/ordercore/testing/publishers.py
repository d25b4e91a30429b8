"""A publisher for tests: it remembers what it carried, and answers what it is told to answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Lock

from ordercore.ports.publisher import DeliveryAnswer, DeliveryKind, Envelope, Target

DELIVERED = DeliveryAnswer(kind=DeliveryKind.DELIVERED, status=204)
RETRY = DeliveryAnswer(kind=DeliveryKind.RETRY, detail="busy", status=503)
REFUSED = DeliveryAnswer(kind=DeliveryKind.REFUSED, detail="gone", status=410)

Answering = Callable[[Target, Envelope], DeliveryAnswer]


def taken(_: Target, __: Envelope) -> DeliveryAnswer:
    """Every subscriber takes everything."""
    return DELIVERED


class RememberingPublisher:
    """Carries nothing anywhere. `answering` decides what a subscriber says; what it raises is raised."""

    def __init__(self, answering: Answering = taken, *, deadline: timedelta = timedelta(seconds=10)) -> None:
        self.answering = answering
        self.deadline = deadline
        self.carried: list[tuple[Target, Envelope]] = []
        self._lock = Lock()

    def publish(self, target: Target, envelope: Envelope) -> DeliveryAnswer:
        """Remember, then answer."""
        with self._lock:
            self.carried.append((target, envelope))
        return self.answering(target, envelope)

    @property
    def numbers(self) -> list[tuple[str, int]]:
        """Type and number of everything carried, in its order."""
        return [(envelope.type, envelope.number) for _, envelope in self.carried]
