"""A policy tried on the builds that were recorded: who would have been held, and by what.

Rules:
1. Each build is decided again on what it was decided on then, by its service's policies of today with the candidate in
   its level's place, as if every rule of it were in force already and its mode were `block`.
2. A build whose evidence was dropped, or can't be read any more, is counted, not guessed.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from holdfast.errors import HoldfastError
from holdfast.gate.decide import Decision, Question, decide, describe
from holdfast.gate.levels import Levels
from holdfast.gate.policy import ModeRules, Policy
from holdfast.gate.policy_read import read_policy
from holdfast.loop.build_evidence import unpack_evidence
from holdfast.loop.policies import find_subject, place_names, read_kept, window
from holdfast.loop.turn import Turn
from holdfast.model.build import Answer, Build, Level, Mode
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Permission

MOST_BUILDS = 2000


@frozen
class ReplayRow:
    """One build: what was said of it, what the candidate would say, and what it would have caught."""

    build: Build
    was: Answer
    would_be: Answer
    caught: tuple[str, ...]
    reasons: tuple[str, ...]


@frozen
class Replay:
    """All of them, newest first; `lost` could not be decided again, `more` says that there were too many."""

    since: datetime
    rows: tuple[ReplayRow, ...]
    lost: int
    more: bool

    @property
    def newly_held(self) -> tuple[ReplayRow, ...]:
        """Those that passed and would not."""
        return tuple(one for one in self.rows if one.was is Answer.PASS and one.would_be is not Answer.PASS)

    @property
    def newly_passed(self) -> tuple[ReplayRow, ...]:
        """Those that were held and would pass."""
        return tuple(one for one in self.rows if one.was is not Answer.PASS and one.would_be is Answer.PASS)


def replay_policy(turn: Turn, level: Level, subject: str, document: str, days: float) -> Replay:
    """Try a policy on the builds of the last `days`; nothing is changed.

    Raises:
        PolicyError: it can't be read.
        NotFoundError: there is no such group or service.
    """
    turn.require(Permission.READ)
    candidate = _in_force(read_policy(document.encode("utf-8", "surrogatepass"), file="policy.yaml", name="candidate"))
    place = (level, find_subject(turn.tx, level, subject))
    since = window(turn.now, days)
    builds = turn.tx.builds.since(since, MOST_BUILDS + 1)
    rows, lost = [], 0
    for build in builds[:MOST_BUILDS]:
        levels = _levels(turn, build, place, candidate)
        if levels is None:
            continue
        decision = _decide(turn, build, levels)
        if decision is None:
            lost += 1
        else:
            caught = tuple(describe(one.finding) for one in decision.blocking)
            rows.append(ReplayRow(build, build.would_be, decision.would_be, caught, decision.reasons))
    return Replay(since, tuple(rows), lost, len(builds) > MOST_BUILDS)


def _in_force(policy: Policy) -> Policy:
    rules = tuple(replace(rule, enforce_from=None) for rule in policy.rules)
    return replace(policy, rules=rules, mode=ModeRules(Mode.BLOCK))


def _levels(turn: Turn, build: Build, place: tuple[Level, str], candidate: Policy) -> Levels | None:
    """Return the levels of a build's service with the candidate among them; `None` where it is not among them."""
    try:
        service = turn.tx.services.get(build.service_id)
    except HoldfastError:  # forgotten since
        return None
    places = place_names(turn.tx, service)
    if place not in places:
        return None
    kept = {(one.level, one.subject): one for one in turn.tx.policies.current()}
    found: list[Policy] = []
    for one in places:
        if one == place:
            found.append(candidate)
        elif one in kept:
            found.append(read_kept(kept[one]))
    return Levels(found)


def _decide(turn: Turn, build: Build, levels: Levels) -> Decision | None:
    data = turn.tx.builds.evidence(build.id)
    if data is None:
        return None
    try:
        seen = unpack_evidence(data, packages=levels.looks_at_licenses)
    except (msgspec.DecodeError, zlib.error, ValueError, HoldfastError):  # an older version's, that this one can't read
        return None
    since = dict(seen.known_since)
    given = (seen.head, seen.base, seen.basis, seen.bound, levels, seen.waivers, since)
    asked = Question(*given, vex=seen.vex, also=seen.also, granted=dict(seen.granted))
    return decide(asked, build.at)


def sum_up(rows: Sequence[ReplayRow]) -> dict[str, int]:
    """Return how many builds each service would have had held."""
    out: dict[str, int] = {}
    for one in rows:
        if one.would_be is not Answer.PASS:
            out[one.build.service] = out.get(one.build.service, 0) + 1
    return dict(sorted(out.items(), key=lambda pair: (-pair[1], pair[0])))
