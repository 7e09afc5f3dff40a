"""SPDX 2.2 and 2.3 JSON documents that lie in a tree.

A file with `spdx` or `bom` in its name is read only when its content says that it is SPDX; one named `*.spdx.json`
claims to be one and is reported when it is not.
"""

from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile
from holdfast.ports.tree import Tree

_SNIFFED_BYTES = 1 << 16


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a document; the tree is not needed.

    Raises:
        FactError: not JSON, or not SPDX 2.
    """
    from holdfast.facts.sboms.spdx import parse_spdx_json

    return parse_spdx_json(file, data)


def sniff(file: str, data: bytes) -> bool:
    """Return whether it claims to be SPDX, by its name or its first 64 KiB."""
    return file.lower().endswith(".spdx.json") or b'"spdxVersion"' in data[:_SNIFFED_BYTES].replace(b"\0", b"")


SPEC = LockfileSpec(id="spdx_json", patterns=("*.spdx.json", "*spdx*.json", "*bom*.json"), parse=parse, sniff=sniff)
