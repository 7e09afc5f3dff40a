"""SPDX 2.2 and 2.3 tag-value documents that lie in a tree.

Rules:

1. It is read by the rules of its JSON. A line that is no field is unparsed, and the others count.
2. A file named `*.spdx` claims to be one; a text with `spdx` or `sbom` in its name is read when its content says so.

Source: SPDX 2.3, clauses 6 to 11, tag-value format.
"""

from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile
from holdfast.ports.tree import Tree

_SNIFFED_BYTES = 1 << 16


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a document; the tree is not needed.

    Raises:
        FactError: not text, or not SPDX 2.
    """
    from holdfast.facts.sboms.spdx_tag_value import parse_spdx_tag_value

    return parse_spdx_tag_value(file, data)


def sniff(file: str, data: bytes) -> bool:
    """Return whether it claims to be SPDX, by its name or its first 64 KiB."""
    return file.lower().endswith((".spdx", ".spdx.tv")) or b"SPDXVersion:" in data[:_SNIFFED_BYTES].replace(b"\0", b"")


SPEC = LockfileSpec(
    id="spdx_tag_value",
    patterns=("*.spdx", "*.spdx.tv", "*spdx*.txt", "*spdx*.tag", "*sbom*.txt"),
    parse=parse,
    sniff=sniff,
    is_told_by_content=True,
)
