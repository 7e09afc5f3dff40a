"""What commands send to the API: compositions in our own form, which keeps lines, gaps and directness."""

from typing import Any

from holdfast.model.component import Occurrence, Sbom
from holdfast.model.inventory import HostFacts


def composition_to_json(sbom: Sbom) -> dict[str, Any]:
    """Return a composition as the API takes it, lossless."""
    return {
        "occurrences": [_occurrence(one) for one in sbom.occurrences],
        "files": [{"file": file, "format": form, "components": count} for file, form, count in sbom.files],
        "unparsed": [
            {"file": gap.file, "because": gap.because} | ({"line": gap.line} if gap.line else {})
            for gap in sbom.unparsed
        ],
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
        "locations": [{"file": place.file} | ({"line": place.line} if place.line else {}) for place in one.locations],
        "direct": one.direct,
        "path": list(one.path),
        "scope": one.scope.value,
    }


def host_to_json(facts: HostFacts, sbom: Sbom, environment: str, lease_s: float) -> dict[str, Any]:
    """Return a collector's report as the API takes it."""
    return {
        "name": facts.name,
        "machine_id": facts.machine_id,
        "os": facts.os,
        "kernel": facts.kernel,
        "architecture": facts.architecture,
        "environment": environment,
        "lease_s": lease_s,
        "sbom": composition_to_json(sbom),
    }
