from collections.abc import Iterator

import pytest

from tests.support.api import Api, an_api


@pytest.fixture
def api() -> Iterator[Api]:
    with an_api() as made:
        yield made
