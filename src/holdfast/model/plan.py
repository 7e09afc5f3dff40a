"""Plans written before release, and the runs that execute them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Autonomy(StrEnum):
    """The ladder. What a rung does not allow falls to the one below."""

    OBSERVE = "observe"
    SUGGEST = "suggest"
    APPROVE_1 = "approve-1"
    AUTO = "auto"


class Coverage(StrEnum):
    """How much of the hole a plan closes. Only `full` with a black-box probe stops the clock."""

    FULL = "full"
    PARTIAL = "partial"
    CLIENT_ONLY = "client-only"


@dataclass(frozen=True, slots=True)
class Feature:
    """A part of a service behind a flag. `covers` are purls without version, or path globs."""

    name: str
    flag: str
    safe: str
    covers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One action with its arguments, sorted pairs of strings."""

    action: str
    arguments: tuple[tuple[str, str], ...]

    def argument(self, name: str) -> str | None:
        """Return an argument's value, `None` when it is not given."""
        return dict(self.arguments).get(name)


@dataclass(frozen=True, slots=True)
class Probe:
    """A black-box look at the application: an HTTP request, and what must hold of the answer.

    `expect_json` are (JSON pointer, JSON text of the expected value); `expect_text` must occur in the body.
    Probing goes on every `interval_s` until it holds or `deadline_s` is over.
    """

    kind: str
    url: str
    method: str = "GET"
    expect_status: int = 200
    expect_json: tuple[tuple[str, str], ...] = ()
    expect_text: str | None = None
    interval_s: float = 0.2
    deadline_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A mitigation declared before release. `when` is CEL text with its place in the manifest."""

    id: str
    when: str
    when_line: int
    when_column: int
    steps: tuple[Step, ...]
    coverage: Coverage | None
    verify: tuple[Probe, ...]
    autonomy: tuple[tuple[str, Autonomy], ...]
    """(environment name or `default`, rung)."""

    def level(self, environment: str) -> Autonomy:
        """The rung in that environment; `observe` where nothing is said."""
        rungs = dict(self.autonomy)
        return rungs.get(environment, rungs.get("default", Autonomy.OBSERVE))


@dataclass(frozen=True, slots=True)
class Drill:
    """A rehearsal that the manifest asks for; carried out by a later capability, checked when declared."""

    plan: str
    every: str
    level: str


@dataclass(frozen=True, slots=True)
class ServiceManifest:
    """One service as `holdfast.yaml` declares it."""

    name: str
    paths: tuple[str, ...]
    team: str | None
    tier: int | None
    reach: str
    features: tuple[Feature, ...]
    plans: tuple[Plan, ...]
    drills: tuple[Drill, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole `holdfast.yaml`."""

    file: str
    services: tuple[ServiceManifest, ...]


class RunState(StrEnum):
    """The life of a run. `observed`, `rejected`, `failed` and `undone` are its ends; `effective` waits to be lifted."""

    OBSERVED = "observed"
    SUGGESTED = "suggested"
    AWAITING = "awaiting_approval"
    APPROVED = "approved"
    ACTING = "acting"
    VERIFYING = "verifying"
    EFFECTIVE = "effective"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"
    REJECTED = "rejected"


class StepState(StrEnum):
    """`intent` is written before acting; after a crash the probe decides what became of it."""

    PENDING = "pending"
    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class RunStep:
    """A step of a run; `key` is its idempotency key, `detail` what was read back or what went wrong."""

    number: int
    step: Step
    key: str
    state: StepState
    at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a plan for one exposure. The plan is frozen in it; `held` says which guard holds it back."""

    org: str
    id: str
    exposure: str
    service_id: str
    service: str
    environment: str
    plan: Plan
    plan_digest: str
    state: RunState
    level: Autonomy
    steps: tuple[RunStep, ...]
    created_at: datetime
    requested_by: str
    approved_by: str | None = None
    held: str | None = None
    proof: str | None = None
    updated_at: datetime | None = None
    released: bool = False
    """True once the exposure that it guards has ended and the run must be undone."""


@dataclass(frozen=True, slots=True)
class FlagDefinition:
    """A flag in flagd's JSON model; `definition` is the JSON text of the flag, kept to the bit."""

    org: str
    environment: str
    key: str
    definition: str
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Overlay:
    """Forces one variant of a flag while it is not lifted. Overlays stack; a flag returns when all are lifted."""

    org: str
    id: str
    environment: str
    flag: str
    variant: str
    reason: str
    run: str | None
    created_at: datetime
    lifted_at: datetime | None = None
