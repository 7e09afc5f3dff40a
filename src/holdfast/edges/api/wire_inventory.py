"""Wire types of what runs where."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from holdfast.edges.api.wire import Answer, Identifier, Instant, Name, Question, Text, Tier
from holdfast.model.component import Scope, Source
from holdfast.model.inventory import Origin, Reach, Status

Share = Annotated[float, Meta(gt=0, le=1)]


class ServiceOut(Answer, frozen=True):
    """A service; `claimed` is false for one that was only seen running, `tier` 1 is the most important."""

    id: str
    name: str
    team: str | None
    tier: int | None
    reach: Reach = msgspec.field(name="exposure")
    claimed: bool
    declared_at: Instant


class ServiceDetail(Answer, frozen=True):
    """A service with its current declaration, `null` while it is unclaimed."""

    service: ServiceOut
    declaration: dict[str, Any] | None


class ServicePage(Answer, frozen=True):
    """Services by name."""

    items: list[ServiceOut]
    next: str | None


class GroupIn(Question, frozen=True):
    """A group; `parent` is the name of the group that it lies in."""

    parent: Name | None = None


class GroupOut(Answer, frozen=True):
    """A group; `parent` is an id."""

    id: str
    name: str
    parent: str | None


class GroupPage(Answer, frozen=True):
    """Groups by name."""

    items: list[GroupOut]
    next: str | None


class TeamIn(Question, frozen=True):
    """A team; `group` is the name of the group that it lies in."""

    group: Name | None = None


class TeamOut(Answer, frozen=True):
    """A team; `group` is an id."""

    id: str
    name: str
    group: str | None


class TeamPage(Answer, frozen=True):
    """Teams by name."""

    items: list[TeamOut]
    next: str | None


class EnvironmentIn(Question, frozen=True):
    """What an environment is. Exposure `unknown` counts as internet-facing, the careful side."""

    tier: Tier | None = None
    exposure: Reach = Reach.UNKNOWN


class EnvironmentOut(Answer, frozen=True):
    """An environment."""

    id: str
    name: str
    tier: int | None
    reach: Reach = msgspec.field(name="exposure")


class EnvironmentPage(Answer, frozen=True):
    """Environments by name."""

    items: list[EnvironmentOut]
    next: str | None


class LocationWire(Question, frozen=True):
    """A place in a file; `line` counts from 1, `owner` is the purl of the distribution's package it belongs to."""

    file: Annotated[str, Meta(min_length=1, max_length=4096)]
    line: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    owner: Annotated[str, Meta(max_length=4096)] = ""


class OccurrenceIn(Question, frozen=True):
    """A component in a composition. `direct` is `null` where it is not known; `path` leads to it from a direct one.

    `purl` must have a version where `source` is `registry`. What has no version, or is no purl, is named by
    `ecosystem`, `name` and `version` instead. `licenses` are SPDX expressions, or the names that its file gives.
    """

    purl: Annotated[str, Meta(max_length=2048)] | None = None
    ecosystem: Text | None = None
    name: Text | None = None
    version: Annotated[str, Meta(max_length=512)] = ""
    source: Source = Source.REGISTRY
    qualifiers: dict[str, str] = msgspec.field(default_factory=dict)
    source_package: Annotated[str, Meta(max_length=512)] = ""
    source_version: Annotated[str, Meta(max_length=512)] = ""
    locations: tuple[LocationWire, ...] = ()
    direct: bool | None = None
    path: tuple[str, ...] = ()
    scope: Scope = Scope.RUNTIME
    licenses: Annotated[tuple[Annotated[str, Meta(max_length=2048)], ...], Meta(max_length=100)] = ()


class FileWire(Question, frozen=True):
    """A dependency file that was read, its format, and how many components it has."""

    file: Annotated[str, Meta(min_length=1, max_length=4096)]
    format: Text
    components: Annotated[int, Meta(ge=0, le=2**31)]


class UnparsedWire(Question, frozen=True):
    """Something that was seen and not read; it makes a verdict unknown, never pass."""

    file: Annotated[str, Meta(max_length=4096)]
    because: Annotated[str, Meta(min_length=1, max_length=2000)]
    line: Annotated[int, Meta(ge=1, le=2**31)] | None = None


class OccurrencesIn(Question, frozen=True):
    """A composition in our own form: it keeps lines, gaps and directness that CycloneDX has no place for."""

    occurrences: Annotated[tuple[OccurrenceIn, ...], Meta(max_length=1_000_000)]
    files: tuple[FileWire, ...] = ()
    unparsed: tuple[UnparsedWire, ...] = ()


