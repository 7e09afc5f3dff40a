"""The three clocks of an exposure, and its life on three lanes: detect, mitigate, repair.

Everything is taken from instants that were stored; what was not read back is not shown as done.
"""

from collections.abc import Sequence
from datetime import datetime

from holdfast.findings.clocks import Measure, time_to_detect, time_to_mitigate, time_to_repair
from holdfast.loop.view_words import span
from holdfast.metrics.summary import Group
from holdfast.model.exposure import Exposure, State
from holdfast.model.frozen import frozen
from holdfast.model.run import Run, RunState

DETECT, MITIGATE, REPAIR = "detect", "mitigate", "repair"


@frozen
class Clock:
    """One clock of an exposure.

    `state` is `stopped` (the wanted end came), `running`, `ended` (another end came first; `event` names it) or `none`.
    `seconds` is its length when it does not run. `p50_s`, `p90_s`, `n` and `n_open` are those of the whole history.
    """

    name: str
    state: str
    since: datetime | None
    ended_at: datetime | None
    seconds: float | None
    event: str | None
    p50_s: float | None
    p90_s: float | None
    n: int
    n_open: int


@frozen
class Moment:
    """Something that happened, in one sentence, on a lane."""

    at: datetime
    lane: str
    words: str


@frozen
class Bar:
    """A stretch on a lane, `until` `None` while it goes on; `kind` is `done`, `exposed`, `mitigated` or `waiting`.

    `words` say what no moment says.
    """

    lane: str
    since: datetime
    until: datetime | None
    kind: str
    words: str = ""


@frozen
class Timeline:
    """Three lanes from `start` to `end` (now, while it is live). `introduced_at` may lie before the start."""

    start: datetime
    end: datetime
    is_live: bool
    introduced_at: datetime | None
    moments: tuple[Moment, ...]
    bars: tuple[Bar, ...]


def clocks_of(exposure: Exposure, now: datetime, history: Group | None) -> tuple[Clock, Clock, Clock]:
    """Return time to detect, to mitigate, to repair, each with its history beside it."""
    return (
        _clock(DETECT, time_to_detect(exposure, now), history),
        _clock(MITIGATE, time_to_mitigate(exposure, now), history),
        _clock(REPAIR, time_to_repair(exposure, now), history),
    )


def _clock(name: str, measure: Measure | None, history: Group | None) -> Clock:
    figure = history.get_figure(name) if history else None
    p50, p90 = (figure.p50_s, figure.p90_s) if figure else (None, None)
    n, n_open = (figure.n, figure.n_open) if figure else (0, 0)
    if measure is None:
        return Clock(name, "none", None, None, None, None, p50, p90, n, n_open)
    state = "running" if measure.ended_at is None else "stopped" if measure.success else "ended"
    return Clock(name, state, measure.started_at, measure.ended_at, measure.seconds, measure.event, p50, p90, n, n_open)


def window_start(exposure: Exposure) -> datetime:
    """Return since when it is exposed: introduced and disclosed; the instant of detection where neither is known."""
    clocks = exposure.clocks
    known = [at for at in (clocks.introduced_at, clocks.disclosed_at or clocks.applicable_at) if at is not None]
    return min(max(known), clocks.detected_at) if known else clocks.detected_at


def timeline_of(exposure: Exposure, runs: Sequence[Run], now: datetime) -> Timeline:
    """Return the life of an exposure; what ended is drawn until its end."""
    moments = sorted(_moments(exposure, runs), key=lambda moment: moment.at)
    end = now if exposure.is_live else max([exposure.clocks.resolved_at or now, *(moment.at for moment in moments)])
    start = min(window_start(exposure), exposure.clocks.detected_at)
    seen = [moment for moment in moments if moment.at >= start]
    bars = _bars(exposure, start)
    return Timeline(start, max(end, start), exposure.is_live, exposure.clocks.introduced_at, tuple(seen), tuple(bars))


