"""Wire types of runs and flags."""

from typing import Annotated

import msgspec
from msgspec import Meta

from holdfast.edges.api.wire import Answer, Identifier, Instant, Question, Text
from holdfast.model.plan import Autonomy, Coverage
from holdfast.model.run import RunState, StepState

Reason = Annotated[str, Meta(max_length=500)]


class StepOut(Answer, frozen=True):
    """A step of a run; `detail` is what was read back, or what went wrong."""

    number: int
    action: str
    arguments: dict[str, str]
    state: StepState
    at: Instant | None
    detail: str
    target: str
    attempt: int
    due_at: Instant | None


class ApprovalOut(Answer, frozen=True):
    """Somebody's consent; `by` is the opaque id of a person."""

    by: str
    at: Instant


class RunOut(Answer, frozen=True):
    """One execution of a plan; `held` says which guard holds it back, `proof` what was seen in the application.

    `approvals` are who consented, `break_glass` is the reason of the person who let it go past every guard. `share` is
    the share of the service's instances that it touches, `unproven` the live targets on which its effect was not seen,
    and the live clients of its flags that have not fetched the change, each as `client ID`.
    """

    id: str
    exposure: str
    service_id: str
    service: str
    environment: str
    plan: str
    plan_digest: str
    coverage: Coverage | None
    state: RunState
    level: Autonomy
    steps: list[StepOut]
    created_at: Instant
    updated_at: Instant | None
    requested_by: str
    approved_by: str | None
    held: str | None
    proof: str | None
    released: bool
    approvals: list[ApprovalOut]
    break_glass: str | None
    share: float | None
    drill: str | None
    unproven: list[str]
    effective_at: Instant | None
    expires_at: Instant | None
    undo_because: str | None


class RunPage(Answer, frozen=True):
    """Runs, newest first."""

    items: list[RunOut]
    next: str | None


class RunIn(Question, frozen=True):
    """Which plan for which exposure; without `plan` the one that applies."""

    exposure: Identifier
    plan: Identifier | None = None


class ConfirmIn(Question, frozen=True):
    """For how long a mitigation is kept, in seconds from now; without it what its plan says."""

    for_s: Annotated[float, Meta(gt=0, le=31_622_400)] | None = None


class ResolveIn(Question, frozen=True):
    """Whether a step whose effect nobody can prove happened."""

    happened: bool


class GlassIn(Question, frozen=True):
    """Why a run goes past every guard and approval; everybody is told."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class ExposureGlassIn(Question, frozen=True):
    """Which plan for which exposure goes past every guard and why; without `plan` the one that applies."""

    exposure: Identifier
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    plan: Identifier | None = None


class ChangeOut(Answer, frozen=True):
    """One thing that would change."""

    what: str
    before: str
    after: str
    note: str


class PredictionOut(Answer, frozen=True):
    """How long a plan took in its last drills; `of` is `mitigate` or `propagation`."""

    of: str
    p50_s: float
    p90_s: float
    n: int


class PreviewOut(Answer, frozen=True):
    """What a plan would change. `applies` is `pass`, `fail` or `unknown`; `because` says why it is not `pass`.

    `readiness` is what its drills say (`proven`, `stale`, `failed`, `never`), `rehearsed` why; `prediction` how long it
    took in them, `null` without any. `unasked` names the steps of which targets could not say what would change, or
    which can't be carried out now, each with the reason.
    """

    exposure: str
    plan: str
    applies: str
    because: str | None
    level: Autonomy
    changes: list[ChangeOut]
    problem: str | None
    others: list[str]
    readiness: str | None
    rehearsed: str | None
    prediction: PredictionOut | None
    unasked: list[str]


class PauseIn(Question, frozen=True):
    """Whether automation is paused, and why."""

    paused: bool
    reason: Reason = ""


class AgainIn(Question, frozen=True):
    """Which message that reached nobody is sent again: one by its id, or all of them (at most 1000 at once)."""

    id: Text | None = None
    all: bool = False


class PauseOut(Answer, frozen=True):
    """Whether automation is paused: by whom, why, since when."""

    paused: bool
    by: str | None
    reason: str | None
    at: Instant | None


class FlagOut(Answer, frozen=True):
    """A flag in flagd's JSON model; `definition` is kept as it was given."""

    environment: str
    key: str
    definition: msgspec.Raw
    version: int
    updated_at: Instant


class FlagPage(Answer, frozen=True):
    """Flags of an environment, by key."""

    items: list[FlagOut]
    next: str | None


class OverlayOut(Answer, frozen=True):
    """What forces a variant; a flag returns when all of its overlays are lifted."""

    id: str
    environment: str
    flag: str
    variant: str
    reason: str
    run: str | None
    created_at: Instant
    lifted_at: Instant | None


class OverlayPage(Answer, frozen=True):
    """Overlays that are in force, oldest first."""

    items: list[OverlayOut]
    next: str | None
