"""What the use cases are asked to do: values without ids, as a caller knows them."""

from datetime import datetime, timedelta

from holdfast.model.component import Sbom
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Artifact, Deployment, HostFacts, Origin, Reach, Release, Service, Status
from holdfast.model.plan import ServiceManifest

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours another machine's clock may be before we call it an error."""


@frozen
class ReleaseRequest:
    """A release as CI knows it. `manifest` claims the service; a missing `sbom` is unknown, not safe.

    `min_compatible` is the oldest version that may run after this one, because of its data.
    """

    service: str
    version: str
    commit: str | None = None
    built_at: datetime | None = None
    artifacts: tuple[Artifact, ...] = ()
    sbom: Sbom | None = None
    manifest: ServiceManifest | None = None
    min_compatible: str | None = None


@frozen
class ReleaseOutcome:
    """The release, whether it is new, and warnings about its plans (errors are raised)."""

    release: Release
    service: Service
    created: bool
    warnings: tuple[str, ...] = ()


@frozen
class DeploymentRequest:
    """A deployment, naming its release by id, artifact digest, or service with version (and commit).

    `started_at` is when it began to run; `None` is now. `id` changes the status of a known deployment.
    """

    environment: str
    service: str | None = None
    release: str | None = None
    digest: str | None = None
    version: str | None = None
    commit: str | None = None
    target: str = "default"
    status: Status = Status.SUCCEEDED
    share: float = 1.0
    started_at: datetime | None = None
    origin: Origin = Origin.CLAIMED
    id: str | None = None


@frozen
class DeploymentOutcome:
    """The deployment with its derived end, whether it is new, and the ids of deployments whose end it changed.

    `warnings` say that the gate let nothing of it go, where a verdict is needed.
    """

    deployment: Deployment
    created: bool
    changed: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@frozen
class HostRequest:
    """What a collector says of its machine; the lease is renewed by the next report."""

    facts: HostFacts
    sbom: Sbom
    environment: str = "hosts"
    lease_s: float = 900.0


@frozen
class EnvironmentRequest:
    """What an environment is."""

    name: str
    tier: int | None = None
    reach: Reach = Reach.UNKNOWN
