"""CycloneDX JSON of versions 1.2 to 1.7: documents that lie in a tree.

Rules:

1. A component is what its purl names; a version beside it counts where the purl has none. Without a purl or a version
   it is unparsed. Files, operating systems, and applications without version, which only hold packages, are none.
2. Nested components, and those within the described one, count. Direct and paths come from `dependencies`; scopes,
   licences and what the document says that it lacks are read. Addresses, hashes, services and vulnerabilities are not.
3. A file with `bom` or `vex` in its name is read only when its content says that it is CycloneDX; one named `bom.json`
   or `*.cdx.json` claims to be and is reported when it is not.

Source: CycloneDX specification, JSON reference 1.2 to 1.7.
"""

from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.sboms.cyclonedx import JSON_FORMAT, parse_cyclonedx_json
from holdfast.model.component import ParsedFile
from holdfast.ports.tree import Tree

_SNIFFED_BYTES = 1 << 16


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the components of a document; the tree is not needed.

    Raises:
        FactError: not JSON, or not CycloneDX.
    """
    return parse_cyclonedx_json(file, data)


def sniff(file: str, data: bytes) -> bool:
    """Return whether it claims to be CycloneDX, by its first 64 KiB, or by its name and it is not SPDX."""
    name, head = file.rpartition("/")[2].lower(), data[:_SNIFFED_BYTES].replace(b"\0", b"")
    return b"bomFormat" in head or ((name == "bom.json" or name.endswith(".cdx.json")) and b'"spdxVersion"' not in head)


SPEC = LockfileSpec(
    id=JSON_FORMAT,
    patterns=("*.cdx.json", "*bom*.json", "*vex*.json", "*cyclonedx*.json"),
    parse=parse,
    sniff=sniff,
    is_told_by_content=True,
)
