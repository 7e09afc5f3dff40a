"""Policies of several levels as one: the strictest answer counts.

Levels go from the highest (the org) to the lowest (a file given to one gate). Rules:

1. A lower level may only tighten, also what the levels above it leave to the built-in policy. What it would loosen does
   not count and is told, unless the level whose word counts lists that in `lower_may`.
2. Of a finding, each level gives its own answer by its own rules in order; the strictest of them counts. A rule that a
   level lists in `lower_may` gives way to what a lower level says of the same finding.
3. Where no level says anything, the defaults of `DEFAULT` count.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from holdfast.findings.vex import VexLimits
from holdfast.gate.policy import (
    BUDGET,
    STRICTNESS,
    ModeRules,
    OnUnknown,
    Outcome,
    Policy,
    Rule,
    Unverified,
    WaiverRules,
)
from holdfast.model.advisory import PackageState
from holdfast.model.build import Mode
from holdfast.model.finding import Finding
from holdfast.model.frozen import frozen
from holdfast.model.verdict import Fail, Pass, Unknown
from holdfast.model.vex import VexKey

DEFAULT_NAME = "the built-in policy"
DEFAULT = Policy(
    name=DEFAULT_NAME,
    min_score={0: 70.0},
    max_age=timedelta(hours=24),
    on_unknown=OnUnknown.FAIL,
    rules=(
        Rule("malicious", "finding.malicious", Outcome.BLOCK, "it was made to harm", file=DEFAULT_NAME),
        Rule(
            "known-exploited",
            "finding.known_exploited && finding.fix_available",
            Outcome.BLOCK,
            "it is being exploited, and there is a fix",
            file=DEFAULT_NAME,
        ),
        Rule("new-high", "finding.cvss >= 7.0 && finding.fix_available", Outcome.BLOCK, "", file=DEFAULT_NAME),
        Rule("known-exploited-unfixed", "finding.known_exploited", Outcome.WARN, "there is no fix", file=DEFAULT_NAME),
        Rule("end-of-life", 'finding.kind == "end-of-life"', Outcome.WARN, "nobody mends it", file=DEFAULT_NAME),
    ),
    uses_deadlines=True,
    overdue=Outcome.WARN,
    waivers=WaiverRules(),
    mode=ModeRules(Mode.BLOCK),
    on_unavailable="fail",
)

MOST_WAIVED, MOST_EPSS = timedelta(days=90), 0.1
"""How long a waiver lasts at most, and the EPSS that voids it, where no policy says."""
_LATE = datetime(9999, 1, 1, tzinfo=UTC)
Word = TypeVar("Word", bound=StrEnum)
Value = TypeVar("Value")


@frozen
class RuleHit:
    """A rule that applies to a finding, at a level; `outcome` is what it does now."""

    level: str
    rule: Rule
    outcome: Outcome

    @property
    def is_early(self) -> bool:
        """Whether it only warns because its day has not come."""
        return self.outcome is not self.rule.then


@frozen
class Judgement:
    """What the rules say of a finding: the outcome, the rules it rests on, and those nobody could tell of."""

    outcome: Outcome
    hits: tuple[RuleHit, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    """(rule, why not) that could have been stricter."""


class Levels:
    """Policies from the highest level to the lowest; without any, the built-in one."""

    def __init__(self, policies: Sequence[Policy] = ()) -> None:
        self.policies = tuple(policies) or (DEFAULT,)

    @property
    def refused(self) -> tuple[str, ...]:
        """What a lower level would loosen and may not, in words."""
        return tuple(dict.fromkeys(self._find_refused()))

    def bar(self, tier: int | None) -> float:
        """Return the lowest score that passes at a tier."""
        return self._fold("min_score", lambda one: one.bar(tier), 70.0, max)

    @property
    def max_age(self) -> timedelta:
        """How old data may be."""
        return self._fold("data", lambda one: one.max_age, timedelta(hours=24), min)

    @property
    def on_unknown(self) -> OnUnknown:
        """What becomes of what could not be told."""
        return self._fold("data", lambda one: one.on_unknown, OnUnknown.FAIL, _stricter)

    @property
    def on_unavailable(self) -> str:
        """What a gate does that can't reach its server."""
        return self._fold("on_unavailable", lambda one: one.on_unavailable, "fail", stricter_away)

    @property
    def says_away(self) -> bool:
        """Whether any level says what becomes of a build while the server is away."""
        return any(one.on_unavailable is not None for one in self.policies if one is not DEFAULT)

    def mode(self, now: datetime) -> Mode:
        """Return how strict the gate is at an instant."""
        return self._fold("mode", lambda one: one.mode.at(now) if one.mode else None, Mode.BLOCK, _stricter)

    def unverified(self, at: datetime) -> Unverified:
        """Return what becomes of a deployment of an instant that has no passing verdict.

        Where the highest level does not say, it follows the mode of then: who only looks is not told of findings.
        """
        usual = {Mode.OBSERVE: Unverified.IGNORE, Mode.WARN: Unverified.WARN, Mode.BLOCK: Unverified.FINDING}
        return self._fold("deployments", lambda one: one.deployments.unverified, usual[self.mode(at)], _stricter)

    def unverified_since(self, usual: datetime | None) -> datetime | None:
        """From when on deployments need a verdict; `usual` where the highest level does not say, `None` for never."""
        return self._fold("deployments", lambda one: one.deployments.since, usual, _earlier)

    @property
    def tells_environments_apart(self) -> bool:
        """Whether a rule of any level looks at the environment."""
        return any("environment" in rule.when for one in self.policies for rule in one.rules)

    @property
    def overdue(self) -> Outcome:
        """What becomes of what is past its date."""
        return self._fold("deadlines", lambda one: one.overdue, Outcome.WARN, _stricter)

    @property
    def uses_deadlines(self) -> bool:
        """Whether repairs have dates."""
        return self._fold("deadlines", lambda one: one.uses_deadlines, True, lambda one, other: one or other)

    @property
    def waivers(self) -> WaiverRules:
        """What a waiver may be: the shortest time, the lowest bound, the approvers that every level names."""
        usual = WaiverRules()
        longest = self._fold("waivers", lambda one: one.waivers.longest if one.waivers else None, MOST_WAIVED, min)
        epss = self._fold("waivers", lambda one: one.waivers.epss_above if one.waivers else None, MOST_EPSS, min)
        everybody: frozenset[str] | None = None
        named = self._fold(
            "waivers",
            lambda one: one.waivers.approvers if one.waivers and one.waivers.approvers is not None else None,
            everybody,
            lambda one, other: other if one is None else one if other is None else one & other,
        )
        return replace(usual, longest=longest, epss_above=epss, approvers=named)

    @property
    def vex(self) -> VexLimits:
        """Whose VEX statements count, by every level; and what they may clear, by the highest level or whom it lets."""
        everybody: frozenset[str] | None = None
        named = self._fold(
            "vex",
            lambda one: one.vex.authors,
            everybody,
            lambda one, other: other if one is None else one if other is None else one & other,
        )
        also = self._fold("vex", lambda one: one.vex.also_clears, frozenset[str](), frozenset.intersection)
        needed = self._fold("vex", lambda one: one.vex.require_signature, False, lambda one, other: one or other)
        return VexLimits(named, also, frozenset(one.fingerprint for one in self.vex_keys), needed)

    @property
    def vex_keys(self) -> tuple[VexKey, ...]:
        """Whose signatures of VEX documents count: those that every level names which names any.

        Below a level that wants signatures and names nobody, no level may say whose.
        """
        trusted: tuple[VexKey, ...] | None = None
        is_needed, free = False, True  # the highest may say what it likes
        for one in self.policies:
            said = one.vex.keys
            if said is not None and (free or (trusted is None and not is_needed)):
                trusted = said
            elif said is not None:
                named = {key.fingerprint for key in said}
                trusted = tuple(key for key in trusted or () if key.fingerprint in named)
            is_needed = is_needed or bool(one.vex.require_signature)
            free = free and "vex" in one.lower_may
        return trusted or ()

    @property
    def private(self) -> tuple[str, ...]:
        """What no public feed can know: the highest level's, and those of levels that may say so."""
        found, free = list(self.policies[0].private), "private" in self.policies[0].lower_may
        for one in self.policies[1:]:
            found += one.private if free else ()
            free = free and "private" in one.lower_may
        return tuple(dict.fromkeys(found))

    @property
    def digests(self) -> tuple[tuple[str, str], ...]:
        """(level, digest) of what was decided by; the built-in policy has none."""
        return tuple((one.name, one.digest) for one in self.policies)

    def judge(self, activation: Mapping[str, object], now: datetime) -> Judgement:
        """Return what the rules of all levels say of one finding."""
        found = [_first(one, activation, now) for one in self.policies]
        hits = [hit for hit, _ in found if hit is not None]
        kept = [hit for place, hit in enumerate(hits) if not self._gives_way(hit, hits[place + 1 :])]
        outcome = max((hit.outcome for hit in kept), key=STRICTNESS.__getitem__, default=Outcome.ALLOW)
        strictest = tuple(hit for hit in kept if hit.outcome is outcome)
        doubts = [doubt for _, doubts in found for doubt in doubts]
        # what only warns, or will block some day, holds nothing up while nobody can tell
        stricter = [(rule.id, why) for rule, why in doubts if rule.outcome(now) is Outcome.BLOCK is not outcome]
        return Judgement(outcome, strictest, tuple(stricter))

    def allowed(self, finding: Finding, activation: Mapping[str, object], now: datetime) -> str:
        """Return why a finding without hope of a fix counts nothing in the score; empty where it counts.

        Only a rule of the highest level can say so, and only of what the distribution will not fix.
        """
        if finding.state is not PackageState.WILL_NOT_FIX or finding.known_exploited:
            return ""
        said = self.judge(activation, now)
        highest = [hit for hit in said.hits if hit.level == self.policies[0].name]
        if said.outcome is not Outcome.ALLOW or said.unknown or not highest:
            return ""
        return f"allowed by rule `{highest[0].rule.id}`: it will not be fixed"

    def license_outcome(self, licenses: Sequence[str]) -> tuple[Outcome, str]:
        """Return what becomes of a component of these licences, and why. Raises: PolicyError: no SPDX expression."""
        from holdfast.gate.licenses import judge_licenses

        return self._fold(
            "licenses",
            lambda one: None if one.licenses.is_empty else judge_licenses(one.licenses, licenses),
            (Outcome.ALLOW, ""),
            lambda one, other: max(one, other, key=lambda said: STRICTNESS[said[0]]),
        )

    @property
    def looks_at_licenses(self) -> bool:
        """Whether any level has rules for licences."""
        return any(not one.licenses.is_empty for one in self.policies)

    def _gives_way(self, hit: RuleHit, lower: Iterable[RuleHit]) -> bool:
        level = next(one for one in self.policies if one.name == hit.level)
        return hit.rule.id in level.lower_may and any(lower)

    def _fold(
        self,
        what: str,
        ask: Callable[[Policy], Value | None],
        usual: Value,
        stricter: Callable[[Value, Value], Value],
    ) -> Value:
        """Return what counts of all levels: the highest may say what it likes, those below it only tighten.

        Where the highest is silent, the usual value is its word. A level frees below it only what it said itself.
        """
        value, free = usual, what in self.policies[0].lower_may
        for place, one in enumerate(self.policies):
            said = ask(one)
            if said is None:
                continue
            counts = said if place == 0 or free else stricter(value, said)
            if counts == said:  # its word counts: what it lists, those below it may loosen
                free = what in one.lower_may
            value = counts
        return value

    def _find_refused(self) -> Iterator[str]:
        for place, one in enumerate(self.policies[1:], 1):
            with_it = Levels(self.policies[: place + 1])
            for tier, score in sorted(one.min_score.items()):
                if score < (bar := with_it.bar(tier)):
                    named = f"tier-{tier}" if tier else "default"
                    yield f"{one.name}: min_score {named} {score:g} is below the {bar:g} above it, which counts"
            if one.max_age is not None and one.max_age > with_it.max_age:
                yield f"{one.name}: data.max_age is longer than {_hours(with_it.max_age)} above it, which counts"
            if _is_milder(one.on_unknown, with_it.on_unknown):
                yield f"{one.name}: data.on_unknown `{one.on_unknown}` is milder than `{with_it.on_unknown}` above it"
            if one.mode is not None and _is_milder(one.mode.now, with_it.mode(_LATE)):
                yield f"{one.name}: mode `{one.mode.now}` is milder than what is above it, which counts"
            if _is_milder(said := one.deployments.unverified, with_it.unverified(_LATE)):
                yield f"{one.name}: deployments.unverified `{said}` is milder than what is above it, which counts"
            if one.vex.also_clears and one.vex.also_clears - with_it.vex.also_clears:
                yield f"{one.name}: vex.also_clears counts only where a higher level lists `vex` in lower_may"
            if one.vex.require_signature is False and with_it.vex.needs_signature:
                yield f"{one.name}: vex.require_signature `false` is milder than what is above it, which counts"
            if set(one.vex.keys or ()) - set(with_it.vex_keys):
                yield f"{one.name}: vex.keys that nobody above it names count only where that lists `vex` in lower_may"
            if one.private and set(one.private) - set(with_it.private):
                yield f"{one.name}: private names count only where a higher level lists `private` in lower_may"


def _stricter(one: Word, other: Word) -> Word:
    return max(one, other, key=STRICTNESS.__getitem__)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier instant; `None` is never."""
    return min((at for at in (one, other) if at is not None), default=None)


def stricter_away(one: str, other: str) -> str:
    """Return the stricter of two words for a server that is away."""
    return min(one, other, key=("fail", "cached", "pass").index)


def _is_milder(one: StrEnum | None, other: StrEnum) -> bool:
    return one is not None and STRICTNESS[one] < STRICTNESS[other]


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g}h"


def _first(
    policy: Policy, activation: Mapping[str, object], now: datetime
) -> tuple[RuleHit | None, list[tuple[Rule, str]]]:
    """Return a level's first rule that applies, and those before it of which nobody can tell."""
    doubts: list[tuple[Rule, str]] = []
    for rule in policy.rules:
        match rule.program.decide(activation, now=now, budget=BUDGET):
            case Pass():
                return RuleHit(policy.name, rule, rule.outcome(now)), doubts
            case Unknown() as unknown:
                doubts.append((rule, unknown.because))
            case Fail():
                continue
    return None, doubts
