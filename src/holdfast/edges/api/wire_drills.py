"""Wire types of drills."""

from typing import Annotated

from msgspec import Meta

from holdfast.edges.api.wire import Answer, Identifier, Instant, Question
from holdfast.edges.api.wire_mitigations import PredictionOut
from holdfast.model.drill import DrillLevel, DrillOutcome
from holdfast.model.plan import Autonomy

Envelope = Annotated[str, Meta(min_length=1, max_length=1 << 20)]


class DrillIn(Question, frozen=True):
    """What to rehearse. What is left out is chosen: the declared plan and level, the most critical environment.

    `faults` are injected on the way: `engine-killed`, `stream-cut`, `database-restarted`, `token-expired`,
    `target-429`, `target-500`, `target-silent`.
    """

    service: Identifier
    plan: Identifier | None = None
    environment: Identifier | None = None
    level: DrillLevel | None = None
    faults: Annotated[list[Identifier], Meta(max_length=10)] = []  # noqa: RUF012 - msgspec copies it


class DrillStepOut(Answer, frozen=True):
    """One look of a drill: whether it held, what was seen, how long it took."""

    name: str
    passed: bool
    detail: str
    started_at: Instant
    took_s: float


class DrillOut(Answer, frozen=True):
    """One drill of one plan in one environment; `inputs` is name → sha256 of what its outcome depends on."""

    id: str
    service_id: str
    service: str
    environment: str
    plan: str
    plan_digest: str
    level: DrillLevel
    outcome: DrillOutcome
    started_at: Instant
    ended_at: Instant | None
    requested_by: str
    inputs: dict[str, str]
    steps: list[DrillStepOut]
    mitigate_s: float | None
    propagation_s: float | None
    faults: list[str]
    because: str | None


class DrillPage(Answer, frozen=True):
    """Drills, newest first."""

    items: list[DrillOut]
    next: str | None


class StandingOut(Answer, frozen=True):
    """What drills say of a plan in an environment. `declared` is its rung, `applies` the one it has now."""

    environment: str
    readiness: str
    because: str
    declared: Autonomy
    applies: Autonomy
    drill: str | None
    drilled_at: Instant | None
    until: Instant | None
    prediction: PredictionOut | None


class PlanStandingOut(Answer, frozen=True):
    """A plan of a service, with its standing wherever the service runs."""

    service: str
    tier: int | None
    team: str | None
    plan: str
    standings: list[StandingOut]


class DueOut(Answer, frozen=True):
    """A declared drill: when it was held last, and when it is due."""

    service: str
    plan: str
    level: str
    every: str
    last: str | None
    last_at: Instant | None
    due_at: Instant


class CoverageOut(Answer, frozen=True):
    """Who is rehearsed. `covered` of `services` that run have a proven plan wherever they run; `counts` are plans.

    `without` are services that run and have no plan.
    """

    services: int
    covered: int
    counts: dict[str, int]
    without: list[str]
    plans: list[PlanStandingOut]
    calendar: list[DueOut]


class SyntheticIn(Question, frozen=True):
    """A synthetic finding, signed: the JSON text of a DSSE envelope."""

    envelope: Envelope


class TakenInOut(Answer, frozen=True):
    """What a synthetic finding opened."""

    exposure: str
    run: str


class RehearsedOut(Answer, frozen=True):
    """Whether a service has a rehearsed way back there. `verdict` is `pass`, `fail` or `unknown`."""

    service: str
    environment: str
    verdict: str
    because: str
    plan: str | None
