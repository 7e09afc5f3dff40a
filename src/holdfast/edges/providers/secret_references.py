"""Secrets by reference: `env:NAME`, or `file:/path` whose content without the last line break it is.

Rules:
1. A secret is never in a message: not when it is missing, not when it is no text, not when somebody wrote it inline.
2. It is read each time it is used: what is rotated counts at once.
3. A file that others may change is refused, because they could put theirs in its place; one that others may read is
   used, and named by `find_warning`.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from holdfast.errors import PlanError

MAX_BYTES = 64 * 1024
_ENV = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*\Z")
_HINT = "write `env:NAME` or `file:/path`"


def is_reference(text: str) -> bool:
    """Whether a text has the shape of a reference."""
    return bool(_ENV.match(text)) or (text.startswith("file:/") and "\x00" not in text)


def read_reference(reference: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the secret that a reference names, never empty.

    Raises:
        PlanError: there is none, it is empty, no text, over 64 KiB, or others may change its file.
    """
    if not is_reference(reference):
        raise PlanError("a secret that stands there itself", hint=_HINT)
    kind, _, name = reference.partition(":")
    secret = environ.get(name) if kind == "env" else _read_file(Path(name))
    if secret is None:
        raise PlanError(f"the environment variable `{name}` is not set", hint="set it for the server's process")
    if not secret.strip():
        raise PlanError(f"the secret at `{reference}` is empty")
    return secret


def find_warning(reference: str) -> str | None:
    """Say what is careless about where a secret is kept; `None` when nothing is, or it can't be looked at."""
    if not reference.startswith("file:"):
        return None
    path = Path(reference.removeprefix("file:"))
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except (OSError, ValueError):
        return None
    return f"{path} has mode {mode:o}: other users can read it" if mode & 0o004 else None


def _read_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise PlanError(f"the secret at {path} is no plain file")
            if found.st_mode & 0o022:
                raise PlanError(f"other users can change the secret at {path}", hint=f"chmod 600 {path}")
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        because = error.strerror if isinstance(error, OSError) else "not a path"
        raise PlanError(f"the secret at {path} can't be read: {because}") from None
    if len(data) > MAX_BYTES:
        raise PlanError(f"the secret at {path} is over {MAX_BYTES // 1024} KiB")
    try:
        return data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise PlanError(f"the secret at {path} is not UTF-8") from None
