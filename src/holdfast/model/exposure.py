"""Findings in environments, with their life and their clocks."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum

from holdfast.model.advisory import PackageState
from holdfast.model.component import Location
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Reach
from holdfast.model.vex import VexStatus
from holdfast.model.waiver import Status

DEPLOYMENT = "deployment"
"""The ecosystem of what is wrong with a deployment itself."""


class State(StrEnum):
    """The life of an exposure. `regressed` is open again: after being resolved, or a mitigation lifted too early.

    `cleared` still runs, and a VEX document that counts here says that it is not affected.
    """

    OPEN = "open"
    MITIGATED = "mitigated"
    REGRESSED = "regressed"
    RESOLVED = "resolved"
    WAIVED = "waived"
    CLEARED = "cleared"


class Ending(StrEnum):
    """Why it ended. Only `fixed` is a repair; the others are competing ends."""

    FIXED = "fixed"
    DECOMMISSIONED = "decommissioned"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


@frozen
class Clocks:
    """The raw instants. Nothing here is a duration, nothing is clamped; `None` has not happened or is not known."""

    introduced_at: datetime | None
    disclosed_at: datetime | None
    applicable_at: datetime | None
    detected_at: datetime
    watched_since: datetime
    acted_at: datetime | None = None
    mitigated_at: datetime | None = None
    lifted_at: datetime | None = None
    fixed_at: datetime | None = None
    resolved_at: datetime | None = None
    waived_at: datetime | None = None
    cleared_at: datetime | None = None


@frozen
class Subject:
    """What a finding is about: `kind` is `service` or `host`."""

    kind: str
    id: str
    name: str


@frozen
class Spoken:
    """What VEX documents say of an exposure: the statement that counts, of the document that is kept as `document`.

    `reason` is its justification, `impact` why in a sentence, `action` what to do, `response` what its author does.
    `void` is why it clears nothing although it would. `others` say another thing and do not count, in words.
    """

    status: VexStatus
    document: str
    digest: str
    author: str
    reason: str = ""
    impact: str = ""
    action: str = ""
    response: tuple[str, ...] = ()
    at: datetime | None = None
    void: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def clears(self) -> bool:
        """Whether there is nothing to mend."""
        return self.status.clears and not self.void


@frozen
class Waiving:
    """The waiver that speaks of an exposure: in force until `expires_at`, or `void`, which says why it does not hold.

    `owner` and `approved_by` are opaque ids; the latter is empty until somebody approved it. Of several that cover it
    together it is the one that ends first.
    """

    id: str
    status: Status
    reason: str
    owner: str
    approved_by: str
    signed_at: datetime
    expires_at: datetime
    statement: str = ""
    void: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is in force."""
        return not self.void


@frozen
class Risk:
    """What ranks an exposure. `None` is "not known" and shown as such."""

    severity: float | None = None
    vector: str | None = None
    known_exploited: bool | None = None
    epss: float | None = None
    reach: Reach = Reach.UNKNOWN
    fix_version: str | None = None


@frozen
class Exposure:
    """A finding in an environment, one episode of it.

    `cluster` is the opaque id of the alias cluster, `advisories` every record in it. `versions` are the affected
    versions running now (or last, when resolved); `fingerprint` is the versioned identity (`1:…`).
    `backlog` marks what already existed when watching began.
    """

    org: str
    id: str
    fingerprint: str
    episode: int
    subject: Subject
    environment: str
    ecosystem: str
    name: str
    cluster: str
    advisories: tuple[str, ...]
    versions: tuple[str, ...]
    state: State
    clocks: Clocks
    risk: Risk
    backlog: bool
    team: str | None = None
    tier: int | None = None
    direct: bool | None = None
    path: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()
    confidence: str = "high"
    ending: Ending | None = None
    summary: str = ""
    releases: tuple[str, ...] = field(default=())
    package_state: PackageState | None = None
    """How its distribution says the package stands, the least hopeful of the versions that run; `None` where none is
    asked: a language package, a deployment."""
    said: Spoken | None = None
    """What VEX documents say of all of it that runs; `None` where none speaks of it."""
    waiver: Waiving | None = None
    """The waiver of all of it that runs; `None` where none speaks of it."""
    source_package: str = ""
    """What its package was built from, where that has another name; advisories may go by it."""
    drill: str | None = None
    """The drill that made it, of a synthetic finding; such an exposure never enters real figures."""

    @property
    def kind(self) -> str:
        """What it is about: a `vulnerability` in what runs, or the `deployment` itself, which no verdict allowed."""
        is_deployment = self.ecosystem == DEPLOYMENT and self.cluster.startswith("deployment:")
        return DEPLOYMENT if is_deployment else "vulnerability"

    @property
    def is_live(self) -> bool:
        """Whether the bad thing still runs."""
        return self.state is not State.RESOLVED


@frozen
class Span:
    """An affected component ran somewhere for a while: the raw material of exposures.

    `started_at`/`ended_at` are valid time. `recorded_at` is when the running was learnt. `advisory` is one record's id.
    """

    subject: Subject
    environment: str
    target: str
    release_id: str
    ecosystem: str
    name: str
    version: str
    cluster: str
    advisory: str
    started_at: datetime
    ended_at: datetime | None
    recorded_at: datetime
    applicable_at: datetime | None = None
    direct: bool | None = None
    path: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()
    confidence: str = "high"
    package: str = ""
    """The name that advisories use, where it is not `name` (a distribution's source package)."""
    package_version: str = ""
    qualifiers: tuple[tuple[str, str], ...] = ()
    """Those of the component: `arch`, `distro`, `epoch`."""
