"""What runs where: services, releases, artifacts, environments, targets, deployments, hosts."""

from datetime import datetime
from enum import StrEnum

from holdfast.model.frozen import frozen


class Reach(StrEnum):
    """Who can reach it; `unknown` counts as internet-facing, the careful side. The manifest's key is `exposure`."""

    INTERNET = "internet"
    INTERNAL = "internal"
    DEVELOPMENT = "development"
    UNKNOWN = "unknown"


@frozen
class Service:
    """What a team deploys. `claimed` is false for one that was only seen; `tier` 1 is the most important."""

    org: str
    id: str
    name: str
    team: str | None
    tier: int | None
    reach: Reach
    claimed: bool
    declared_at: datetime


@frozen
class Artifact:
    """A digest (`sha256:…`) with kind (`image`, `image-index`, `wheel`, …) and platform (`linux/amd64`)."""

    digest: str
    kind: str
    platform: str | None = None


@frozen
class Release:
    """(service, version, commit) with its artifacts. `sbom` is the digest of its SBOM; `None` when none was given.

    `min_compatible` is the oldest version that may run after this one did, because of what it does to its data; `None`
    when any may.
    """

    org: str
    id: str
    service_id: str
    service: str
    version: str
    commit: str | None
    built_at: datetime | None
    recorded_at: datetime
    sbom: str | None
    artifacts: tuple[Artifact, ...] = ()
    min_compatible: str | None = None


@frozen
class Environment:
    """A place releases run."""

    org: str
    id: str
    name: str
    tier: int | None
    reach: Reach


class Status(StrEnum):
    """How a deployment went. `removed` says that the service is no longer on the target."""

    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REMOVED = "removed"


class Origin(StrEnum):
    """Who says so: CI claims, a connector observes. Observation wins where they differ."""

    CLAIMED = "claimed"
    OBSERVED = "observed"


@frozen
class Deployment:
    """A release on a target from `started_at` to `ended_at` (valid time), learnt at `recorded_at`.

    `share` is the part of the target's traffic or instances, above 0 and up to 1.
    `release_id` is `None` only for `removed`.
    `ended_at` is derived, never given: see `facts.inventory.occupancy`.
    """

    org: str
    id: str
    service_id: str
    release_id: str | None
    environment: str
    target: str
    status: Status
    share: float
    started_at: datetime
    ended_at: datetime | None
    recorded_at: datetime
    origin: Origin = Origin.CLAIMED


@frozen
class Host:
    """A machine under a lease; what it runs stands in its host states."""

    org: str
    id: str
    name: str
    environment: str
    os: str
    kernel: str
    architecture: str
    sbom: str
    first_seen_at: datetime
    seen_at: datetime
    lease_until: datetime


@frozen
class HostFacts:
    """What a collector says of its machine. `os` is OSV's ecosystem (`Debian:12`), else `ID:VERSION_ID`."""

    name: str
    machine_id: str
    os: str
    kernel: str
    architecture: str
