"""A real nginx for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.model.frozen import frozen
from tests.edges.providers.started import started


@frozen
class NginxServer:
    """Where it answers, and the folder of its configuration."""

    url: str
    folder: Path


@contextmanager
def running_nginx() -> Iterator[NginxServer]:
    """Start a private nginx. Skips without one, and fails in CI."""
    with started("nginx.sh") as (url, folder):
        yield NginxServer(url, folder)
