"""`go.mod`: the version of a `require`, indirect ones too. Source: https://go.dev/ref/mod#go-mod-file"""

import re
from collections.abc import Sequence

from holdfast.controls.versions import compare_versions
from holdfast.errors import FactError
from holdfast.remediations.edits._spec import Cut, Wanted, cut

_OPENED = re.compile(rb"[ \t]*([a-z]+)[ \t]*\([ \t]*(?://[^\n]*)?\r?\Z")
_OWN = {"stdlib", "toolchain", "go"}


def plan(data: bytes, wanted: Wanted) -> Sequence[Cut]:
    """Return the cuts; see the room's rules. Raises: FactError."""
    if wanted.name in _OWN:
        raise FactError("the version of Go itself is not edited: others build with it")
    name = re.escape(wanted.name.encode())
    asked = re.compile(rb"[ \t]*(require[ \t]+)?" + name + rb"[ \t]+(v[^\s/]+)[ \t]*(?://[^\n]*)?\r?\Z")
    replaced = re.compile(rb"[ \t]*(?:replace[ \t]+)?" + name + rb"(?:[ \t]+v\S+)?[ \t]+=>")
    target = re.compile(rb"=>[ \t]+" + name + rb"[ \t]+v")
    cuts, block, offset = [], b"", 0
    for line in data.split(b"\n"):
        if opened := _OPENED.match(line):
            block = opened[1]
        elif line.strip().startswith(b")"):
            block = b""
        elif replaced.match(line) and (block == b"replace" or line.lstrip().startswith(b"replace")):
            raise FactError(f"a `replace` stands in the place of `{wanted.name}`")
        elif target.search(line.partition(b"//")[0]):
            raise FactError(f"it stands in the place of another module, by a `replace` with `{wanted.name}`")
        elif (found := asked.match(line)) and bool(found[1]) != (block == b"require"):
            cuts += _raised(data, offset + found.start(2), offset + found.end(2), wanted)
        offset += len(line) + 1
    return cuts


def _raised(data: bytes, start: int, end: int, wanted: Wanted) -> list[Cut]:
    old = data[start:end].decode()
    suffix = "+incompatible" if old.endswith("+incompatible") and not wanted.version.endswith("+incompatible") else ""
    new = f"v{wanted.version.removeprefix('v')}{suffix}"
    order = compare_versions("Go", new, old)
    if order is None:
        raise FactError(f"`{old}` can't be compared with {new}")
    return [cut(data, start, end, new)] if order > 0 else []
