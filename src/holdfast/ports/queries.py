"""Questions that pages, API and terminal ask; answered by the store in one query each, paged by key."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Protocol

from holdfast.model.advisory import Interval, Pairwise
from holdfast.model.component import Location, Unparsed
from holdfast.model.exposure import Exposure
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Deployment, Host, Release, Service


@frozen
class ImpactRow:
    """One running instance that is affected. `deployment` is a deployment's id, or a host state's."""

    subject_kind: str
    subject_id: str
    subject: str
    environment: str
    target: str
    deployment: str
    release: str
    version: str
    purl: str
    component: str
    component_version: str
    advisory: str | None
    since: datetime
    direct: bool | None
    path: tuple[str, ...]
    scope: str
    locations: tuple[Location, ...]
    team: str | None
    tier: int | None
    confidence: str


@frozen
class ImpactPage:
    """A page with the exact count of all rows; `next` is the cursor, `None` on the last page.

    `unknown` counts the places that run (deployments and hosts) of which nobody can tell in full: their composition is
    missing, or has parts that were not read.
    """

    rows: tuple[ImpactRow, ...]
    total: int
    next: str | None
    unknown: int = 0


@frozen
class Running:
    """What occupies a target at an instant. `components` counts its SBOM; `None` without one."""

    deployment: Deployment
    service: Service
    release: Release
    components: int | None
    unparsed: tuple[Unparsed, ...]


@frozen
class RunningHost:
    """A host with its composition's size."""

    host: Host
    components: int
    unparsed: tuple[Unparsed, ...]


@frozen
class ExposureFilter:
    """What to list; empty means all. Values within a field are alternatives. `drills` lists what drills made, too."""

    states: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    text: str | None = None
    min_severity: float | None = None
    known_exploited: bool | None = None
    fix_available: bool | None = None
    kind: str | None = None
    backlog: bool | None = None
    drills: bool = False
    package_states: tuple[str, ...] = ()


@frozen
class ExposurePage:
    """Exposures by rank, with exact count."""

    rows: tuple[Exposure, ...]
    total: int
    next: str | None


@frozen
class Coverage:
    """Running components by ecosystem (with release suffix), split by whether they can be matched."""

    ecosystem: str
    source: str
    components: int


@frozen
class Counts:
    """Sizes for the front page."""

    services: int
    unclaimed: int
    releases: int
    environments: int
    deployments: int
    hosts: int
    components: int
    by_state: Mapping[str, int] = field(default_factory=dict)


@frozen
class Undecided:
    """A component that a record names without saying which versions it affects: nobody knows whether it is."""

    advisory: str
    name: str
    version: str


class Queries(Protocol):
    """Read models."""

    def impact(
        self,
        intervals: Sequence[tuple[str | None, Interval]],
        pairwise: Sequence[tuple[str | None, Pairwise]],
        *,
        as_of: datetime | None,
        after: str | None,
        limit: int,
        packages: Sequence[tuple[str, str, str]] = (),
    ) -> ImpactPage:
        """Return what runs (at `as_of`, else now) inside the intervals, by (service, environment, target, purl).

        `packages` are (ecosystem, name, version) of a distribution's packages that go by their own name here, although
        advisories know them by their source package's.
        """
        ...

    def running(
        self, as_of: datetime | None = None, service: str | None = None
    ) -> tuple[Sequence[Running], Sequence[RunningHost]]:
        """Return what occupies every target at an instant, and the hosts then."""
        ...

    def exposures(
        self, where: ExposureFilter, *, as_of: datetime | None, after: str | None, limit: int
    ) -> ExposurePage:
        """Return current episodes by rank; with `as_of`, those that were live then in valid and record time."""
        ...

    def coverage(self, service_id: str | None = None) -> Sequence[Coverage]:
        """Return what runs now by ecosystem and source, all or one service's or host's."""
        ...

    def undecided(self, *, running: bool) -> Mapping[str, Sequence[Undecided]]:
        """Return digest → what of a composition records name without versions; `running` leaves out what is not now."""
        ...

    def counts(self) -> Counts:
        """Return sizes."""
        ...
