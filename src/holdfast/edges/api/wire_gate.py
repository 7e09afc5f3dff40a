"""Wire types of the gate: policies, waivers, builds."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from holdfast.edges.api.wire import LINE, Answer, Identifier, Instant, Question, Text
from holdfast.model.build import Answer as Verdict
from holdfast.model.build import Basis, Level, Mode
from holdfast.model.waiver import Status

Document = Annotated[str, Meta(max_length=128 * 1024)]
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=LINE)]
Digest = Annotated[str, Meta(max_length=200, pattern=r"^[a-z0-9]{2,16}:[0-9a-f]{32,128}$")]
Line = Annotated[str, Meta(max_length=512, pattern=LINE)]


class PolicyIn(Question, frozen=True):
    """A policy as YAML."""

    document: Document


class PolicyOut(Answer, frozen=True):
    """One version of a level's policy; an empty `document` took it away."""

    level: Level
    subject: str
    version: int
    document: str
    digest: str
    at: Instant
    by: str


class PolicyPage(Answer, frozen=True):
    """Policies, the highest level first, all in one page; `refused` is what a lower level would loosen and may not."""

    items: list[PolicyOut]
    next: str | None
    refused: list[str]


class PolicyTestIn(Question, frozen=True):
    """A policy to be tried on the builds of the last days, in the place of a level's."""

    document: Document
    level: Level = Level.ORG
    subject: Line = ""
    days: Annotated[float, Meta(gt=0, le=366)] = 30.0


class ReplayedOut(Answer, frozen=True):
    """One build under the policy that is tried."""

    build: str
    service: str
    at: Instant
    was: Verdict
    would_be: Verdict
    caught: list[str]
    reasons: list[str]


class PolicyTestOut(Answer, frozen=True):
    """What the policy would have done; `lost` builds could not be decided again."""

    since: Instant
    builds: int
    newly_held: int
    newly_passed: int
    lost: int
    more: bool
    services: dict[str, int]
    decided: list[ReplayedOut]


class BuildIn(Question, frozen=True):
    """A build to be judged. `base` is the composition of the merge base; without one, what `environment` runs.

    `waivers` and `policy` are the texts of the base revision; `policy` can only tighten. `reported` is what other tools
    say of it, as `holdfast gate --findings` read it.
    """

    service: Identifier
    sbom: msgspec.Raw
    base: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    reported: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    environment: Line = ""
    commit: Text | None = None
    source: Line = ""
    target: Line = ""
    ci: Line = ""
    waivers: Document = ""
    policy: Document = ""
    artifact: Digest | None = None
    notes: Annotated[list[Annotated[str, Meta(max_length=1000)]], Meta(max_length=50)] = field(default_factory=list)


class OverrideIn(Question, frozen=True):
    """Why a build is let go that the gate held."""

    reason: Reason


class OverrideOut(Answer, frozen=True):
    """Who let it go, when and why."""

    by: str
    at: Instant
    reason: str


class BuildOut(Answer, frozen=True):
    """One decision of the gate, as it was made."""

    id: str
    service: str
    service_id: str
    at: Instant
    by: str
    basis: Basis
    answer: Verdict
    would_be: Verdict
    mode: Mode
    score: float
    base_score: float | None
    bar: float
    blocking: int
    warnings: int
    waived: int
    unknown: int
    existing: int
    reasons: list[str]
    policy: list[tuple[str, str]]
    commit: str | None
    source: str
    target: str
    environment: str
    ci: str
    release_id: str | None
    override: OverrideOut | None
    team: str
    sbom: str | None
    artifact: str | None
    took_s: float | None
    for_change: bool


class BuildDecided(Answer, frozen=True):
    """A build, the `holdfast.gate/1` document of its decision, and the decision in full."""

    build: BuildOut
    document: dict[str, Any]
    decision: msgspec.Raw


class BuildPage(Answer, frozen=True):
    """Builds, newest first."""

    items: list[BuildOut]
    next: str | None


class FigureOut(Answer, frozen=True):
    """The figures of a week, whose first day is `since`, or of a group with its name (empty where it is not known)."""

    name: str | None
    since: Instant
    builds: int
    blocked: int
    unknown: int
    overridden: int
    block_rate: float | None
    override_rate: float | None
    score_p50: float | None
    took_p50_s: float | None
    took_p90_s: float | None


class BuildFigures(Answer, frozen=True):
    """How often the gate held builds, how often somebody let one go, how they scored, how long it took to decide.

    Rates and percentiles are `null` without builds. `weeks` begin on Monday, UTC; `more` says that only the newest
    50,000 were counted.
    """

    since: Instant
    builds: int
    blocked: int
    unknown: int
    overridden: int
    block_rate: float | None
    override_rate: float | None
    score_p50: float | None
    took_p50_s: float | None
    took_p90_s: float | None
    weeks: list[FigureOut]
    groups: list[FigureOut]
    more: bool


class BoundIn(Question, frozen=True):
    """A bound of versions: `=`, `<`, `<=`, `>` or `>=`, and the version."""

    operator: Annotated[str, Meta(pattern=r"^(=|<|<=|>|>=)$")]
    version: Text


class WaiverIn(Question, frozen=True):
    """What is to be waived; `package` is a purl without version, and left out for what is in no package."""

    finding: Text
    service: Identifier
    status: Status
    reason: Reason
    expires_at: Instant
    statement: Annotated[str, Meta(max_length=2000)] = ""
    package: Text | None = None
    versions: Annotated[list[BoundIn], Meta(max_length=10)] = field(default_factory=list)


class WithdrawIn(Question, frozen=True):
    """Why a waiver ends before its time."""

    reason: Reason


class WaiverOut(Answer, frozen=True):
    """A waiver that the server keeps; without `approved_by` it waives nothing yet."""

    id: str
    finding: list[str]
    service: str
    service_id: str
    status: Status
    reason: str
    statement: str
    ecosystem: str
    package: str
    versions: list[tuple[str, str]]
    owner: str
    approved_by: str | None
    created_at: Instant
    signed_at: Instant
    expires_at: Instant
    ended_at: Instant | None
    known_exploited: bool
    fix_version: str | None


class WaiverPage(Answer, frozen=True):
    """Waivers, newest first."""

    items: list[WaiverOut]
    next: str | None
