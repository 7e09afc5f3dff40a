"""CycloneDX XML of versions 1.2 to 1.7: documents that lie in a tree.

Rules:

1. It is read by the rules of its JSON. The namespace names the version; elements of extensions are passed over.
2. A file with `bom` or `cyclonedx` in its name is read only when its content names the namespace; one named
   `*.cdx.xml` claims to be one and is reported when it is not.

Source: CycloneDX specification, XML reference 1.2 to 1.7.
"""

from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.sboms.cyclonedx import XML_FORMAT
from holdfast.model.component import ParsedFile
from holdfast.ports.tree import Tree

_SNIFFED_BYTES = 1 << 16


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the components of a document; the tree is not needed.

    Raises:
        FactError: not XML, or not CycloneDX.
    """
    from holdfast.facts.sboms.cyclonedx_xml import parse_cyclonedx_xml

    return parse_cyclonedx_xml(file, data)


def sniff(file: str, data: bytes) -> bool:
    """Return whether it claims to be CycloneDX, by its name or its first 64 KiB."""
    head = data[:_SNIFFED_BYTES].replace(b"\0", b"")  # of UTF-16 the plain letters are left
    return file.lower().endswith(".cdx.xml") or b"cyclonedx.org/schema/bom/" in head


SPEC = LockfileSpec(
    id=XML_FORMAT,
    patterns=("*.cdx.xml", "*bom*.xml", "*vex*.xml", "*cyclonedx*.xml"),
    parse=parse,
    sniff=sniff,
    is_told_by_content=True,
)
