"""Rehearsals, and the evidence they leave."""

from datetime import datetime
from enum import StrEnum

from holdfast.model.frozen import frozen


class DrillLevel(StrEnum):
    """`L0` looks at a plan, `L1` simulates it where it would act, `L2` carries it out in a test environment."""

    L0 = "L0"
    L1 = "L1"
    L2 = "L2"


class DrillOutcome(StrEnum):
    """How a drill ended; `running` has not."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


class Readiness(StrEnum):
    """What a plan's drills say of it now. `stale` was proven, and is too old or its inputs have changed."""

    PROVEN = "proven"
    STALE = "stale"
    FAILED = "failed"
    NEVER = "never"


@frozen
class DrillStep:
    """One thing a drill did: what was looked at, whether it held, what was seen, and how long it took."""

    name: str
    passed: bool
    detail: str
    started_at: datetime
    took_s: float


@frozen
class DrillEvidence:
    """One drill of one plan in one environment.

    `inputs` are (name, sha256 in hex) of all that its outcome depends on: plan, release, flag definitions, drivers,
    configured targets; the evidence is stale once any differs. `mitigate_s` is from the finding to the effect, `None`
    where nothing was to be measured. `envelope` is the DSSE envelope of the in-toto statement, JSON text; empty while
    it runs. `faults` are the names of the faults that were injected.
    """

    org: str
    id: str
    service_id: str
    service: str
    environment: str
    plan: str
    plan_digest: str
    level: DrillLevel
    outcome: DrillOutcome
    started_at: datetime
    ended_at: datetime | None
    requested_by: str
    inputs: tuple[tuple[str, str], ...]
    steps: tuple[DrillStep, ...] = ()
    mitigate_s: float | None = None
    propagation_s: float | None = None
    faults: tuple[str, ...] = ()
    because: str | None = None
    envelope: str = ""
