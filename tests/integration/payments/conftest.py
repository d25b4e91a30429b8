from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ordercore.testing.stripe.process import StripeProcess


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeProcess]:
    """The fake Stripe in a process of its own, shared by a module's tests: keys and intents are never the same."""
    with StripeProcess(tmp_path_factory.mktemp("stripe") / "books.db") as process:
        yield process


@pytest.fixture
def own_stripe(tmp_path: Path) -> Iterator[StripeProcess]:
    """One that a test may kill, or whose books it reads as a whole."""
    with StripeProcess(tmp_path / "books.db") as process:
        yield process
