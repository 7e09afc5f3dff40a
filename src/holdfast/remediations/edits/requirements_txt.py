"""`requirements.txt`: pinned lines without hashes, in a file that no compiler wrote.

Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

import re
from collections.abc import Sequence

from holdfast.errors import FactError
from holdfast.model.purl import normalize_pypi
from holdfast.remediations.edits._spec import Cut, Wanted, cut
from holdfast.remediations.guides._compiled import find_compiler

_PIN = re.compile(rb"\s*(?P<name>[A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*={2,3}\s*(?P<version>[^\s;,#\\]+)(?=[\s;#\\]|\Z)")
_HEAD_LINES = 8


def plan(data: bytes, wanted: Wanted) -> Sequence[Cut]:
    """Return the cuts; see the room's rules. Raises: FactError."""
    lines = data.split(b"\n")
    compiler = find_compiler(tuple(line.decode("utf-8", "replace").rstrip("\r") for line in lines[:_HEAD_LINES]))
    if compiler is not None:
        raise FactError(f"`{' '.join(compiler.tool)}` wrote the file: it has to be compiled again")
    cuts, offset = [], 0
    for line in lines:
        pin = _PIN.match(line)
        is_it = pin is not None and normalize_pypi(pin["name"].decode()) == normalize_pypi(wanted.name)
        if pin is not None and is_it and pin["version"].decode("utf-8", "replace") == wanted.current:
            if b"--hash" in line or line.rstrip().endswith(b"\\"):
                raise FactError("the line holds hashes of the old version: `pip-compile --generate-hashes` writes new")
            cuts.append(cut(data, offset + pin.start("version"), offset + pin.end("version"), wanted.version))
        offset += len(line) + 1
    if not cuts:
        raise FactError(f"no line pins `{wanted.name}` at {wanted.current}")
    return cuts
