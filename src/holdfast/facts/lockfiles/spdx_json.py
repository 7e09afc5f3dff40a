"""SPDX 2.2 and 2.3 JSON documents that lie in a tree.

Rules:

1. A component is what its purl names; a version beside it counts where the purl has none. Without a purl or a version
   it is unparsed. Files, operating systems, and applications without version, which only hold packages, are none.
2. What the document describes, where it is one package among others, is no component. Direct and paths come from the
   dependencies of it, from either side; what is reached as a tool, or only for development or tests, is development.
3. Licences are the concluded ones, else the declared. Files, snippets and annotations of others are not read.
4. A file with `spdx` or `bom` in its name is read only when its content says that it is SPDX; one named `*.spdx.json`
   claims to be one and is reported when it is not. SPDX 3 is an error that says so.

Source: SPDX 2.3, clauses 6 to 11.
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


SPEC = LockfileSpec(
    id="spdx_json",
    patterns=("*.spdx.json", "*spdx*.json", "*bom*.json"),
    parse=parse,
    sniff=sniff,
    is_told_by_content=True,
)
