"""The ladder of autonomy: how far Holdfast may go by itself.

Rules:
1. `observe` records what it would do, `suggest` asks, `approve-1` waits for one person, `approve-2` for two of whom
   neither asked for it, `auto` acts.
2. What stands against acting by itself lets `auto` fall to `approve-1`: a `when` that could not be told, stale facts, a
   doubtful match, a person who undid or rejected it before, a plan that can't be simulated, one whose drill is not
   green and fresh, and one that reaches further than its cap.
3. What passes by itself holds an approved automatic run back without asking anybody: see `mitigations.guards`.
4. One run per exposure. People and reverts are never held back by any of this.
"""

from holdfast.model.frozen import frozen
from holdfast.model.plan import Autonomy
from holdfast.model.run import AUTOMATION, Approval, RunState
from holdfast.model.verdict import Fail, Pass, Unknown, Verdict

__all__ = [
    "ALIVE",
    "AUTOMATION",
    "WORKING",
    "Circumstances",
    "Decision",
    "applies",
    "count_missing",
    "decide",
]

WORKING = frozenset({RunState.ACTING, RunState.VERIFYING, RunState.UNDOING})
ALIVE = frozenset(
    {
        RunState.SUGGESTED,
        RunState.AWAITING,
        RunState.APPROVED,
        RunState.EFFECTIVE,
        RunState.OBSERVED,
        RunState.NEEDS_PERSON,
    }
    | WORKING
)


@frozen
class Circumstances:
    """What `auto` must know. Each text says what stands against it, `None` when nothing does."""

    stale: str | None = None
    overruled: str | None = None
    not_simulated: str | None = None
    unproven: str | None = None
    too_wide: str | None = None


@frozen
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
        case Autonomy.APPROVE_1 | Autonomy.APPROVE_2:
            return Decision(RunState.AWAITING, level, against)
        case Autonomy.AUTO if against is None:
            return Decision(RunState.APPROVED, level)
    return Decision(RunState.AWAITING, Autonomy.APPROVE_1, against)


def count_missing(level: Autonomy, approvals: tuple[Approval, ...], requested_by: str) -> int:
    """Return how many people must still consent: identities count, and who asked for it is none of two."""
    consents = {one.by for one in approvals}
    if level is not Autonomy.APPROVE_2:
        return max(0, 1 - len(consents))
    return max(0, 2 - len(consents - {requested_by}))


def _against(verdict: Verdict, circumstances: Circumstances) -> str | None:
    if isinstance(verdict, Unknown):
        return f"whether the plan applies could not be told: {verdict.because}"
    return (
        circumstances.not_simulated
        or circumstances.overruled
        or circumstances.stale
        or circumstances.too_wide
        or circumstances.unproven
    )


def applies(verdict: Verdict) -> bool:
    """Whether a plan surely matches."""
    return isinstance(verdict, Pass)
