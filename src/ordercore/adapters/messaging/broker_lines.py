"""The only place that opens connections to brokers, through kombu, and keeps them for the next event."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from threading import Lock
from typing import Any

import kombu

from ordercore.adapters.messaging.broker_addresses import BrokerAddress

MOST_IDLE = 8
"""Kept open a broker; more are closed after their message."""


class Line:
    """One connection with its channel; used by one thread at a time, and by none again after a failure."""

    def __init__(self, address: BrokerAddress, host: str, *, step_seconds: float) -> None:
        self._address = address
        self._step_seconds = step_seconds
        self._connection = kombu.Connection(
            hostname=(address.host if address.is_secure else host) or None,
            port=address.port,
            userid=address.user,
            password=address.password,
            virtual_host=address.virtual_host or None,
            transport=_TRANSPORTS.get(address.scheme, address.scheme),
            ssl=_tls_of(address),
            connect_timeout=step_seconds,
            transport_options=_options_of(address, step_seconds),
        )
        try:
            # not `connect`: it tries again after two seconds
            self._connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
            self._producer = kombu.Producer(self._connection.channel())
        except BaseException:
            self.break_off()
            raise

    def send(self, body: bytes, *, topic: str, message_id: str, content_type: str, headers: Mapping[str, Any]) -> None:
        """Hand the message over, and wait for the broker's confirmation where it gives one.

        The topic is the routing key where the address has none. Nothing is declared: a queue or exchange is its
        owner's, with the owner's settings. What RabbitMQ cannot route comes back as an error (`mandatory`); without
        that it would be confirmed and dropped.
        """
        self._producer.publish(
            body,
            exchange=self._address.exchange or "",
            routing_key=self._address.queue or self._address.routing_key or topic,
            content_type=content_type,
            content_encoding="utf-8",
            headers=dict(headers),
            message_id=message_id,
            mandatory=True,
            timeout=self._step_seconds,
            confirm_timeout=self._step_seconds,
        )

    def close(self) -> None:
        """With a farewell."""
        self._connection.release()

    def break_off(self) -> None:
        """Without AMQP's farewell, which would wait for a broker that may be gone; the others have none."""
        if self._address.scheme.startswith("amqp"):
            self._connection.collect()
        else:
            self._connection.release()


_TRANSPORTS = {"amqp": "pyamqp", "amqps": "pyamqp", "rediss": "redis"}


def _tls_of(address: BrokerAddress) -> Any:
    """Kombu's own defaults trust anybody who answers; here the certificate must be good, and for that host."""
    if address.scheme == "amqps":
        return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": address.host}
    if address.scheme == "rediss":
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    return False


def _options_of(address: BrokerAddress, step_seconds: float) -> Mapping[str, Any]:
    """Every step bounded, nothing tried twice behind our back: repeats are the relay's, with its pauses."""
    if address.scheme.startswith("amqp"):
        return {"confirm_publish": True, "read_timeout": step_seconds, "write_timeout": step_seconds}
    if address.scheme.startswith("redis"):
        return {"socket_timeout": step_seconds, "socket_connect_timeout": step_seconds, "retry_on_timeout": False}
    return {"region": address.region} if address.scheme == "sqs" else {}


class Lines:
    """Idle lines by the text of their address. A line is in here or in somebody's hands, never both."""

    def __init__(self) -> None:
        self._idle: dict[str, list[Line]] = {}
        self._lock = Lock()

    def take(self, url: str) -> Line | None:
        """An idle line, the one used last."""
        with self._lock:
            idle = self._idle.get(url)
            return idle.pop() if idle else None

    def give_back(self, url: str, line: Line) -> None:
        """For the next event, or closed where there are enough."""
        with self._lock:
            idle = self._idle.setdefault(url, [])
            if len(idle) < MOST_IDLE:
                idle.append(line)
                return
        line.close()

    def drop(self, url: str) -> None:
        """Close what is idle there: where one is broken the others are too."""
        with self._lock:
            idle = self._idle.pop(url, [])
        for line in idle:
            line.close()

    def close(self) -> None:
        """Close everything that is idle."""
        with self._lock:
            urls = list(self._idle)
        for url in urls:
            self.drop(url)
