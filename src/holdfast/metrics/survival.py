"""Survival analysis in plain Python: Kaplan–Meier and Aalen–Johansen with right censoring and late entry.

Rules:
- At a time t at risk are those that entered before t and have not left before t; who leaves at t is at risk at t. Who
  entered at 0 was never late, and is at risk at 0 too.
- At one time events come before censorings.
- A quantile is the smallest time at which the curve has fallen to 1 − q or below; a curve that never does has none.
- With late entry the first risk sets can be so small that the curve falls to 0 while others have not entered yet. The
  curve is *broken* there: it says nothing from that time on, and quantiles that lie there are `None`.

Source: Kaplan and Meier 1958; Aalen and Johansen 1978; Klein and Moeschberger, Survival Analysis, 2nd edition, ch. 4.
"""

from collections.abc import Iterable, Sequence

from holdfast.errors import UsageError
from holdfast.model.frozen import frozen


@frozen
class Observation:
    """One life, in seconds from its start: under observation from `entry_s`, ended or censored at `exit_s`.

    `cause` is what ended it, `None` when it was censored.

    Raises:
        UsageError: `0 <= entry_s <= exit_s` does not hold.
    """

    exit_s: float
    cause: str | None
    entry_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.entry_s <= self.exit_s:
            raise UsageError(f"expected 0 <= entry <= exit, got entry {self.entry_s} s and exit {self.exit_s} s")


@frozen
class Step:
    """The curve from `at_s` on: `value`, after `events` of the `at_risk` that were at risk."""

    at_s: float
    value: float
    at_risk: int
    events: int


@frozen
class Curve:
    """A step function that starts at 1 (survival) or 0 (incidence); one step per time with an event.

    `broken_at_s` is where it fell to 0 while others had not entered yet, `None` normally.
    """

    steps: tuple[Step, ...]
    broken_at_s: float | None = None


@frozen
class _Moment:
    """A time at which something ended: how many were at risk, and how many ended by which cause."""

    at_s: float
    at_risk: int
    ended: dict[str, int]


_NEVER_LATE_S = -1.0


def _moments(observations: Sequence[Observation]) -> list[_Moment]:
    """Return the times with events in order, in n log n."""
    entries = sorted(one.entry_s or _NEVER_LATE_S for one in observations)
    exits = sorted(observations, key=lambda one: one.exit_s)
    out: list[_Moment] = []
    entered = left = 0
    while left < len(exits):
        at_s = exits[left].exit_s
        while entered < len(entries) and entries[entered] < at_s:
            entered += 1
        last = left
        ended: dict[str, int] = {}
        instant = 0  # entered and left at this very time: not yet among `entered`, and at risk all the same
        while last < len(exits) and exits[last].exit_s == at_s:
            cause = exits[last].cause
            instant += exits[last].entry_s == at_s > 0
            if cause is not None:
                ended[cause] = ended.get(cause, 0) + 1
            last += 1
        if ended:
            out.append(_Moment(at_s, entered - left + instant, ended))
        left = last
    return out


def kaplan_meier(observations: Iterable[Observation], event: str | None = None) -> Curve:
    """Return the curve of those for whom `event` has not happened; other causes count as censoring at their time.

    `event=None` takes every cause as the event.
    """
    known = list(observations)
    last_exit_s = max((one.exit_s for one in known), default=0.0)
    steps: list[Step] = []
    value = 1.0
    for moment in _moments(known):
        events = sum(moment.ended.values()) if event is None else moment.ended.get(event, 0)
        if events:
            value *= (moment.at_risk - events) / moment.at_risk
            steps.append(Step(moment.at_s, value, moment.at_risk, events))
            if value == 0.0 and moment.at_s < last_exit_s:
                return Curve(tuple(steps), moment.at_s)
    return Curve(tuple(steps))


def find_quantile_s(curve: Curve, q: float) -> float | None:
    """Return the time by which a part `q` (0 to 1) has had the event; `None` when the curve does not reach it.

    Raises:
        UsageError: `q` is not between 0 and 1.
    """
    if not 0 < q < 1:
        raise UsageError(f"expected a quantile between 0 and 1, got {q}")
    tolerance = 1e-12  # products of fractions: 0.8 · 0.75 must still count as 0.6
    at_s = next((step.at_s for step in curve.steps if step.value <= 1 - q + tolerance), None)
    return None if at_s is None or at_s == curve.broken_at_s else at_s


def aalen_johansen(observations: Iterable[Observation]) -> dict[str, Curve]:
    """Return the cumulative incidence of every cause, in order of name.

    Unlike 1 − Kaplan–Meier of one cause, it does not pretend that what ended otherwise could still have the event: at
    any time the incidences and the part still open add up to 1.
    """
    known = list(observations)
    causes = sorted({one.cause for one in known if one.cause is not None})
    steps: dict[str, list[Step]] = {cause: [] for cause in causes}
    reached = dict.fromkeys(causes, 0.0)
    open_part = 1.0
    for moment in _moments(known):
        for cause, events in moment.ended.items():
            reached[cause] += open_part * events / moment.at_risk
            steps[cause].append(Step(moment.at_s, reached[cause], moment.at_risk, events))
        open_part *= (moment.at_risk - sum(moment.ended.values())) / moment.at_risk
    return {cause: Curve(tuple(steps[cause])) for cause in causes}


def value_at(curve: Curve, at_s: float, *, start: float = 1.0) -> float:
    """Return the curve's value at a time; `start` is its value before the first step (0 for an incidence)."""
    value = start
    for step in curve.steps:
        if step.at_s > at_s:
            break
        value = step.value
    return value
