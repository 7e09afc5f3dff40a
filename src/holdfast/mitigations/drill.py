"""Rehearsals judged: what they prove, how long that holds, how fast a plan works. Nothing here is read or kept.

Rules:
1. *Proven* is a passed drill of the level that is needed, not older than it may be, all of whose inputs are as they
   were. An input that is new, or gone, has changed.
2. The newest ended drill of sufficient level decides. A failed one takes `auto` away at once, until one passes.
3. What was proven and is too old, or whose inputs have changed, is *stale*: a missed drill is stale, not failed.
4. Figures come from passed drills without injected faults, the newest first; no drill is no figure, never 0.
"""

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from holdfast.facts.manifest_durations import parse_duration_s
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome, Readiness
from holdfast.model.frozen import frozen
from holdfast.model.guard import Guards
from holdfast.model.instant import format_instant
from holdfast.model.plan import Drill, Plan

MOST_DRILLS = 20
"""How many drills a prediction looks back on."""
DEFAULT_AGE_S = Guards().max_drill_age_s
RELEASE = "release"
"""The input that stands for what runs; rehearsals elsewhere count where the same runs."""

_ORDER = {DrillLevel.L0: 0, DrillLevel.L1: 1, DrillLevel.L2: 2}
_WORST = (Readiness.FAILED, Readiness.NEVER, Readiness.STALE, Readiness.PROVEN)

Inputs = Mapping[str, str]
"""Name → sha256 in hex of what an outcome depends on."""


def reaches(level: DrillLevel, needed: DrillLevel) -> bool:
    """Whether a drill of a level shows all that one of the needed level would."""
    return _ORDER[level] >= _ORDER[needed]


def digest_of(value: object) -> str:
    """Return the sha256 in hex of a text, or of any JSON value in its canonical form."""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


@frozen
class Need:
    """What a plan's rehearsals must show: at least this level, not older than that."""

    level: DrillLevel
    max_age_s: float


def need_of(plan: Plan, drills: Iterable[Drill], default_age_s: float = DEFAULT_AGE_S) -> Need:
    """Return what a service's declared drills ask of a plan; `L1` and `default_age_s` where none is declared."""
    mine = [drill for drill in drills if drill.plan == plan.id]
    if not mine:
        return Need(DrillLevel.L1, default_age_s)
    highest = max(mine, key=lambda drill: _ORDER[DrillLevel(drill.level)])
    age_s = parse_duration_s(highest.every)
    return Need(DrillLevel(highest.level), min(age_s, default_age_s) if age_s is not None else default_age_s)


@frozen
class Standing:
    """What drills say of a plan in one environment: `because` in words that a person can act on.

    `drill` is the id of the drill that decided, `None` without any; `until` is when a proven one becomes stale by age.
    """

    readiness: Readiness
    because: str
    drill: str | None = None
    until: datetime | None = None

    @property
    def is_proven(self) -> bool:
        """Whether it earns `auto`."""
        return self.readiness is Readiness.PROVEN


def judge(drills: Sequence[DrillEvidence], need: Need, inputs: Inputs, now: datetime) -> Standing:
    """Return what drills of one plan say, the newest first; those that run still, or are of a lower level, say nothing.

    `inputs` are the inputs as they are now.
    """
    ended = [one for one in drills if one.outcome is not DrillOutcome.RUNNING and reaches(one.level, need.level)]
    if not ended:
        return Standing(Readiness.NEVER, f"it was never rehearsed at {need.level}")
    newest = ended[0]
    if newest.outcome is DrillOutcome.FAILED:
        because = f"its last drill, {newest.id}, failed: {newest.because or 'it does not say why'}"
        return Standing(Readiness.FAILED, because, newest.id)
    passed = takewhile(lambda one: one.outcome is DrillOutcome.PASSED, ended)  # what failed since proves nothing more
    standings = [_of_passed(one, need, inputs, now) for one in passed]
    return next((one for one in standings if one.is_proven), standings[0])


def _of_passed(drill: DrillEvidence, need: Need, inputs: Inputs, now: datetime) -> Standing:
    ended_at = drill.ended_at or drill.started_at
    until = ended_at + timedelta(seconds=need.max_age_s)
    changed = changes(dict(drill.inputs), inputs)
    if changed:
        words = ", ".join(f"`{name}`" for name in changed[:3]) + (f" and {len(changed) - 3} more" * (len(changed) > 3))
        return Standing(Readiness.STALE, f"since its drill {drill.id} has changed: {words}", drill.id)
    if now >= until:
        because = f"its drill {drill.id} is of {format_instant(ended_at)}, older than {duration_words(need.max_age_s)}"
        return Standing(Readiness.STALE, because, drill.id, until)
    return Standing(Readiness.PROVEN, f"drill {drill.id} of {format_instant(ended_at)} passed", drill.id, until)


def changes(then: Inputs, now: Inputs) -> tuple[str, ...]:
    """Return the names of the inputs that differ, are new or are gone, sorted."""
    return tuple(sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name)))


def worst(standings: Collection[Standing]) -> Standing:
    """Return the standing that decides where several must hold: failed, never, stale, proven."""
    return min(standings, key=lambda one: _WORST.index(one.readiness))


def duration_words(seconds: float) -> str:
    """Return a length of time as a manifest writes it: `7d`, `36h`, `90s`."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("m", 60.0)):
        if seconds >= size and math.isclose(seconds % size, 0.0, abs_tol=1e-9):
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


@frozen
class Prediction:
    """How long a plan took in its last drills, in seconds.

    `of` is `mitigate` (from the finding to the effect in the application) or `propagation` (from the change of a flag
    to whoever reads it); `n` is how many drills it rests on.
    """

    of: str
    p50_s: float
    p90_s: float
    n: int

    @property
    def words(self) -> str:
        """The figures in a sentence."""
        what = "effective" if self.of == "mitigate" else "with whoever reads the flag"
        drills = "1 drill" if self.n == 1 else f"{self.n} drills"
        return f"{what} in {seconds_words(self.p50_s)} (p90 {seconds_words(self.p90_s)}, {drills})"


def seconds_words(seconds: float) -> str:
    """Return a length of time for people: `42 ms`, `1.3 s`, `2 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def predict(drills: Sequence[DrillEvidence]) -> Prediction | None:
    """Return how long a plan takes by its drills, the newest first; whole rehearsals count before measured canaries.

    `None` without any that measured something.
    """
    passed = [one for one in drills if one.outcome is DrillOutcome.PASSED and not one.faults][:MOST_DRILLS]
    whole = [one.mitigate_s for one in passed if one.mitigate_s is not None]
    canary = [one.propagation_s for one in passed if one.propagation_s is not None]
    for of, values in (("mitigate", whole), ("propagation", canary)):
        if values:
            return Prediction(of, percentile(values, 50), percentile(values, 90), len(values))
    return None


def percentile(values: Sequence[float], rank: float) -> float:
    """Return the nearest-rank percentile of at least one value: always one that was measured.

    Source: NIST handbook's order statistics, nearest rank: the smallest value that `rank` percent do not exceed.
    """
    ordered = sorted(values)
    return ordered[max(1, math.ceil(rank / 100 * len(ordered))) - 1]
