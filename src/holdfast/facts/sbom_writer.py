"""CycloneDX 1.6 JSON, written so that the same composition gives the same bytes.

What CycloneDX has no field for (source, the source package, "not direct") stands in `holdfast:` properties, so that
reading back gives the same components. Gaps stand there as well, in the metadata, and the composition is then marked
incomplete. Edges are those of the known paths; the document claims no others.

Source: CycloneDX 1.6, bom-1.6.schema.json; the tests hold the documents to it.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

import msgspec

from holdfast.facts.licenses import is_expression
from holdfast.facts.sbom import sbom_digest
from holdfast.facts.sboms.cyclonedx import GAP, PROPERTY
from holdfast.model.component import Component, Occurrence, Sbom, Scope, Source
from holdfast.model.instant import format_instant

_NAMESPACE = uuid.UUID("6a1f3f5e-0f43-5d0e-9f0e-5b0d1a8e7c11")
_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_ROOT = "root"
_SCOPES = {Scope.RUNTIME: "required", Scope.OPTIONAL: "optional", Scope.DEVELOPMENT: "excluded"}


def write_cyclonedx(sbom: Sbom, *, name: str, version: str, now: datetime | None) -> str:
    """Return the document; `name` and `version` are of what is described, `now` becomes its timestamp, if any.

    The serial number follows from the content, so that it differs exactly where the content does.
    """
    described = {"type": "application", "bom-ref": _ROOT, "name": name} | ({"version": version} if version else {})
    document = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{name}@{version}@{sbom_digest(sbom)}')}",
        "version": 1,
        "metadata": ({"timestamp": format_instant(now)} if now else {}) | {"component": described} | _gaps(sbom),
        "components": [_component(one) for one in sorted(sbom.occurrences, key=reference_of)],
        "dependencies": _dependencies(sbom.occurrences),
    }
    if sbom.unparsed:
        document["compositions"] = [{"aggregate": "incomplete", "assemblies": [_ROOT]}]
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _gaps(sbom: Sbom) -> dict[str, Any]:
    """What was not read, one property each, as JSON."""
    gaps = [msgspec.json.encode(gap).decode() for gap in sbom.unparsed]
    return {"properties": [{"name": GAP, "value": gap} for gap in sorted(gaps)]} if gaps else {}


def reference_of(occurrence: Occurrence) -> str:
    """Return what names an occurrence within a document: its purl, and its source where that is no registry."""
    return _reference_of(occurrence.component)


@lru_cache(maxsize=1 << 15)
def _reference_of(component: Component) -> str:
    return component.purl + ("" if component.source is Source.REGISTRY else f"#{component.source.value}")


def edges_of(occurrences: Iterable[Occurrence]) -> set[tuple[str, str]]:
    """Return (reference above, reference below) along every known path."""
    first: dict[tuple[str, str], str] = {}
    for one in occurrences:
        first.setdefault((one.component.ecosystem, one.component.name), reference_of(one))
    edges: set[tuple[str, str]] = set()
    for one in occurrences:
        above = [first.get((one.component.ecosystem, name)) for name in one.path]
        chain = [*above, reference_of(one)] if None not in above else []
        edges.update((a, b) for a, b in pairwise(chain) if a and b and a != b)
    return edges


def _dependencies(occurrences: Iterable[Occurrence]) -> list[dict[str, Any]]:
    """Every component is named, also one that nothing is known below of."""
    below: dict[str, set[str]] = {_ROOT: {reference_of(one) for one in occurrences if one.direct}}
    for one in occurrences:
        below.setdefault(reference_of(one), set())
    for above, reference in edges_of(occurrences):
        below[above].add(reference)
    return [
        {"ref": reference} | ({"dependsOn": sorted(below[reference])} if below[reference] else {})
        for reference in sorted(below)
    ]


def _component(occurrence: Occurrence) -> dict[str, Any]:
    one, reference = occurrence.component, reference_of(occurrence)
    out: dict[str, Any] = {"type": "library", "bom-ref": reference, "name": one.name}
    if one.version:
        out["version"] = one.version
    out["scope"] = _SCOPES[occurrence.scope]
    if occurrence.licenses:
        out["licenses"] = _licenses(occurrence.licenses)
    out["purl"] = reference_of(occurrence).partition("#")[0]
    properties = _properties(occurrence)
    if properties:
        out["properties"] = properties
    if occurrence.locations:
        out["evidence"] = {
            "occurrences": [
                {"bom-ref": f"{reference}#{number:04}", "location": place.file}
                | ({"line": place.line} if place.line is not None else {})
                for number, place in enumerate(occurrence.locations)
            ]
        }
    return out


def _licenses(texts: tuple[str, ...]) -> list[dict[str, Any]]:
    """One may be an expression; of several, the form allows names alone."""
    if len(texts) == 1 and is_expression(texts[0]):
        return [{"expression": texts[0]}]
    return [{"license": {"name": text}} for text in texts]


def _properties(occurrence: Occurrence) -> list[dict[str, str]]:
    one = occurrence.component
    said = {
        "direct": "false" if occurrence.direct is False else "",
        "source": "" if one.source is Source.REGISTRY else one.source.value,
        "source_package": one.source_package,
        "source_version": one.source_version,
    }
    return [{"name": PROPERTY + key, "value": value} for key, value in said.items() if value]
