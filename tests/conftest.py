from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.support")  # before one of them is imported

from hypothesis import HealthCheck, settings  # noqa: E402

from tests.support.postgres import PostgresServer  # noqa: E402

# `make test` is quick and repeatable, `make prove` digs. No deadline: how fast a busy machine is says nothing about us.
settings.register_profile("test", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("prove", settings.get_profile("test"), max_examples=1_000)


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("hypothesis_profile", None):
        settings.load_profile("prove" if config.getoption("markexpr") == "prove" else "test")


def pytest_report_header(config: pytest.Config) -> str:
    seed = config.getoption("hypothesis_seed", None)
    chosen = "chosen anew by each test" if seed is None else seed
    return f"hypothesis: profile {settings.get_current_profile_name()}, seed {chosen}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server a session (under xdist: a worker), without fsync; tests that crash it start their own."""
    server = PostgresServer().start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh, empty database."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)
