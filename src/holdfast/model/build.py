"""Builds that a gate decided about, and the policies they were decided by."""

from datetime import datetime
from enum import StrEnum

from holdfast.model.frozen import frozen


class Answer(StrEnum):
    """What a gate says."""

    PASS = "pass"  # noqa: S105 - no password
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """What a build is compared with: a change's merge base, what a release replaces, what was accepted, nothing."""

    CHANGE = "change"
    RELEASE = "release"
    INHERITED = "inherited"
    NOTHING = "nothing"


class Mode(StrEnum):
    """How strict a gate is: `observe` records what it would have said."""

    OBSERVE = "observe"
    WARN = "warn"
    BLOCK = "block"


class Level(StrEnum):
    """Whose policy it is, the highest first."""

    ORG = "org"
    GROUP = "group"
    SERVICE = "service"


@frozen
class PolicyText:
    """One version of a level's policy as it was written. `subject` is a group's or service's id, empty for the org.

    An empty `document` took the policy away. `digest` is `sha256:…` of the text, `by` an opaque id.
    """

    org: str
    level: Level
    subject: str
    version: int
    document: str
    digest: str
    at: datetime
    by: str


@frozen
class Override:
    """Somebody let a build go that a gate held: who (opaque), when, and the reason."""

    by: str
    at: datetime
    reason: str


@frozen
class Build:
    """One decision of a gate, as it was made.

    `source` and `target` are branches or whatever the pipeline calls them. `policy` is (level, digest), `snapshot` is
    (ecosystem, when its feed was synced, in microseconds). `release_id` is known once the build became a release.
    `team` is whose service it was then. `sbom` is the digest of the composition that was judged, `artifact` that of
    what was built (`sha256:…`), where the pipeline said so. `took_s` is from the question to the answer.
    `for_change` says that a run for a change under review asked, by who it is.
    """

    org: str
    id: str
    service_id: str
    service: str
    at: datetime
    by: str
    basis: Basis
    answer: Answer
    would_be: Answer
    mode: Mode
    score: float
    base_score: float | None
    bar: float
    blocking: int
    warnings: int
    waived: int
    unknown: int
    existing: int
    reasons: tuple[str, ...]
    policy: tuple[tuple[str, str], ...]
    snapshot: tuple[tuple[str, int], ...] = ()
    commit: str | None = None
    source: str = ""
    target: str = ""
    environment: str = ""
    release_id: str | None = None
    override: Override | None = None
    ci: str = ""
    team: str = ""
    sbom: str | None = None
    artifact: str | None = None
    took_s: float | None = None
    for_change: bool = False

    @property
    def passed_at(self) -> datetime | None:
        """Since when it may ship: it passed, or somebody let it go; `None` while it is held."""
        if self.answer is Answer.PASS:
            return self.at
        return self.override.at if self.override else None


@frozen
class BuildPoint:
    """What figures need of a build."""

    service: str
    team: str
    at: datetime
    answer: Answer
    overridden: bool
    score: float
    took_s: float | None


@frozen
class BuildFilter:
    """Which builds; `None` is all. `held` are those that did not pass and that nobody let go."""

    service_id: str | None = None
    team: str | None = None
    answer: Answer | None = None
    held: bool = False
    overridden: bool = False
