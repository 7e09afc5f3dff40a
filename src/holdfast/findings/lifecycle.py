"""The life of an exposure: a pure state machine.

```
            observe: live                act … mitigate
   (none) ───────────────▶ open ───────────────────────▶ mitigated
                            │ ▲ waive / unwaive              │ lift while live
                            ▼ │                              ▼
                          waived        mitigate        regressed ◀── observe: live again (new episode)
                            │          ◀───────────────      │                    ▲
                            └──────── observe: not live ─────┴──▶ resolved ───────┘
```
`cleared` lies where `waived` does: `heard.hear` leads from open, regressed and mitigated to it, and back; to `waived`,
from these and from cleared, it is `borne.bear`.

Rules:
1. What runs at `now` is live; past running alone opens nothing, because nobody can be told of it in time any more.
2. `introduced_at` is the start of the unbroken chain of affected running in which the exposure was detected. Facts
   that arrive late insert into history, so it may move either way. A gap learnt of afterwards does not end an episode:
   only a re-check that found nothing running does.
3. `detected_at` and `watched_since` never move.
4. What became true at or before `watched_since` is *backlog*: `max(introduced_at, applicable_at or disclosed_at)`
   decides. A release deployed after watching began, or an advisory that came to apply later, is not. A later episode
   never is.
5. Not live any more, in a place that was read: `withdrawn` when the same version still runs, or no affected history is
   left and every record was withdrawn; `fixed` when the subject still runs something; `decommissioned` when nothing of
   it runs.
6. A resolved one that is live again is a new episode, in state `regressed`. A mitigation lifted while the thing is
   live makes the same episode `regressed`; it has to be mitigated anew, and the clock takes the later instant.
7. A clock that ran backwards resolves nothing (the running it would judge by has not begun yet), and holds no deed
   back: the instants are stored as they are and `clocks.problems` shows them. Nothing is clamped.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from holdfast.errors import ConflictError
from holdfast.findings.clocks import problems
from holdfast.findings.context import AdvisoryFacts, Context, Place
from holdfast.findings.history import (
    covers,
    find_applicable_at,
    find_chain_at,
    find_chains,
    find_last_end,
    group_spans,
    known,
)
from holdfast.model.component import Location
from holdfast.model.exposure import Clocks, Ending, Exposure, Span, State
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant

OPENED = "exposure.opened"
UPDATED = "exposure.updated"
MITIGATED = "exposure.mitigated"
LIFTED = "exposure.lifted"
REGRESSED = "exposure.regressed"
RESOLVED = "exposure.resolved"
MERGED = "exposure.merged"


@frozen
class Transition:
    """One step in a life; `kind` is the journal's kind.

    `before` is `None` for a first episode. For a later episode it is the ended one, which stays as it is: then
    `after.id != before.id`, and `after` is a new row.
    """

    kind: str
    before: Exposure | None
    after: Exposure
    at: datetime

    @property
    def problems(self) -> tuple[str, ...]:
        """Instants of `after` that contradict each other, in words."""
        return problems(self.after.clocks)


def observe(
    spans: Sequence[Span], current: Sequence[Exposure], context: Context, now: datetime, new_id: Callable[[], str]
) -> list[Transition]:
    """Return the transitions that the running history asks for, in order of fingerprint; none when nothing changed.

    `spans` is the whole history, past and present, of affected components within the scope that was really read;
    `current` the latest episode per fingerprint in that scope, resolved ones included.

    Raises:
        NotFoundError: something affected runs, and `context` does not know its cluster or its place.
    """
    groups = group_spans(spans)
    latest: dict[str, Exposure] = {}
    for exposure in sorted(current, key=lambda exposure: exposure.episode):
        latest[exposure.fingerprint] = exposure
    out = []
    for key in sorted(groups.keys() | latest.keys()):
        step = _observe_one(key, groups.get(key, []), latest.get(key), context, now, new_id=new_id)
        if step is not None:
            out.append(step)
    return out


def find_backward_clocks(current: Sequence[Exposure], now: datetime) -> tuple[str, ...]:
    """Return in words the live exposures that `now` lies before, so that nothing of them was resolved."""
    return tuple(
        f"{exposure.id}: now, {format_instant(now)}, is before its last recorded instant, "
        f"{format_instant(_last_recorded(exposure.clocks))}: a clock ran backwards, nothing is resolved"
        for exposure in current
        if exposure.is_live and now < _last_recorded(exposure.clocks)
    )


def _observe_one(
    key: str, spans: list[Span], before: Exposure | None, context: Context, now: datetime, *, new_id: Callable[[], str]
) -> Transition | None:
    live = [span for span in spans if covers(span, now)]
    if not live:
        return _resolve(before, spans, context, now) if before is not None and before.is_live else None
    fresh = _describe(key, spans, live, context, now)
    if before is None:
        return Transition(OPENED, None, replace(fresh, id=new_id()), now)
    if not before.is_live:
        return _open_again(before, fresh, now, new_id)
    after = _update(before, fresh, spans)
    return Transition(UPDATED, before, after, now) if after != before else None


def _describe(key: str, spans: list[Span], live: list[Span], context: Context, now: datetime) -> Exposure:
    """Return a first episode, detected now, without an id yet."""
    first = live[0]
    facts = context.get_advisories(first.cluster)
    place = context.get_place(first.subject.id, first.environment)
    versions = tuple(sorted({span.version for span in live}))
    clocks = _first_clocks(spans, facts, place, now)
    return Exposure(
        org=context.org,
        id="",
        fingerprint=key,
        episode=1,
        subject=max(live, key=lambda span: span.recorded_at).subject,  # the newest fact knows the present name
        environment=first.environment,
        ecosystem=first.ecosystem,
        name=first.name,
        cluster=first.cluster,
        advisories=facts.advisories,
        versions=versions,
        state=State.OPEN,
        clocks=clocks,
        risk=facts.risk(first.ecosystem, first.name, versions, place.reach),
        backlog=is_backlog(clocks),
        team=place.team,
        tier=place.tier,
        direct=_directness(live),
        path=min((span.path for span in live if span.path), key=lambda path: (len(path), path), default=()),
        locations=_distinct_locations(live),
        confidence="high" if any(span.confidence == "high" for span in live) else first.confidence,
        summary=facts.summary,
        releases=tuple(sorted({span.release_id for span in live})),
        package_state=facts.state(first.ecosystem, first.name, versions),
        source_package=next((span.package for span in live if span.package), ""),
    )


def _first_clocks(spans: list[Span], facts: AdvisoryFacts, place: Place, now: datetime) -> Clocks:
    chain = find_chain_at(find_chains(spans), now)
    return Clocks(
        introduced_at=chain.started_at if chain else None,
        disclosed_at=known(facts.disclosed_at),
        applicable_at=find_applicable_at(spans, chain) if chain else None,
        detected_at=now,
        watched_since=place.watched_since,
    )


def is_backlog(clocks: Clocks) -> bool:
    """Whether it was already true when watching began (rule 4)."""
    applies_at = clocks.applicable_at or clocks.disclosed_at
    instants = [at for at in (clocks.introduced_at, applies_at) if at is not None]
    return bool(instants) and max(instants) <= clocks.watched_since


def _directness(live: list[Span]) -> bool | None:
    """Direct anywhere is direct; not known anywhere is not known."""
    answers = {span.direct for span in live}
    if True in answers:
        return True
    return None if None in answers else False


def _distinct_locations(live: list[Span]) -> tuple[Location, ...]:
    places = {place for span in live for place in span.locations}
    return tuple(sorted(places, key=lambda place: (place.file, place.line or 0)))


def _open_again(before: Exposure, fresh: Exposure, now: datetime, new_id: Callable[[], str]) -> Transition:
    if before.ending is Ending.MERGED:  # it never ended, it was part of another one: its clocks go on
        # whether a mitigation of that one holds for this is not known: it has to be proven again
        clocks = replace(before.clocks, mitigated_at=None, lifted_at=None, resolved_at=None, waived_at=None)
        clocks = replace(clocks, cleared_at=None)
        after = replace(fresh, id=new_id(), episode=before.episode + 1, clocks=clocks, backlog=before.backlog)
        return Transition(OPENED, before, after, now)
    watched_since = max(fresh.clocks.watched_since, before.clocks.resolved_at or fresh.clocks.watched_since)
    after = replace(
        fresh,
        id=new_id(),
        episode=before.episode + 1,
        state=State.REGRESSED,
        clocks=replace(fresh.clocks, watched_since=watched_since),  # before that re-check there was nothing to find
        backlog=False,
    )
    return Transition(REGRESSED, before, after, now)


def _update(before: Exposure, fresh: Exposure, spans: list[Span]) -> Exposure:
    chain = find_chain_at(find_chains(spans), before.clocks.detected_at)
    clocks = replace(
        before.clocks,
        introduced_at=chain.started_at if chain else fresh.clocks.introduced_at,
        disclosed_at=fresh.clocks.disclosed_at,
        applicable_at=(find_applicable_at(spans, chain) if chain else fresh.clocks.applicable_at)
        or before.clocks.applicable_at,
    )
    return replace(
        fresh,
        id=before.id,
        episode=before.episode,
        state=before.state,
        clocks=clocks,
        said=before.said,
        waiver=before.waiver,
        backlog=is_backlog(clocks) if before.episode == 1 else before.backlog,
    )


def _resolve(before: Exposure, spans: list[Span], context: Context, now: datetime) -> Transition | None:
    place = context.places.get((before.subject.id, before.environment))
    if place is None or now < _last_recorded(before.clocks):
        return None  # not read, or judged at an instant before it was seen: silence is not safety
    ending = _ending(before, spans, context, place)
    fixed_at = None
    if ending is Ending.FIXED:
        fixed_at = context.replaced_at.get(before.fingerprint) or find_last_end(spans, now)
    clocks = replace(before.clocks, fixed_at=fixed_at, resolved_at=now)
    return Transition(RESOLVED, before, replace(before, state=State.RESOLVED, clocks=clocks, ending=ending), now)


def _ending(before: Exposure, spans: list[Span], context: Context, place: Place) -> Ending:
    facts = context.advisories.get(before.cluster)
    if any((before.ecosystem, before.name, version) in place.components for version in before.versions):
        return Ending.WITHDRAWN
    if not spans and facts is not None and facts.withdrawn:
        return Ending.WITHDRAWN
    return Ending.FIXED if place.still_runs else Ending.DECOMMISSIONED


def _last_recorded(clocks: Clocks) -> datetime:
    done = (clocks.acted_at, clocks.mitigated_at, clocks.lifted_at, clocks.waived_at, clocks.cleared_at)
    return max(at for at in (clocks.detected_at, *done) if at is not None)


_OPEN_STATES = (State.OPEN, State.REGRESSED)
_EXCUSED = (State.WAIVED, State.CLEARED)


def act(exposure: Exposure, at: datetime) -> Transition:
    """Record that somebody, or a plan, began to act. The first time counts; a second one changes nothing.

    Raises:
        ConflictError: it is not open.
    """
    _require_open(exposure, "acted on")
    clocks = replace(exposure.clocks, acted_at=exposure.clocks.acted_at or at)
    return Transition(UPDATED, exposure, replace(exposure, clocks=clocks), at)


def mitigate(exposure: Exposure, acted_at: datetime, mitigated_at: datetime) -> Transition:
    """Record that a mitigation was read back in the application at `mitigated_at`.

    An earlier `acted_at` stays. After a mitigation that was lifted too early the later instants count. What is waived
    or cleared stays so.

    Raises:
        ConflictError: it is not open.
    """
    _require_open(exposure, "mitigated")
    acted_at = exposure.clocks.acted_at or acted_at
    clocks = replace(exposure.clocks, acted_at=acted_at, mitigated_at=mitigated_at, lifted_at=None)
    state = exposure.state if exposure.state in _EXCUSED else State.MITIGATED
    after = replace(exposure, state=state, clocks=clocks)
    return Transition(MITIGATED, exposure, after, mitigated_at)


def lift(exposure: Exposure, at: datetime) -> Transition:
    """Record that the mitigation was taken back. While the bad thing still runs and is not waived, it is `regressed`.

    Raises:
        ConflictError: there is no mitigation to lift.
    """
    clocks = exposure.clocks
    lifted = replace(exposure, clocks=replace(clocks, lifted_at=at))
    in_effect = clocks.mitigated_at is not None and clocks.lifted_at is None
    if exposure.state in (State.RESOLVED, *_EXCUSED) and in_effect:
        return Transition(LIFTED, exposure, lifted, at)
    _require(exposure, (State.MITIGATED,), "lifted")
    return Transition(REGRESSED, exposure, replace(lifted, state=State.REGRESSED), at)


def state_otherwise(exposure: Exposure) -> State:
    """Return what a live exposure is where nobody waives or clears it."""
    clocks = exposure.clocks
    if clocks.mitigated_at is not None and clocks.lifted_at is None:
        return State.MITIGATED
    return State.REGRESSED if clocks.lifted_at is not None or exposure.episode > 1 else State.OPEN


def _require_open(exposure: Exposure, deed: str) -> None:
    """Refuse what nothing can be done about; what is waived or cleared is as it would be without."""
    if exposure.state not in _EXCUSED or state_otherwise(exposure) not in _OPEN_STATES:
        _require(exposure, _OPEN_STATES, deed)


def _require(exposure: Exposure, states: tuple[State, ...], deed: str) -> None:
    if exposure.state not in states:
        expected = " or ".join(f"`{state.value}`" for state in states)
        raise ConflictError(
            f"expected {expected}, got `{exposure.state.value}`: exposure {exposure.id} cannot be {deed}",
            hint="read it again: its state changed meanwhile",
        )
