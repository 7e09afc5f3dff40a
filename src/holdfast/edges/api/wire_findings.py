"""Wire types of advisories, their impact, and exposures."""

from typing import Any

from holdfast.edges.api.wire import Answer, EntryOut, Instant
from holdfast.edges.api.wire_mitigations import RunOut
from holdfast.model.advisory import PackageState
from holdfast.model.exposure import Ending, State
from holdfast.model.inventory import Reach
from holdfast.model.vex import VexStatus
from holdfast.model.waiver import Status


class LocationOut(Answer, frozen=True):
    """A place in a file."""

    file: str
    line: int | None


class PushOut(Answer, frozen=True):
    """What a pushed record did: `exposures` are those that changed, `matched` how many live ones its cluster has."""

    advisory: str
    changed: bool
    cluster: str
    exposures: list[str]
    matched: int
    problems: list[str]


class PushFailure(Answer, frozen=True):
    """A record of a list that is none; the others were taken."""

    index: int
    detail: str
    where: str | None


class PushPage(Answer, frozen=True):
    """What a list of records did, in its order."""

    items: list[PushOut]
    failures: list[PushFailure]


class AdvisoryOut(Answer, frozen=True):
    """A record as it is kept now; `record` is the OSV document, `aliases` every id of its cluster."""

    id: str
    cluster: str
    aliases: list[str]
    modified: Instant | None
    published: Instant | None
    withdrawn: Instant | None
    recorded_at: Instant
    summary: str
    severity: float | None
    vector: str | None
    revision: int
    record: dict[str, Any]


class ImpactOut(Answer, frozen=True):
    """One running instance that is affected, since when it runs, and how the component came there."""

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
    since: Instant
    direct: bool | None
    path: list[str]
    scope: str
    locations: list[LocationOut]
    team: str | None
    tier: int | None
    confidence: str


class ImpactPageOut(Answer, frozen=True):
    """Instances by service, environment, target and package; `total` is the exact count of all.

    `unknown` counts the running places that could not be judged in full: without a composition, or with parts not read.
    """

    items: list[ImpactOut]
    next: str | None
    total: int
    unknown: int


class SubjectOut(Answer, frozen=True):
    """What a finding is about: `kind` is `service` or `host`."""

    kind: str
    id: str
    name: str


class ClocksOut(Answer, frozen=True):
    """The raw instants; `null` has not happened or is not known."""

    introduced_at: Instant | None
    disclosed_at: Instant | None
    applicable_at: Instant | None
    detected_at: Instant
    watched_since: Instant
    acted_at: Instant | None
    mitigated_at: Instant | None
    lifted_at: Instant | None
    fixed_at: Instant | None
    resolved_at: Instant | None
    waived_at: Instant | None
    cleared_at: Instant | None


class RiskOut(Answer, frozen=True):
    """What ranks it; `null` is not known."""

    severity: float | None
    vector: str | None
    known_exploited: bool | None
    epss: float | None
    reach: Reach
    fix_version: str | None


class SaidOut(Answer, frozen=True):
    """The VEX statement that counts, of the document kept as `document`; `digest` is of its text, `at` the statement's.

    `void` is why it clears nothing although it would; `others` differ and do not count, in words.
    """

    status: VexStatus
    document: str
    digest: str
    author: str
    reason: str
    impact: str
    action: str
    response: list[str]
    at: Instant | None
    void: list[str]
    others: list[str]


class WaivingOut(Answer, frozen=True):
    """The waiver that speaks of it, in force until `expires_at` where `void` is empty; else `void` is why it is not.

    `owner` and `approved_by` are opaque ids. Of several that cover it together it is the one that ends first.
    """

    id: str
    status: Status
    reason: str
    statement: str
    owner: str
    approved_by: str
    signed_at: Instant
    expires_at: Instant
    void: list[str]


class FindingOut(Answer, frozen=True):
    """A finding in an environment: one episode of it, with its life and its clocks.

    `kind` is `vulnerability`, or `deployment` where no passing verdict of the gate allowed what runs. `package_state`
    is how the package's distribution says that it stands, `null` where it is of none. `said` is what VEX documents say
    of all of it that runs, `null` where none does; where that clears it, `state` is `cleared`. `waiver` is that of all
    of it that runs, `null` without one; while it is in force, `state` is `waived`.
    """

    id: str
    kind: str
    fingerprint: str
    episode: int
    subject: SubjectOut
    environment: str
    ecosystem: str
    name: str
    cluster: str
    advisories: list[str]
    versions: list[str]
    state: State
    clocks: ClocksOut
    risk: RiskOut
    backlog: bool
    team: str | None
    tier: int | None
    direct: bool | None
    path: list[str]
    locations: list[LocationOut]
    confidence: str
    ending: Ending | None
    summary: str
    releases: list[str]
    package_state: PackageState | None
    said: SaidOut | None
    waiver: WaivingOut | None


class FindingPage(Answer, frozen=True):
    """Findings by rank; `total` is the exact count of all."""

    items: list[FindingOut]
    next: str | None
    total: int


class EditOut(Answer, frozen=True):
    """The line as it is, and as it should be."""

    before: str
    after: str


class FixOut(Answer, frozen=True):
    """The way out: the smallest version that no known advisory touches, what to raise, what to type, and where."""

    version: str
    raise_name: str
    command: str | None
    location: LocationOut | None
    edit: EditOut | None
    note: str


class FindingDetail(Answer, frozen=True):
    """A finding with what explains it: its advisories, the fix, its runs, and what the journal says about it.

    `since` is when it could first be used, `reasons` why it ranks where it does, `contradictions` instants of it that
    cannot both be. `fix` is `null` where no version is known that nothing touches.
    """

    finding: FindingOut
    since: Instant
    reasons: list[str]
    contradictions: list[str]
    advisories: list[AdvisoryOut]
    fix: FixOut | None
    runs: list[RunOut]
    timeline: list[EntryOut]
