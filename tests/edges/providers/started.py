"""Real servers for tests, started by the scripts that everybody may use."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


@contextmanager
def started(script: str, *arguments: str) -> Iterator[tuple[str, Path]]:
    """Start a private server; gives its URL and its folder. Skips without one, and fails in CI."""
    path = str(SCRIPTS / script)
    ended = subprocess.run([path, "start", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        because = f"{script}: {ended.stderr.strip()[-300:]}"
        if os.environ.get("CI"):
            pytest.fail(because)
        pytest.skip(because)
    url, folder = ended.stdout.split()
    try:
        yield url, Path(folder)
    finally:
        subprocess.run([path, "stop", folder], check=False)