class ArtifactWire(Question, frozen=True):
    """Something that was built: `sha256:…`, its kind (`image`, `image-index`, `wheel`), its platform."""

    digest: Annotated[str, Meta(pattern=r"^[a-z0-9]+:[0-9a-f]{32,128}$")]
    kind: Text
    platform: Text | None = None


class ReleaseIn(Question, frozen=True):
    """A release as CI knows it.

    `sbom` is a CycloneDX JSON document (1.2 to 1.6) or `OccurrencesIn`; without one the composition is unknown, not
    safe. `manifest` is the text of `holdfast.yaml`: it claims the service and declares its plans.
    `min_compatible` is the oldest version that may run after this one, because of what it does to its data.
    """

    service: Name
    version: Text
    commit: Text | None = None
    built_at: Instant | None = None
    artifacts: Annotated[tuple[ArtifactWire, ...], Meta(max_length=1000)] = ()
    sbom: msgspec.Raw | UnsetType = UNSET
    manifest: Annotated[str, Meta(max_length=1 << 20)] | None = None
    min_compatible: Text | None = None


class ArtifactOut(Answer, frozen=True):
    """Something that was built."""

    digest: str
    kind: str
    platform: str | None


class ReleaseOut(Answer, frozen=True):
    """A release; `sbom` is the digest of its composition, `null` when none was given."""

    id: str
    service_id: str
    service: str
    version: str
    commit: str | None
    built_at: Instant | None
    recorded_at: Instant
    sbom: str | None
    artifacts: list[ArtifactOut]
    min_compatible: str | None = None


class ReleasePage(Answer, frozen=True):
    """Releases by id, which is the order in which they were registered."""

    items: list[ReleaseOut]
    next: str | None


class ReleaseRegistered(Answer, frozen=True):
    """The release, whether it is new, its service, and warnings about its plans."""

    release: ReleaseOut
    service: ServiceOut
    created: bool
    warnings: list[str]


class DeploymentIn(Question, frozen=True):
    """A deployment, naming its release by id, by artifact digest, or by service and version (and commit).

    Without `started_at` it starts now. `removed` with `service` alone says that the service is gone from the target.
    """

    environment: Name
    service: Name | None = None
    release: Identifier | None = None
    digest: Annotated[str, Meta(max_length=200)] | None = None
    version: Text | None = None
    commit: Text | None = None
    target: Name = "default"
    status: Status = Status.SUCCEEDED
    share: Share = 1.0
    started_at: Instant | None = None
    origin: Origin = Origin.CLAIMED


class StatusIn(Question, frozen=True):
    """How a deployment went."""

    status: Status
    share: Share | None = None


class DeploymentOut(Answer, frozen=True):
    """A release on a target; `ended_at` is derived: only a later successful one on that target ends it."""

    id: str
    service_id: str
    release_id: str | None
    environment: str
    target: str
    status: Status
    share: float
    started_at: Instant
    ended_at: Instant | None
    recorded_at: Instant
    origin: Origin


class DeploymentRecorded(Answer, frozen=True):
    """The deployment, whether it is new, and the deployments whose end it changed.

    `warnings` say that the gate let nothing of it go, where the policy wants a verdict.
    """

    deployment: DeploymentOut
    created: bool
    changed: list[str]
    warnings: list[str]


class RunningOut(Answer, frozen=True):
    """What occupies a target. `components` counts its composition, `null` without one; `gaps` were not read."""

    deployment: DeploymentOut
    service: str
    version: str
    components: int | None
    gaps: int


class RunningPage(Answer, frozen=True):
    """What occupies targets, by deployment id."""

    items: list[RunningOut]
    next: str | None


class HostIn(Question, frozen=True):
    """What a collector says of its machine; the next report renews the lease."""

    name: Text
    machine_id: Identifier
    os: Text
    kernel: Text
    architecture: Text
    sbom: msgspec.Raw
    environment: Name = "hosts"
    lease_s: Annotated[float, Meta(ge=10, le=604800)] = 900.0


class HostOut(Answer, frozen=True):
    """A machine under a lease; `sbom` is the digest of its packages."""

    id: str
    name: str
    environment: str
    os: str
    kernel: str
    architecture: str
    sbom: str
    first_seen_at: Instant
    seen_at: Instant
    lease_until: Instant


class HostPage(Answer, frozen=True):
    """Hosts by id."""

    items: list[HostOut]
    next: str | None
