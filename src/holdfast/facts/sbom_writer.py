"""CycloneDX 1.6 JSON, written so that the same composition gives the same bytes.

What CycloneDX has no field for (source, the source package, "not direct") stands in `holdfast:` properties, so that
reading back gives the same components. Edges are those of the known paths; the document claims no others.
"""

import uuid
import warnings
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from holdfast.facts.sbom import PROPERTY, sbom_digest
from holdfast.model.component import Occurrence, Sbom, Scope, Source

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component as CycloneComponent

_NAMESPACE = uuid.UUID("6a1f3f5e-0f43-5d0e-9f0e-5b0d1a8e7c11")


def write_cyclonedx(sbom: Sbom, *, name: str, version: str, now: datetime) -> str:
    """Return the document; `name` and `version` are of what is described, `now` becomes its timestamp.

    The serial number follows from the content, so that it differs exactly where the content does.
    """
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component as CycloneComponent
    from cyclonedx.model.component import ComponentType
    from cyclonedx.output.json import JsonV1Dot6

    root = CycloneComponent(name=name, version=version or None, type=ComponentType.APPLICATION, bom_ref="root")
    components = {_reference(one): _component(one) for one in sbom.occurrences}
    bom = Bom(
        components=components.values(),
        serial_number=uuid.uuid5(_NAMESPACE, f"{name}@{version}@{sbom_digest(sbom)}"),
        metadata=BomMetaData(component=root, timestamp=now),
    )
    direct = [components[_reference(one)] for one in sbom.occurrences if one.direct]
    bom.register_dependency(root, direct)
    for parent, child in sorted(_edges(sbom.occurrences)):
        bom.register_dependency(components[parent], [components[child]])
    with warnings.catch_warnings():
        # The library expects that the direct dependencies are known; here they may honestly be unknown.
        warnings.filterwarnings("ignore", "The Component this BOM is describing", UserWarning)
        return str(JsonV1Dot6(bom).output_as_string(indent=2))


def _reference(occurrence: Occurrence) -> str:
    source = occurrence.component.source
    return occurrence.component.purl + ("" if source is Source.REGISTRY else f"#{source.value}")


def _edges(occurrences: Iterable[Occurrence]) -> set[tuple[str, str]]:
    """Return (reference above, reference below) along every known path."""
    first: dict[tuple[str, str], str] = {}
    for one in occurrences:
        first.setdefault((one.component.ecosystem, one.component.name), _reference(one))
    edges: set[tuple[str, str]] = set()
    for one in occurrences:
        above = [first.get((one.component.ecosystem, name)) for name in one.path]
        chain = [*above, _reference(one)] if None not in above else []
        edges.update((a, b) for a, b in pairwise(chain) if a and b and a != b)
    return edges


def _component(occurrence: Occurrence) -> "CycloneComponent":
    from cyclonedx.model.component import Component as CycloneComponent
    from cyclonedx.model.component import ComponentScope
    from cyclonedx.model.component_evidence import ComponentEvidence
    from cyclonedx.model.component_evidence import Occurrence as Place
    from packageurl import PackageURL

    one = occurrence.component
    scopes = {
        Scope.RUNTIME: ComponentScope.REQUIRED,
        Scope.OPTIONAL: ComponentScope.OPTIONAL,
        Scope.DEVELOPMENT: ComponentScope.EXCLUDED,
    }
    reference = _reference(occurrence)
    places = [  # the library orders places by their reference
        Place(bom_ref=f"{reference}#{number:04}", location=place.file, line=place.line)
        for number, place in enumerate(occurrence.locations)
    ]
    return CycloneComponent(
        name=one.name,
        version=one.version or None,
        bom_ref=reference,
        purl=PackageURL.from_string(one.purl),
        scope=scopes[occurrence.scope],
        properties=_properties(occurrence),
        evidence=ComponentEvidence(occurrences=places),
    )


def _properties(occurrence: Occurrence) -> list["Property"]:
    from cyclonedx.model import Property

    one = occurrence.component
    said = {
        "source": "" if one.source is Source.REGISTRY else one.source.value,
        "source_package": one.source_package,
        "source_version": one.source_version,
        "direct": "false" if occurrence.direct is False else "",
    }
    return [Property(name=PROPERTY + key, value=value) for key, value in said.items() if value]
