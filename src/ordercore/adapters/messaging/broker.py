"""The only place that carries events to brokers: RabbitMQ, Redis and its kin, SQS, through kombu."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote

from ordercore.adapters.messaging import cloudevents
from ordercore.adapters.messaging.addresses import PRIVATE, Lookup, are_public, resolved, system_lookup
from ordercore.adapters.messaging.broker_addresses import BrokerAddress, broker_address_of
from ordercore.adapters.messaging.broker_lines import Line, Lines
from ordercore.adapters.messaging.deadlines import Deadline
from ordercore.ports.publisher import DeliveryAnswer, DeliveryKind, Envelope, Target

_MOST_STEPS = 12
"""Lookup, connection, handshake, channel, message, confirmation: no transport waits for more answers than that."""
_MOST_DETAIL = 200
_DELIVERED = DeliveryAnswer(kind=DeliveryKind.DELIVERED, detail="taken by the broker")
_log = logging.getLogger("ordercore.messaging")


class BrokerPublisher:
    """Sends a CloudEvents document; its stream, number, position and type are also in the message's headers.

    An idle connection may have died unnoticed, so what fails on one is sent again on a fresh one. `close` ends what is
    idle.
    """

    def __init__(
        self,
        *,
        source: str = cloudevents.DEFAULT_SOURCE,
        deadline: timedelta = timedelta(seconds=36),
        lookup: Lookup = system_lookup,
    ) -> None:
        self._source = source
        self._deadline = deadline
        self._lookup = lookup
        self._lines = Lines()

    @property
    def deadline(self) -> timedelta:
        """The bound of one delivery; each of its steps has its share."""
        return self._deadline

    def publish(self, target: Target, envelope: Envelope) -> DeliveryAnswer:
        """Hand the event to the broker, once."""
        address = broker_address_of(target.address)
        if isinstance(address, str):
            return DeliveryAnswer(kind=DeliveryKind.REFUSED, detail=address)
        try:
            return self._published(target, address, envelope)
        except Exception as failure:
            # The transports have no common tree of errors, and the port promises an answer.
            detail = _words_of(failure, address)
            _log.warning("broker delivery failed: %s", detail)
            return DeliveryAnswer(kind=DeliveryKind.RETRY, detail=detail)

    def close(self) -> None:
        """End the connections that nobody uses just now."""
        self._lines.close()

    def _published(self, target: Target, address: BrokerAddress, envelope: Envelope) -> DeliveryAnswer:
        idle = self._lines.take(target.address)
        if idle is not None:
            with suppress(Exception):
                self._send(idle, target, envelope)
                return _DELIVERED
            self._lines.drop(target.address)
        hosts = self._hosts_of(address)
        if address.host and not target.allows_private and not are_public(hosts):
            return DeliveryAnswer(kind=DeliveryKind.REFUSED, detail=PRIVATE)
        self._send(self._connected(address, hosts), target, envelope)
        return _DELIVERED

    def _hosts_of(self, address: BrokerAddress) -> list[str]:
        """What to connect to. Over TLS the name is judged too, but stays: its certificate is what cannot be forged."""
        if not address.host:
            return [""]
        return list(resolved(address.host, self._lookup, Deadline(self._step)))

    def _connected(self, address: BrokerAddress, hosts: list[str]) -> Line:
        """To the first host that answers."""
        for host in hosts[:-1]:
            with suppress(Exception):
                return Line(address, host, step_seconds=self._step.total_seconds())
        return Line(address, hosts[-1], step_seconds=self._step.total_seconds())

    @property
    def _step(self) -> timedelta:
        return self._deadline / _MOST_STEPS

    def _send(self, line: Line, target: Target, envelope: Envelope) -> None:
        known = cloudevents.attributes(envelope, self._source)
        try:
            line.send(
                cloudevents.document(envelope, self._source),
                message_id=envelope.id,
                topic=envelope.type,
                content_type=cloudevents.CONTENT_TYPE,
                headers={name: known[name] for name in ("id", "type", "subject", "streamnumber", "position")},
            )
        except BaseException:
            line.break_off()
            raise
        self._lines.give_back(target.address, line)


def _words_of(failure: Exception, address: BrokerAddress) -> str:
    """The transport's own words, unless they quote the password."""
    words = f"{type(failure).__name__}: {failure}"
    password = address.password
    if password and (password in words or quote(password, safe="") in words):
        return type(failure).__name__
    return words[:_MOST_DETAIL]
