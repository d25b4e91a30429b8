"""The command that runs the fake Stripe until it is told to stop; it prints its port."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from ordercore.testing.stripe.server import StripeServer


def main() -> None:
    """`--port 0` takes a free one; without `--books` everything is forgotten at the end."""
    options = argparse.ArgumentParser(prog="ordercore.testing.stripe", description="A fake Stripe.")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--books", type=Path, default=None)
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with StripeServer(chosen.port, chosen.books) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
