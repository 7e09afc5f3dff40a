"""SPDX 2.3 JSON, written so that the same composition gives the same bytes.

Rules:

1. What is described is the one package that the document describes; who it asked for, it depends on. For development or
   as an option is said by the kind of the relationship. What nobody is known to have asked for, it contains.
2. What SPDX has no field for (places, source, the source package, "not direct") stands in an annotation of the package,
   so that reading back gives the same components. Gaps stand in annotations of the document.
3. A licence that is no SPDX expression becomes a reference to its name within the document.

Source: SPDX 2.3, clauses 6 to 12.
"""

import hashlib
import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from holdfast.facts.licenses import is_expression
from holdfast.facts.sbom import sbom_digest
from holdfast.facts.sbom_writer import edges_of, reference_of
from holdfast.facts.sboms.spdx import ANNOTATED, ANNOTATED_GAP
from holdfast.model.component import Occurrence, Sbom, Scope, Source
from holdfast.model.instant import format_instant

_NAMESPACE = uuid.UUID("0b9d0c36-7f6c-5a55-8a39-6f4c1c5ea0f2")
_ROOT = "SPDXRef-root"
_DOCUMENT = "SPDXRef-DOCUMENT"
_NO_ASSERTION = "NOASSERTION"
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9.-]+")
_ASKED_FOR = {Scope.DEVELOPMENT: "DEV_DEPENDENCY_OF", Scope.OPTIONAL: "OPTIONAL_DEPENDENCY_OF"}


def write_spdx(sbom: Sbom, *, name: str, version: str, now: datetime) -> str:
    """Return the document; `name` and `version` are of what is described, `now` becomes its `created`."""
    created = format_instant(now.replace(microsecond=0))
    known = sorted(sbom.occurrences, key=reference_of)
    ids = {reference_of(one): _id_of(one) for one in known}
    unnamed = sorted({text for one in known for text in one.licenses if not is_expression(text)})
    document: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": name,
        "documentNamespace": f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{name}@{version}@{sbom_digest(sbom)}')}",
        "creationInfo": {"created": created, "creators": ["Tool: holdfast"]},
        "packages": [_described(name, version), *(_package(one, ids[reference_of(one)], created) for one in known)],
        "relationships": list(_relationships(known, ids)),
    }
    if unnamed:
        document["hasExtractedLicensingInfos"] = [
            {"licenseId": _license_ref(text), "name": text, "extractedText": text} for text in unnamed
        ]
    if sbom.unparsed:
        gaps = sorted(msgspec.json.encode(gap).decode() for gap in sbom.unparsed)
        document["annotations"] = [_annotation(ANNOTATED_GAP + gap, created) for gap in gaps]
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _id_of(occurrence: Occurrence) -> str:
    reference, one = reference_of(occurrence), occurrence.component
    shown = _NOT_IN_IDS.sub("-", f"{one.ecosystem}-{one.name}-{one.version}")[:100].strip("-")
    return f"SPDXRef-{shown}-{hashlib.sha256(reference.encode()).hexdigest()[:12]}"


def _described(name: str, version: str) -> dict[str, Any]:
    return {
        "name": name,
        "SPDXID": _ROOT,
        **({"versionInfo": version} if version else {}),
        "primaryPackagePurpose": "APPLICATION",
        "downloadLocation": _NO_ASSERTION,
        "filesAnalyzed": False,
    }


def _package(occurrence: Occurrence, identifier: str, created: str) -> dict[str, Any]:
    one = occurrence.component
    purl = reference_of(occurrence).partition("#")[0]
    return {
        "name": one.name,
        "SPDXID": identifier,
        **({"versionInfo": one.version} if one.version else {}),
        "downloadLocation": _NO_ASSERTION,
        "filesAnalyzed": False,
        "licenseConcluded": _NO_ASSERTION,
        "licenseDeclared": _license(occurrence.licenses),
        "copyrightText": _NO_ASSERTION,
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}],
        "annotations": [_annotation(ANNOTATED + msgspec.json.encode(_said(occurrence)).decode(), created)],
    }


def _annotation(comment: str, created: str) -> dict[str, str]:
    made = {"annotationDate": created, "annotationType": "OTHER", "annotator": "Tool: holdfast"}
    return made | {"comment": comment}


def _said(occurrence: Occurrence) -> dict[str, Any]:
    one = occurrence.component
    said = {
        "locations": [[place.file, place.line] for place in occurrence.locations],
        "scope": occurrence.scope.value,
        "source": "" if one.source is Source.REGISTRY else one.source.value,
        "source_package": one.source_package,
        "source_version": one.source_version,
        "licenses": list(occurrence.licenses) if len(occurrence.licenses) > 1 else [],
    }
    return {key: value for key, value in said.items() if value} | (
        {"direct": False} if occurrence.direct is False else {}
    )


def _license_ref(text: str) -> str:
    return f"LicenseRef-{_NOT_IN_IDS.sub('-', text)[:40].strip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _license(texts: tuple[str, ...]) -> str:
    """Return one expression for all; they are all true of the package."""
    every = [text if is_expression(text) else _license_ref(text) for text in texts]
    if len(every) < 2:
        return every[0] if every else _NO_ASSERTION
    return " AND ".join(f"({one})" if " " in one else one for one in every)


def _relationships(known: Iterable[Occurrence], ids: dict[str, str]) -> Iterable[dict[str, str]]:
    every = list(known)
    found = {(_DOCUMENT, "DESCRIBES", _ROOT)}
    found |= {(ids[above], "DEPENDS_ON", ids[below]) for above, below in edges_of(every)}
    reached = {right for _, _, right in found}
    for one in every:
        identifier = ids[reference_of(one)]
        if one.direct and one.scope in _ASKED_FOR:
            found.add((identifier, _ASKED_FOR[one.scope], _ROOT))
        elif one.direct:
            found.add((_ROOT, "DEPENDS_ON", identifier))
        elif identifier not in reached:
            found.add((_ROOT, "CONTAINS", identifier))
    for left, kind, right in sorted(found):
        yield {"spdxElementId": left, "relationshipType": kind, "relatedSpdxElement": right}
