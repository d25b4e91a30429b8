"""The only place that reads a webhook's URL, and says what a host is."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from attrs import field, frozen

_PRINTABLE = re.compile(r"[!-~]{1,2000}")
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_PORTS = {"http": 80, "https": 443}


@frozen(kw_only=True)
class Destination:
    """Where a webhook is posted to. The path and query may hold a token and are never shown."""

    is_secure: bool
    host: str
    port: int
    path: str = field(repr=False)

    @property
    def authority(self) -> str:
        """The Host header: without the port where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.is_secure else "http"] else f"{host}:{self.port}"


def destination_of(url: str, *, allows_private: bool) -> Destination | str:
    """Where it leads, or what is wrong with it, in words that repeat nothing of it.

    Only http and https, and http only where private addresses are allowed; no name or password, which would be sent
    in the clear or forgotten; printable ASCII (other names in their xn-- form), so that nothing can break out of a line
    of the request.
    """
    if not _PRINTABLE.fullmatch(url):
        return "the URL has characters that a URL has not, or more than 2000"
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        return "the URL cannot be read"
    if parts.scheme not in _PORTS:
        return "the URL must begin with https://"
    if parts.scheme == "http" and not allows_private:
        return "the URL must begin with https://; plain http is for private addresses, where they are allowed"
    if "@" in parts.netloc:
        return "the URL must not hold a name or password"
    if not is_host(host):
        return "the URL names no host"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    is_secure = parts.scheme == "https"
    return Destination(is_secure=is_secure, host=host, port=_PORTS[parts.scheme] if port is None else port, path=path)


def is_host(host: str) -> bool:
    """Whether it is a name or a numeric address, and nothing cleverer."""
    if ":" in host:
        return _is_v6(host)
    return _NAME.fullmatch(host) is not None


def _is_v6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return "%" not in host
