"""Git as a process: plumbing alone, with nothing that it could start.

What the repository's own configuration could run is turned off, and nothing is fetched.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from holdfast.errors import UsageError

TIMEOUT_S = 60.0
_QUIET = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never"),
    *("-c", "core.pager=cat", "--no-optional-locks", "--no-replace-objects"),
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ADVICE": "0",
    "LC_ALL": "C",
}


def run_git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Run Git, give it its input, and return what it wrote. Raises: UsageError: it failed, or is not there."""
    passed = {name: value for name in ("PATH", "HOME", "TMPDIR") if (value := os.environ.get(name))}
    command: Sequence[str] = ("git", *_QUIET, *arguments)
    try:
        done = subprocess.run(
            command, cwd=folder, env=passed | _ENVIRONMENT, input=given, capture_output=True,
            timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError("there is no `git` here", hint="install Git, or give an SBOM as base") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"Git did not answer within {TIMEOUT_S:.0f} s", where=str(folder)) from None
    if done.returncode != 0:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(told[-1] if told else f"Git failed with {done.returncode}", where=str(folder))
    return done.stdout


def read_blobs(repository: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Return the content of blobs by name, by one process; those that Git lacks are left out. Raises: UsageError."""
    answer = run_git(repository, "cat-file", "--batch", given="".join(f"{name}\n" for name in names).encode())
    found, at = {}, 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        name, _, rest = answer[at:end].decode().partition(" ")
        at = end + 1
        if rest.startswith("blob "):
            size = int(rest[5:])
            found[name] = answer[at : at + size]
            at += size + 1
    return found
