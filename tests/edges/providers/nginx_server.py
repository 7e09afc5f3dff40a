"""A real nginx for tests: started by the script that everybody may use."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "nginx.sh"


@dataclass(frozen=True, slots=True)
class NginxServer:
    """Where it answers, and the folder of its configuration."""

    url: str
    folder: Path


@contextmanager
def running_nginx() -> Iterator[NginxServer]:
    """Start a private nginx. Skips without one, and fails in CI."""
    started = subprocess.run([str(SCRIPT), "start"], capture_output=True, text=True, check=False)
    if started.returncode != 0:
        because = f"no nginx: {started.stderr.strip()[-300:]}"
        if os.environ.get("CI"):
            pytest.fail(because)
        pytest.skip(because)
    url, folder = started.stdout.split()
    try:
        yield NginxServer(url, Path(folder))
    finally:
        subprocess.run([str(SCRIPT), "stop", folder], check=False)
