"""May this ship? Findings, what they are compared with, and policies → a decision.

Rules:

1. Only what the change adds is judged by rules, and only the unknown that it adds counts. Without a base everything
   counts as added. Compared with several things at once, only what is in all of them was there before.
2. The score judges the whole service. A change fails by it when it is below the bar and below its base, or below what
   was accepted as inherited; a release when it is below the bar, unless it is strictly less exposed than what it
   replaces; without a base, below the bar.
3. A better score excuses nothing that a rule blocks.
4. What a waiver in force covers, or a VEX document clears, counts nothing and stays visible; a void one is told. What
   was cleared before and is no more by what the change does counts as added.
5. Blocked beats could-not-tell beats pass; both causes are named. In a milder mode the verdict is pass, and says what
   it would have been.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from holdfast.findings.vex import Said, Vex, find_said
from holdfast.findings.waivers import Limits, Waived, excuses, find_waiver
from holdfast.gate.activation import activation_of
from holdfast.gate.before import Before, BeforeAll
from holdfast.gate.deadlines import Deadline, find_deadline
from holdfast.gate.levels import MOST_EPSS, MOST_WAIVED, Judgement, Levels
from holdfast.gate.policy import STRICTNESS, OnUnknown, Outcome
from holdfast.gate.score import Score, rate, tally
from holdfast.gate.sides import Gap, Side, under
from holdfast.model.advisory import PackageState
from holdfast.model.build import Answer, Basis, Mode
from holdfast.model.finding import Finding, Kind
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Reach
from holdfast.model.waiver import Waiver


@frozen
class Bound:
    """What a build is of, and where it is bound for; `None` and empty are not known."""

    service: str = ""
    team: str = ""
    tier: int | None = None
    reach: Reach = Reach.UNKNOWN
    environment: str = ""
    environment_tier: int | None = None
    environment_reach: Reach | None = None

    @property
    def exposure(self) -> Reach:
        """Who can reach it there."""
        return self.environment_reach or self.reach


@frozen
class Judged:
    """A finding with everything that was decided about it. `is_new` says that the change adds it."""

    finding: Finding
    is_new: bool
    outcome: Outcome
    judgement: Judgement
    waived: Waived | None = None
    deadline: Deadline | None = None
    because: str = ""
    said: Said | None = None
    allowed: str = ""
    """Why a rule takes it out of the score; empty where none does."""
    service: str = ""
    """Whose it is, where several services were judged together; else empty."""

    @property
    def excuse(self) -> str | None:
        """Why it counts nothing; `None` when it counts."""
        if self.waived is not None and self.waived.holds:
            return f"waived by {self.waived.waiver.id}"
        return self.said.words if self.said is not None and self.said.clears else self.allowed or None


@frozen
class Decision:
    """The answer and what it rests on. `would_be` is the answer in mode `block`."""

    answer: Answer
    would_be: Answer
    mode: Mode
    basis: Basis
    score: Score
    base_score: Score | None
    bar: float
    score_fails: bool
    judged: tuple[Judged, ...]
    gaps: tuple[Gap, ...]
    old_gaps: int
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def blocking(self) -> tuple[Judged, ...]:
        """What blocks."""
        return tuple(one for one in self.judged if one.outcome is Outcome.BLOCK)

    @property
    def warnings(self) -> tuple[Judged, ...]:
        """What is only told."""
        return tuple(one for one in self.judged if one.outcome is Outcome.WARN)

    @property
    def waived(self) -> tuple[Judged, ...]:
        """What a waiver in force covers."""
        return tuple(one for one in self.judged if one.waived is not None and one.waived.holds)

    @property
    def spoken_of(self) -> tuple[Judged, ...]:
        """What VEX documents speak of."""
        return tuple(one for one in self.judged if one.said is not None)

    @property
    def existing(self) -> int:
        """How many findings were there before."""
        return sum(not one.is_new for one in self.judged)


@frozen
class Question:
    """All that a decision rests on. `known_since` gives when a finding was first known where it runs.

    `folders` are (folder, service) of those that share the tree of head and base; empty where the base is no tree.
    `granted` gives, by the same keys, when it was accepted as inherited.
    `also` are further bases beside the first: other releases that run at the same time.
    """

    head: Side
    base: Side | None
    basis: Basis
    bound: Bound
    levels: Levels
    waivers: Sequence[Waiver] = ()
    known_since: Mapping[tuple[str, ...], datetime] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    vex: Vex = field(default_factory=Vex)
    also: tuple[Side, ...] = ()
    granted: Mapping[tuple[str, ...], datetime] = field(default_factory=dict)

    @property
    def bases(self) -> tuple[Side, ...]:
        """All that it is compared with."""
        return () if self.base is None else (self.base, *self.also)


_Heard = tuple[Finding, Said | None, Waived | None]
"""A finding, and what documents and waivers say of it."""


def decide(asked: Question, now: datetime) -> Decision:
    """Return what the policies say of a build."""
    bases = [under(one, asked.levels) for one in asked.bases]
    head = under(asked.head, asked.levels)
    asked = replace(asked, head=head, base=next(iter(bases), None), also=tuple(bases[1:]))
    old = BeforeAll(Before(one.findings, asked.folders) for one in bases)
    heard = [[(each, *_find_spoken(each, asked, now)) for each in one.findings] for one in bases]
    bare = BeforeAll(
        Before([each for each, said, waived in one if not _is_cleared(said, waived)], asked.folders) for one in heard
    )
    judged = tuple(_judge(one, asked, old, bare, now) for one in sorted(asked.head.findings, key=lambda one: one.order))
    score = _score(judged, asked, now)
    base_score = _base_score(heard, asked, now)
    bar = asked.levels.bar(asked.bound.tier)
    score_fails = is_failing(score, base_score, bar, asked.basis)
    new_gaps, old_gaps = _sort_gaps(asked, now)
    undecided = _undecided(judged)
    doubts = [*_gap_reasons(new_gaps), *(f"could not tell {one.because}" for one in undecided)]
    reasons = [*_blocking_reasons(judged), *([_score_reason(score, base_score, bar)] if score_fails else [])]
    would_be = Answer.PASS
    if reasons:
        would_be = Answer.BLOCKED
    elif doubts and asked.levels.on_unknown is OnUnknown.FAIL:
        would_be = Answer.UNKNOWN
    mode = asked.levels.mode(now)
    return Decision(
        answer=would_be if mode is Mode.BLOCK else Answer.PASS,
        would_be=would_be,
        mode=mode,
        basis=asked.basis,
        score=score,
        base_score=base_score,
        bar=bar,
        score_fails=score_fails,
        judged=judged,
        gaps=(*new_gaps, *undecided),
        old_gaps=old_gaps,
        reasons=(*reasons, *doubts),
        notes=(*asked.levels.refused, *asked.notes, *asked.vex.notes),
    )


def _find_spoken(finding: Finding, asked: Question, now: datetime) -> tuple[Said | None, Waived | None]:
    """Return what documents and waivers say of a finding, as both are now."""
    said = find_said(finding, asked.vex, asked.levels.vex, now)
    limits = _limits(asked.levels)
    return said, find_waiver(finding, asked.waivers, service=asked.bound.service, limits=limits, now=now)


def _is_cleared(said: Said | None, waived: Waived | None) -> bool:
    """Whether a document clears a finding or a waiver covers it."""
    return (said is not None and said.clears) or (waived is not None and waived.holds)


def _judge(finding: Finding, asked: Question, old: BeforeAll, bare: BeforeAll, now: datetime) -> Judged:
    """Decide about one finding; `bare` are those of the base that nothing clears."""
    said, waived = _find_spoken(finding, asked, now)
    is_new = not (old if _is_cleared(said, waived) else bare).has(finding)
    deadline = _deadline(finding, asked) if asked.levels.uses_deadlines else None
    activation = activation_of(finding, asked.bound, is_new=is_new, deadline=deadline, now=now)
    judgement = asked.levels.judge(activation, now) if is_new else Judgement(Outcome.ALLOW)
    outcome, because = judgement.outcome, ""
    allowed = asked.levels.allowed(finding, activation, now)
    plain = Judged(finding, is_new, Outcome.ALLOW, judgement, waived, deadline, said=said, allowed=allowed)
    if plain.excuse is not None:
        return plain
    if not is_new and deadline is not None and deadline.due_at is not None and now > deadline.due_at:
        outcome, because = asked.levels.overdue, "its repair is overdue"
    if is_new and finding.component is not None and asked.levels.looks_at_licenses and finding.kind is Kind.LICENSE:
        found, why = asked.levels.license_outcome(finding.ids)
        if STRICTNESS[found] >= STRICTNESS[outcome]:
            outcome, because = found, why
    return replace(plain, outcome=outcome, because=because)


def _limits(levels: Levels) -> Limits:
    rules = levels.waivers
    return Limits(
        rules.longest or MOST_WAIVED, MOST_EPSS if rules.epss_above is None else rules.epss_above, rules.approvers
    )


def _deadline(finding: Finding, asked: Question) -> Deadline | None:
    granted = min((asked.granted[key] for key in finding.keys if key in asked.granted), default=None)
    known = [asked.known_since[key] for key in finding.keys if key in asked.known_since]
    since = min([*known, *([granted] if granted else [])], default=None)
    return None if since is None else find_deadline(finding, asked.bound.exposure, since, granted)


def _score(judged: Iterable[Judged], asked: Question, now: datetime) -> Score:
    reach = asked.bound.exposure
    return tally(rate(one.finding, reach, now, one.excuse) for one in judged)


def _base_score(bases: Iterable[Sequence[_Heard]], asked: Question, now: datetime) -> Score | None:
    """The base's score by today's knowledge, waivers and VEX documents: only the change may make the difference.

    Of several it is the best: who replaces them all must be less exposed than each.
    """
    scores = [_score_of(one, asked, now) for one in bases]
    return max(scores, key=lambda one: one.value, default=None)


def _score_of(base: Sequence[_Heard], asked: Question, now: datetime) -> Score:
    bound, entries = asked.bound, []
    for one, said, waived in base:
        excused = "waived" if waived is not None and waived.holds else None
        excused = excused or ("cleared" if _is_cleared(said, waived) else None)
        if excused is None and one.state is PackageState.WILL_NOT_FIX:
            activation = activation_of(one, bound, is_new=False, deadline=None, now=now)
            excused = asked.levels.allowed(one, activation, now) or None
        entries.append(rate(one, bound.exposure, now, excused))
    return tally(entries)


def is_failing(score: Score, base: Score | None, bar: float, basis: Basis) -> bool:
    """Tell whether a score alone makes a build fail, by rule 2."""
    if score.value >= bar:
        return False
    if base is None or basis is Basis.NOTHING:
        return True
    return score.value <= base.value if basis is Basis.RELEASE else score.value < base.value


def _sort_gaps(asked: Question, now: datetime) -> tuple[tuple[Gap, ...], int]:
    """Return the gaps that the change adds and nobody waived, and how many others there are."""
    in_each = [frozenset(one.id for one in base.gaps) for base in asked.bases]
    known = frozenset.intersection(*in_each) if in_each else frozenset()
    every = {one.id: one for one in asked.head.gaps}
    service, limits = asked.bound.service, _limits(asked.levels)
    added = tuple(
        one
        for name, one in sorted(every.items())
        if name not in known and excuses(name, asked.waivers, service=service, limits=limits, now=now) is None
    )
    return added, len(every) - len(added)


def _gap_reasons(gaps: Sequence[Gap]) -> list[str]:
    return [f"could not tell: {one.because}{f' ({one.place})' if one.place else ''}" for one in gaps]


def _undecided(judged: Iterable[Judged]) -> list[Gap]:
    """Return each rule of which nobody knows whether it applies to something new, as what could not be told."""
    return [
        Gap(
            f"undecided:{rule}:{describe(one.finding)}",
            f"whether rule `{rule}` applies to {describe(one.finding)}: {why}",
            str(one.finding.locations[0]) if one.finding.locations else "",
        )
        for one in judged
        if one.is_new and one.excuse is None
        for rule, why in one.judgement.unknown
        if STRICTNESS[one.outcome] < STRICTNESS[Outcome.BLOCK]
    ]


def _blocking_reasons(judged: Iterable[Judged]) -> list[str]:
    out = []
    for one in judged:
        if one.outcome is Outcome.BLOCK:
            rules = ", ".join(f"`{hit.rule.id}`" for hit in one.judgement.hits)
            out.append(f"{describe(one.finding)}: {one.because or f'rule {rules}'}")
    return out


def _score_reason(score: Score, base: Score | None, bar: float) -> str:
    beside = "" if base is None else f", and its base has {base.value:.1f}"
    return f"the score is {score.value:.1f}, below {bar:g}{beside}"


def describe(finding: Finding) -> str:
    """Return a finding in a few words: its id, its CVEs where they are several, and what it is in."""
    where = finding.component.purl if finding.component else str(next(iter(finding.locations), ""))
    return f"{finding.named} in {where}" if where else finding.named
