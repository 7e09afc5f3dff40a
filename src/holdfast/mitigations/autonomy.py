"""The ladder of autonomy: how far Holdfast may go by itself.

Rules:
1. `observe` records what it would do, `suggest` asks, `approve-1` waits for one person, `auto` acts.
2. What stands against acting by itself lets `auto` fall to `approve-1`: a `when` that could not be told, stale facts, a
   person who undid or rejected it before, a plan that cannot be simulated.
3. A guard that passes holds an approved automatic run back without asking anybody: the global pause, and another run
   of the same service that is at work. It goes on when that is over.
4. One run per exposure. People and reverts are never held back by any of this.
"""

from dataclasses import dataclass

from holdfast.model.plan import Autonomy
from holdfast.model.run import Run, RunState
from holdfast.model.verdict import Fail, Pass, Unknown, Verdict

AUTOMATION = "holdfast"
"""The identity of a run that nobody asked for."""

WORKING = frozenset({RunState.ACTING, RunState.VERIFYING, RunState.UNDOING})
ALIVE = frozenset(
    {RunState.SUGGESTED, RunState.AWAITING, RunState.APPROVED, RunState.EFFECTIVE, RunState.OBSERVED} | WORKING
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What `auto` must know. Each text says what stands against it, `None` when nothing does."""

    stale: str | None = None
    overruled: str | None = None
    not_simulated: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The state a new run begins in, the rung that really applied, and what held it back."""

    state: RunState
    level: Autonomy
    held: str | None = None


def decide(level: Autonomy, verdict: Verdict, circumstances: Circumstances) -> Decision | None:
    """Return how a run begins; `None` when the plan does not apply.

    `level` is the plan's rung in the environment, `verdict` whether its `when` and its coverage match the exposure.
    """
    if isinstance(verdict, Fail):
        return None
    against = _against(verdict, circumstances)
    match level:
        case Autonomy.OBSERVE:
            return Decision(RunState.OBSERVED, level, against)
        case Autonomy.SUGGEST:
            return Decision(RunState.SUGGESTED, level, against)
        case Autonomy.APPROVE_1:
            return Decision(RunState.AWAITING, level, against)
        case Autonomy.AUTO if against is None:
            return Decision(RunState.APPROVED, level)
    return Decision(RunState.AWAITING, Autonomy.APPROVE_1, against)


def _against(verdict: Verdict, circumstances: Circumstances) -> str | None:
    if isinstance(verdict, Unknown):
        return f"whether the plan applies could not be told: {verdict.because}"
    return circumstances.not_simulated or circumstances.overruled or circumstances.stale


def find_hold(run: Run, *, paused: bool, busy: Run | None) -> str | None:
    """Return what holds an approved run back right now; people's runs are never held.

    `busy` is another run of the same service that is at work.
    """
    if run.approved_by is not None or run.requested_by != AUTOMATION:
        return None
    if paused:
        return "automation is paused"
    if busy is not None and busy.id != run.id:
        return f"run {busy.id} of the same service is at work"
    return None


def applies(verdict: Verdict) -> bool:
    """Whether a plan surely matches."""
    return isinstance(verdict, Pass)
