"""The only place that runs the fake Stripe as a process of its own and speaks to its `/_fake/` routes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import Request, urlopen

from ordercore.testing.stripe.faults import Fault
from ordercore.testing.stripe.shapes import Json

PATIENCE_SECONDS = 30
KEY = "sk_test_fake"


class StripeProcess:
    """A running fake Stripe. `kill` is kill -9; `start` again finds the same books at the same address."""

    def __init__(self, books: Path | None = None) -> None:
        self.books = books
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def base(self) -> str:
        """Its address, for `base_addresses` of Stripe's SDK."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Run it; back when it listens."""
        program = [sys.executable, "-m", "ordercore.testing.stripe", "--port", str(self._port)]
        books = [] if self.books is None else ["--books", str(self.books)]
        self._process = subprocess.Popen([*program, *books], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def kill(self) -> None:
        """End it without a warning."""
        self._end(subprocess.Popen.kill)

    def stop(self) -> None:
        """End it in good order."""
        self._end(subprocess.Popen.terminate)

    def plan(self, fault: Fault, path: str, method: str = "POST", **more: object) -> None:
        """The next request to a path that ends like this meets the fault; `times` and `seconds` as given."""
        self.control("faults", {"fault": fault.value, "path": path, "method": method, **more})

    def act(self, act: str, id: str) -> None:
        """What happens without our asking, see `control`."""
        self.control(f"acts/{act}/{id}")

    def totals(self) -> Mapping[str, Json]:
        """What every authorisation came to, by our attempt's id."""
        return self.control("totals")

    def events(self) -> Sequence[Json]:
        """What happened, newest first: as many as Stripe lists at once."""
        request = Request(f"{self.base}/v1/events?limit=100", headers={"Authorization": f"Bearer {KEY}"})
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            happened: Sequence[Json] = json.load(answer)["data"]
            return happened

    def control(self, path: str, wish: Json | None = None) -> Json:
        """One of the routes below `/_fake/`."""
        request = Request(f"{self.base}/_fake/{path}", json.dumps(wish or {}).encode())
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            told: Json = json.load(answer)
            return told

    def _end(self, how: Callable[[subprocess.Popen[str]], None]) -> None:
        process = self._process
        if process is None:
            return
        self._process = None
        how(process)
        process.communicate(timeout=PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
