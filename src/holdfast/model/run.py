"""Runs: executions of plans, with everything that an engine must know after a crash.

A run is driven through five tables: `run` and `step` (this state), `signal` (what came in: people's words, alerts),
`timer` (what is due later) and `outbox` (what is to be told to others). Each value here is one row.
"""

from dataclasses import field
from datetime import datetime
from enum import StrEnum

from holdfast.model.frozen import frozen
from holdfast.model.plan import Autonomy, Plan, Step

AUTOMATION = "holdfast"
"""The identity of a run that nobody asked for."""

FOREIGN = "another version of Holdfast wrote this run and must go on with it"
"""How the `held` of a run begins that this version can't read as it was meant."""


class RunState(StrEnum):
    """The life of a run.

    `observed`, `rejected`, `failed` and `undone` are its ends; `effective` waits to be lifted. `needs_person` is where
    a run goes with a step whose fate can't be proved and which must not be done twice.
    """

    OBSERVED = "observed"
    SUGGESTED = "suggested"
    AWAITING = "awaiting_approval"
    APPROVED = "approved"
    ACTING = "acting"
    VERIFYING = "verifying"
    EFFECTIVE = "effective"
    NEEDS_PERSON = "needs_person"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"
    REJECTED = "rejected"


class StepState(StrEnum):
    """`intent` is written before acting, `undoing` before taking back; after a crash the probe tells what became of it.

    `skipped` is a step that was never begun when its run came to an end.
    """

    PENDING = "pending"
    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDOING = "undoing"
    UNDONE = "undone"
    SKIPPED = "skipped"


@frozen
class RunStep:
    """A step of a run; `key` is its idempotency key, `detail` what was read back or what went wrong.

    `target` is the thing it acts on: no two steps act on one target at a time. `before` is what the action wrote down
    of the world before it acted, all that its undo needs; committed with the intent. `attempt` counts tries from 1;
    `due_at` is when the next look or try is due. `intended_at` and `done_at` are its clock. `acted_at` is when the
    current try was carried out, as far as is known: until its effect is seen it is only looked at.
    """

    number: int
    step: Step
    key: str
    state: StepState
    at: datetime | None = None
    detail: str = ""
    target: str = ""
    before: str | None = None
    attempt: int = 0
    intended_at: datetime | None = None
    done_at: datetime | None = None
    due_at: datetime | None = None
    acted_at: datetime | None = None

    @property
    def name(self) -> str:
        """What the plan calls it."""
        return self.step.id or str(self.number)


@frozen
class Approval:
    """A person's consent; `by` is the opaque id of an identity, never of one of its tokens."""

    by: str
    at: datetime


@frozen
class Run:
    """One execution of a plan for one exposure. The plan is frozen in it; `held` says which guard holds it back.

    `drill` is the id of the drill that it belongs to: such a run never enters real figures. `break_glass` is the reason
    of the person who let it go past every guard. `after` is the run whose failure made this one the next rung.
    `healthy_before` is whether the service's own probes held before it acted, `None` without any. `unproven` names the
    live targets on which the effect was not seen. `expires_at` is when it must be confirmed or is taken back.
    `undo_because` is why it is being taken back, and `failed` that it ends as `failed` then, not as `undone`; `undoing`
    says that taking back has begun.
    """

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
    approvals: tuple[Approval, ...] = ()
    held: str | None = None
    proof: str | None = None
    updated_at: datetime | None = None
    released: bool = False
    """True once the exposure that it guards has ended, or a person wants it back: the run must be undone."""
    drill: str | None = None
    break_glass: str | None = None
    after: str | None = None
    share: float | None = None
    """The share of the service's instances that it touches, 0 to 1; `None` when it is not known."""
    healthy_before: bool | None = None
    unproven: tuple[str, ...] = ()
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    undo_because: str | None = None
    failed: bool = False
    undoing: bool = False

    @property
    def is_automatic(self) -> bool:
        """Whether nobody asked for it, nobody approved it, and it is no drill."""
        asked = self.requested_by != AUTOMATION or bool(self.approvals) or self.break_glass is not None
        return not asked and self.drill is None

    @property
    def is_foreign(self) -> bool:
        """Whether another version must go on with it: this one shows it, and may let it go, and no more."""
        return self.held is not None and self.held.startswith(FOREIGN)

    @property
    def approved_by(self) -> str | None:
        """The identity that approved it last, `None` when nobody did."""
        return self.approvals[-1].by if self.approvals else None


@frozen
class Lease:
    """Who drives a run until when. `fence` rises with every claim; a commit under a lower one is refused."""

    run: str
    owner: str
    fence: int
    until: datetime


@frozen
class Signal:
    """Something that came in about an exposure or a run: a person's word or an alert. Kept once by id, never changed.

    `kind` is `approve`, `reject`, `undo`, `confirm`, `happened`, `did_not_happen`, `alert` or `recovery`. `outcome`
    says what came of it. `body` is JSON text.
    """

    org: str
    id: str
    kind: str
    by: str
    at: datetime
    exposure: str | None = None
    run: str | None = None
    outcome: str = ""
    body: str = "{}"


@frozen
class Timer:
    """Something that is due later for a run; one of each kind and step. `step` is 0 for the run as a whole.

    `kind` is `look`, `retry`, `expiry` or `health`.
    """

    org: str
    run: str
    step: int
    kind: str
    due_at: datetime


@frozen
class Message:
    """Something to tell others, at least once; `id` is its idempotency key at the receiver.

    `to` is the name of a notify target, or `*` for all of them. `body` is JSON text. `sent_at` is `None` until the
    receiver took it; `problem` is why the last try did not succeed. `given_up_at` is when nobody tried any more: it
    reached nobody, and is tried again only because a person says so.
    """

    org: str
    id: str
    to: str
    body: str
    created_at: datetime
    due_at: datetime
    run: str | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    problem: str | None = None
    given_up_at: datetime | None = None


@frozen
class Alert:
    """What another tool says of an exposure. `id` is the sender's own: the same one twice is one alert."""

    id: str
    source: str
    firing: bool
    at: datetime
    exposure: str | None = None
    service: str | None = None
    environment: str | None = None
    advisory: str | None = None
    detail: str = ""
    labels: tuple[tuple[str, str], ...] = field(default=())
