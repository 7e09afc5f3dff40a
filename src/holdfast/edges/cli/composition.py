"""A composition as the API takes it: with lines, gaps and directness, which CycloneDX has no place for."""

from typing import Any

from holdfast.model.component import Location, Occurrence, Sbom, Unparsed

_MOST_BECAUSE, _MOST_LICENSE, _MOST_LICENSES = 2000, 2048, 100


def composition_to_json(sbom: Sbom) -> dict[str, Any]:
    """Return the body that `POST /releases` and `POST /hosts` take as `sbom`."""
    return {
        "occurrences": [_occurrence(one) for one in sbom.occurrences],
        "files": [{"file": file, "format": name, "components": count} for file, name, count in sbom.files],
        "unparsed": [_gap(one) for one in sbom.unparsed],
    }


def _occurrence(one: Occurrence) -> dict[str, Any]:
    component = one.component
    return {
        "ecosystem": component.ecosystem,
        "name": component.name,
        "version": component.version,
        "source": component.source.value,
        "qualifiers": dict(component.qualifiers),
        "source_package": component.source_package,
        "source_version": component.source_version,
        "locations": [_place(place) for place in one.locations],
        "direct": one.direct,
        "path": list(one.path),
        "scope": one.scope.value,
        **({"licenses": [text[:_MOST_LICENSE] for text in one.licenses[:_MOST_LICENSES]]} if one.licenses else {}),
    }


def _place(place: Location) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, **({"owner": place.owner} if place.owner else {})}


def _gap(gap: Unparsed) -> dict[str, Any]:
    return {"file": gap.file, "line": gap.line, "because": gap.because[:_MOST_BECAUSE] or "not read"}