def _moments(exposure: Exposure, runs: Sequence[Run]) -> list[Moment]:
    clocks = exposure.clocks
    name = f"{exposure.name} {exposure.versions[-1] if exposure.versions else ''}".strip()
    advisory = exposure.advisories[0] if exposure.advisories else "the advisory"
    stated = [
        (clocks.introduced_at, DETECT, f"{name} began to run"),
        (clocks.disclosed_at, DETECT, f"{advisory} was published"),
        (clocks.detected_at, DETECT, _detected(exposure)),
        (clocks.acted_at, MITIGATE, "acted"),
        (clocks.mitigated_at, MITIGATE, "effect read back in the application"),
        (clocks.waived_at, MITIGATE, "waived: it would fail, and somebody accepted that for a while"),
        (clocks.cleared_at, MITIGATE, "cleared: a VEX document says that nothing is to be mended"),
        (clocks.fixed_at, REPAIR, "first fixed release ran"),
        (clocks.resolved_at, REPAIR, _resolved(exposure)),
        (
            clocks.lifted_at,
            MITIGATE,
            "mitigation lifted, while it still runs" if exposure.is_live else "mitigation lifted",
        ),
    ]
    said = [Moment(at, lane, words) for at, lane, words in stated if at is not None]
    chosen = [moment for run in runs for moment in _moments_of_run(run)]
    # of what happened at one instant, detection is told first, then the choice of a plan, then what came of it
    return [*(one for one in said if one.lane == DETECT), *chosen, *(one for one in said if one.lane != DETECT)]


def _detected(exposure: Exposure) -> str:
    measure = time_to_detect(exposure, exposure.clocks.detected_at)
    if measure is None or measure.seconds is None:
        return "detected"
    if exposure.backlog:
        return f"matched, {span(measure.seconds)} after watching began: it was there before"
    return f"matched {span(measure.seconds)} after it could be seen"


def _resolved(exposure: Exposure) -> str:
    words = {"fixed": "nothing affected runs any more", "decommissioned": "it no longer runs here"}
    ending = exposure.ending.value if exposure.ending else "resolved"
    return words.get(
        ending, {"withdrawn": "the advisory was withdrawn", "merged": "merged into another"}.get(ending, ending)
    )


_WAITING = {
    RunState.OBSERVED: "would act, and only observes",
    RunState.SUGGESTED: "suggests to act",
    RunState.AWAITING: "asks for approval",
}


def _moments_of_run(run: Run) -> list[Moment]:
    plan = f"plan {run.plan.id}"
    words = _WAITING.get(run.state, "chosen")
    out = [Moment(run.created_at, MITIGATE, f"{plan} {words}")]
    last = run.updated_at or run.created_at
    if run.state is RunState.FAILED:
        out.append(Moment(last, MITIGATE, f"{plan} failed: {run.held or 'no proof in time'}"))
    if run.state is RunState.REJECTED:
        out.append(Moment(last, MITIGATE, f"{plan} not used: {run.held or 'rejected'}"))
    return out


def _bars(exposure: Exposure, start: datetime) -> list[Bar]:
    clocks = exposure.clocks
    out = [Bar(DETECT, start, clocks.detected_at, "done")] if start < clocks.detected_at else []
    ended = clocks.resolved_at
    mitigated = clocks.mitigated_at
    if mitigated is not None:
        out.append(Bar(MITIGATE, clocks.detected_at, mitigated, "exposed"))
        lifted = clocks.lifted_at if clocks.lifted_at is not None and clocks.lifted_at >= mitigated else None
        out.append(Bar(MITIGATE, mitigated, lifted or (None if exposure.is_live else ended), "mitigated"))
        if exposure.state is State.REGRESSED and lifted is not None:
            out.append(Bar(MITIGATE, lifted, None, "exposed"))
    else:
        out.append(Bar(MITIGATE, clocks.detected_at, ended, "exposed", "" if ended is None else "never mitigated"))
    out.append(_repair_bar(exposure))
    return out


def _repair_bar(exposure: Exposure) -> Bar:
    detected_at, ended = exposure.clocks.detected_at, exposure.clocks.resolved_at
    if ended is not None:
        return Bar(REPAIR, detected_at, ended, "done")
    fix = exposure.risk.fix_version
    words = f"fix known: {exposure.name} {fix}, not running here yet" if fix else "no fix is known yet"
    return Bar(REPAIR, detected_at, None, "waiting", words)
