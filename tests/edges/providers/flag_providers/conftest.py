"""A real Unleash for the tests of this folder, started once."""

from collections.abc import Iterator

import pytest

from tests.edges.providers.flag_providers.servers import UnleashServer, start_unleash, stop_unleash


@pytest.fixture(scope="session")
def unleash() -> Iterator[UnleashServer]:
    """Return a running server; skips where there is none, and fails in CI."""
    server, folder = start_unleash()
    try:
        yield server
    finally:
        stop_unleash(server, folder)
