"""What was there when a service came under the gate: accepted once, by somebody who may."""

from datetime import datetime

from holdfast.model.frozen import frozen


@frozen
class InheritedFinding:
    """One finding that was accepted. `keys` are what it is recognized by (`Finding.keys`), sorted.

    `since` is when it was first accepted: accepting again starts no clock anew. `due_at` is by when it was to be
    repaired by what was known then, `None` without a date.
    """

    kind: str
    id: str
    purl: str | None
    keys: tuple[tuple[str, ...], ...]
    since: datetime
    due_at: datetime | None = None


@frozen
class Inherited:
    """The first accepted scan of a service. `sbom` is the digest of its composition, `gaps` are ids of what could not
    be told of it, `accepted_by` an opaque id.
    """

    org: str
    service_id: str
    sbom: str
    accepted_at: datetime
    accepted_by: str
    findings: tuple[InheritedFinding, ...] = ()
    gaps: tuple[str, ...] = ()

    def overdue(self, now: datetime) -> tuple[InheritedFinding, ...]:
        """Return what is past its date."""
        return tuple(one for one in self.findings if one.due_at is not None and now > one.due_at)
