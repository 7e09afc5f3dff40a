"""Bills of materials of any form as compositions, and the digest of a composition."""

import hashlib
import json
from collections.abc import Callable
from functools import partial

from holdfast.errors import FactError
from holdfast.facts.sboms.cyclonedx import parse_cyclonedx_json
from holdfast.facts.scope import component_order
from holdfast.model.component import Occurrence, ParsedFile, Sbom

_LOOKED_AT_BYTES = 1 << 16


def read_sbom(file: str, data: bytes) -> Sbom:
    """Return a document as a composition, locations as its evidence names them.

    CycloneDX in JSON or XML, SPDX in JSON or tag-value: its content tells.

    Raises:
        FactError: none of these.
    """
    try:
        parsed = _parse_of(data)(file, data)
    except RecursionError:
        raise FactError("nested too deeply", where=file) from None
    occurrences = tuple(sorted(parsed.occurrences, key=component_order))
    return Sbom(occurrences, ((file, parsed.format, len(occurrences)),), parsed.unparsed)


def _parse_of(data: bytes) -> Callable[[str, bytes], ParsedFile]:
    """Return the reader of the form that a document has."""
    head = data[:_LOOKED_AT_BYTES].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if head.startswith(b"<"):
        from holdfast.facts.sboms.cyclonedx_xml import parse_cyclonedx_xml

        return partial(parse_cyclonedx_xml, evidence=True)
    if not head.startswith(b"{") and b"SPDXVersion:" in head:
        from holdfast.facts.sboms.spdx_tag_value import parse_spdx_tag_value

        return parse_spdx_tag_value
    if b'"bomFormat"' not in head and (b'"spdxVersion"' in data or b'"spdxVersion"' in head):
        from holdfast.facts.sboms.spdx import parse_spdx_json

        return partial(parse_spdx_json, evidence=True)
    return partial(parse_cyclonedx_json, evidence=True)


def _canonical(occurrence: Occurrence) -> list[object]:
    one = occurrence.component
    places = sorted(
        [place.file, place.line or 0, *([place.owner] if place.owner else ())] for place in occurrence.locations
    )
    names = [one.ecosystem, one.name, one.version, one.source.value, one.source_package, one.source_version]
    qualifiers = [list(pair) for pair in one.qualifiers]
    return [
        *names,
        qualifiers,
        sorted(places, key=str),
        occurrence.direct,
        list(occurrence.path),
        occurrence.scope.value,
        *([sorted(occurrence.licenses)] if occurrence.licenses else ()),
    ]


def sbom_digest(sbom: Sbom) -> str:
    """Return `sha256:…` of a composition: the same for the same occurrences, files and gaps in whatever order.

    Gaps count: two hosts of which one could be read only in part are not the same. So do licences: a gate judges them.
    """
    rows = sorted(json.dumps(_canonical(one), separators=(",", ":")) for one in sbom.occurrences)
    gaps = sorted(json.dumps([gap.file, gap.line, gap.because]) for gap in sbom.unparsed)
    files = sorted(json.dumps(list(file)) for file in sbom.files)
    whole = json.dumps([rows, files, gaps], separators=(",", ":"))
    return "sha256:" + hashlib.sha256(whole.encode()).hexdigest()
