"""Findings for tests of the gate."""

from datetime import UTC, datetime

from holdfast.model.advisory import Severity
from holdfast.model.component import Component, Location, Occurrence, Scope
from holdfast.model.finding import Finding, Kind
from holdfast.model.fix import Fix

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def finding(
    name: str = "CVE-2026-1",
    *,
    package: str = "left-pad",
    version: str = "1.0.0",
    cvss: float | None = 9.8,
    fix: str | None = "2.0.0",
    scope: Scope = Scope.RUNTIME,
    kind: Kind = Kind.VULNERABILITY,
    aliases: tuple[str, ...] = (),
    **fields: object,
) -> Finding:
    """Return a finding in an npm package."""
    occurrence = Occurrence(Component("npm", package, version), (Location("package-lock.json", 7),), True, (), scope)
    return Finding(
        kind,
        name,
        tuple(sorted({name, *aliases})),
        severity=None if cvss is None else Severity(cvss, None),
        occurrence=occurrence,
        fix=Fix(fix, package, f"npm install {package}@{fix}", None) if fix else None,
        **fields,  # type: ignore[arg-type]  # checked by the dataclass
    )
