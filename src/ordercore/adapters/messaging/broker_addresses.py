"""The only place that reads a broker's address.

redis://[user:password@]host[:port]/[database]?queue=NAME                    rediss:// over TLS
amqp://[user:password@]host[:port]/[virtual host]?queue=NAME                 amqps:// over TLS
amqp://[user:password@]host[:port]/[virtual host]?exchange=NAME[&routing_key=KEY]
sqs://?queue=NAME&region=REGION                                              credentials from the environment
memory://?queue=NAME                                                         inside this process
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import field, frozen

from ordercore.adapters.messaging.destinations import is_host

REMOTE = ("amqp", "amqps", "redis", "rediss")
LOCAL = ("memory", "sqs")
"""Without a host of their own."""

_SECURE = ("amqps", "rediss")
_PRINTABLE = re.compile(r"[!-~]{1,2000}")
_ENTITY = re.compile(r"[\w.:-]{1,200}", re.ASCII)


@frozen(kw_only=True)
class BrokerAddress:
    """Where on which broker. Either a queue or an exchange is named; `routing_key` is None for the event's type."""

    scheme: str
    host: str = ""
    port: int | None = None
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    virtual_host: str = ""
    queue: str | None = None
    exchange: str | None = None
    routing_key: str | None = None
    region: str | None = None

    @property
    def is_secure(self) -> bool:
        return self.scheme in _SECURE


def broker_address_of(url: str) -> BrokerAddress | str:
    """Where it leads, or what is wrong with it, in words that repeat nothing of it."""
    if not _PRINTABLE.fullmatch(url):
        return "the address has characters that a URL has not, or more than 2000"
    try:
        parts = urlsplit(url)
        port = parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        return "the address cannot be read; it ends with ?queue=NAME or ?exchange=NAME"
    if parts.scheme not in REMOTE + LOCAL:
        return "the address must begin with one of " + ", ".join(f"{each}://" for each in REMOTE + LOCAL)
    if bool(parts.hostname) is (parts.scheme in LOCAL):
        return "the address must name a host" if parts.scheme in REMOTE else "the address must name no host"
    if parts.hostname and not is_host(parts.hostname):
        return "the address names no host"
    problem = _problem_with(parts.scheme, options)
    if problem is not None:
        return problem
    return BrokerAddress(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=port,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        virtual_host=unquote(parts.path[1:]),
        **options,
    )


def _problem_with(scheme: str, options: Mapping[str, str]) -> str | None:
    known = {"queue", "exchange", "routing_key", "region"}
    if not options.keys() <= known:
        return "the address may have these options: " + ", ".join(sorted(known))
    if ("queue" in options) is ("exchange" in options):
        return "the address must have either ?queue=NAME or ?exchange=NAME"
    if "exchange" in options and not scheme.startswith("amqp"):
        return "only amqp:// and amqps:// have exchanges; name a queue"
    if "routing_key" in options and "exchange" not in options:
        return "a routing key goes with an exchange"
    if ("region" in options) is not (scheme == "sqs"):
        return "sqs:// needs a region, and nothing else has one"
    if not all(map(_ENTITY.fullmatch, options.values())):
        return "names have letters, digits, and . _ : -, at most 200"
    return None
