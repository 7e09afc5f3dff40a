"""VEX documents, whichever format they are in: the content tells. Several are read together: one may name another's."""

from collections.abc import Iterable
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.reported import decode_object
from holdfast.facts.vex import MAX_VEX_BYTES, VexSpec
from holdfast.facts.vex._gathering import Link, VexGathering
from holdfast.model.vex import Product, VexDocument
from holdfast.registry import load_room

_SNIFFED_BYTES = 1 << 10
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe \t\r\n"
"""What may stand before the first `<`: byte order marks, in whatever order, and blanks. UTF-16 has zeros between."""


def read_vex(files: Iterable[tuple[str, bytes]]) -> tuple[VexDocument, ...]:
    """Return what documents say; each is its name and its content, of which no more than `MAX_VEX_BYTES` and one.

    Raises:
        FactError: one is over that size, neither JSON nor XML, or of no known format; or it names too many products.
    """
    opened = [_open(file, data) for file, data in files]
    links: dict[str, Link] = {}
    for _, document, spec in opened:
        for name, link in spec.links(document).items():
            known = links.get(name, link)
            links[name] = link if known == link else Link(Product(name))  # two documents of one name: neither
    out = []
    for file, document, spec in opened:
        gathering = VexGathering(file, spec.id, links)
        spec.read(document, gathering)
        out.append(gathering.document())
    return tuple(out)


def _open(file: str, data: bytes) -> tuple[str, dict[str, Any], VexSpec]:
    if len(data) > MAX_VEX_BYTES:
        hint = "give the documents of what is judged only"
        raise FactError(f"a VEX document of over {MAX_VEX_BYTES >> 20} MiB is not read", where=file, hint=hint)
    document = _decode(file, data)
    for spec in load_room("facts.vex"):
        if spec.fits(document):
            return file, document, spec
    known = ", ".join(spec.id for spec in load_room("facts.vex"))
    raise FactError("a VEX document of no known format", where=file, hint=f"known are {known}")


def _decode(file: str, data: bytes) -> dict[str, Any]:
    """Return a document as an object: CycloneDX in XML becomes what its JSON would be."""
    if data[:_SNIFFED_BYTES].replace(b"\0", b"").lstrip(_BEFORE_XML).startswith(b"<"):
        from holdfast.facts.vex._cyclonedx_xml import load_cyclonedx_xml

        return load_cyclonedx_xml(file, data)
    return decode_object(file, data)
