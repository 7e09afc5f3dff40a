"""The rule "no release without a rehearsed way back".

Rules:
1. One plan that is proven is enough: it is the way back.
2. Evidence that has become stale is no proof and no refutation: it could not be told.
3. No plan, plans that nobody rehearsed and plans whose last drill failed are no way back.
"""

from collections.abc import Sequence

from holdfast.model.drill import Readiness
from holdfast.model.frozen import frozen
from holdfast.model.verdict import Fail, Pass, Unknown, Verdict


@frozen
class PlanStanding:
    """What drills say of one plan where the release is to go; `because` in words."""

    plan: str
    readiness: Readiness
    because: str


@frozen
class WayBack:
    """The verdict, the plan that it rests on (`None` without any), and the reason in a sentence."""

    verdict: Verdict
    plan: str | None
    because: str


def judge_way_back(service: str, environment: str, standings: Sequence[PlanStanding]) -> WayBack:
    """Say whether a service has a rehearsed way back in an environment."""
    if not standings:
        because = f"`{service}` has no plan: nobody could take it back by a rehearsed way"
        return WayBack(Fail(because), None, because)
    order = (Readiness.PROVEN, Readiness.STALE, Readiness.FAILED, Readiness.NEVER)
    best = min(standings, key=lambda one: order.index(one.readiness))
    said = f"plan `{best.plan}` in `{environment}`: {best.because}"
    match best.readiness:
        case Readiness.PROVEN:
            return WayBack(Pass(), best.plan, said)
        case Readiness.STALE:
            return WayBack(Unknown(said), best.plan, said)
    return WayBack(Fail(said), best.plan, said)
