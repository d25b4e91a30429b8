from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection

from ordercore.entrypoints.http import openapi
from ordercore.entrypoints.http.app import CAPABILITIES
from ordercore.entrypoints.http.operations import all_operations
from tests.support.api import Api, an_api

CONFIG = {
    "checks": {
        # What is well-formed may still be refused for what it asks: declined, stale, unknown products.
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "400", "401", "402", "403", "404", "409", "412", "422", "503"]
        },
        # It expects 401 for every request without a token; ours says first what is malformed (test_errors_page).
        "missing_required_header": {"enabled": False},
    },
}
bounded = settings(
    max_examples=10,
    derandomize=True,  # the pinned seed: the same examples every time
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class Late:
    """The application under test: schemathesis wants it when tests are collected, it is made when they run."""

    app: Flask

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        return self.app(environ, start_response)


late = Late()
document = openapi.document(all_operations(CAPABILITIES), version="0")


def described(**config: Any) -> Any:  # schemathesis has no public name for it
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict({**CONFIG, **config}))
    schema.app = late
    return schema


boundaries = described()
samples = described(phases={"coverage": {"enabled": False}})


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with an_api() as made:
        late.app = made.app
        yield made


@pytest.mark.timeout(300)
@boundaries.parametrize()  # type: ignore[untyped-decorator] # see described
@bounded
def test_whatever_is_sent_with_a_token_is_answered_as_described(case: Any, api: Api) -> None:
    # In a batch a malformed order is an outcome of its own beside its neighbours'.
    excluded = [negative_data_rejection] if case.path == "/v1/orders/batch" else []
    case.call_and_validate(headers={"Authorization": f"Bearer {api.token}"}, excluded_checks=excluded)


@pytest.mark.timeout(300)
@samples.parametrize()  # type: ignore[untyped-decorator] # see described
@settings(bounded, max_examples=3)
def test_whatever_is_sent_without_a_token_is_answered_as_described(case: Any, api: Api) -> None:  # noqa: ARG001 - it is the application
    answer = case.call_and_validate()
    assert answer.status_code >= 400 or case.path in ("/healthz", "/readyz")
