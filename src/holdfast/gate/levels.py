"""Policies of several levels as one: the strictest answer counts.

Levels go from the highest (the org) to the lowest (a file given to one gate). Rules:

1. A lower level may only tighten. What it would loosen does not count and is told, unless a level above it lists that
   in `lower_may`.
2. Of a finding, each level gives its own answer by its own rules in order; the strictest of them counts. A rule that a
   level lists in `lower_may` gives way to what a lower level says of the same finding.
3. Where no level says anything, the defaults of `DEFAULT` count.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from holdfast.gate.policy import BUDGET, STRICTNESS, ModeRules, OnUnknown, Outcome, Policy, Rule, WaiverRules
from holdfast.model.build import Mode
from holdfast.model.verdict import Fail, Pass, Unknown

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

Word = TypeVar("Word", bound=StrEnum)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that applies to a finding, at a level; `outcome` is what it does now."""

    level: str
    rule: Rule
    outcome: Outcome

    @property
    def is_early(self) -> bool:
        """Whether it only warns because its day has not come."""
        return self.outcome is not self.rule.then


@dataclass(frozen=True, slots=True)
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
        self.refused: tuple[str, ...] = tuple(dict.fromkeys(self._find_refused()))

    def bar(self, tier: int | None) -> float:
        """Return the lowest score that passes at a tier."""
        return self._number("min_score", lambda one: one.bar(tier), 70.0, max)

    @property
    def max_age(self) -> timedelta:
        """How old data may be."""
        return self._number("data", lambda one: one.max_age, timedelta(hours=24), min)

    @property
    def on_unknown(self) -> OnUnknown:
        """What becomes of what could not be told."""
        return self._word("data", lambda one: one.on_unknown, OnUnknown.FAIL)

    def mode(self, now: datetime) -> Mode:
        """Return how strict the gate is at an instant."""
        return self._word("mode", lambda one: one.mode.at(now) if one.mode else None, Mode.BLOCK)

    @property
    def overdue(self) -> Outcome:
        """What becomes of what is past its date."""
        return self._word("deadlines", lambda one: one.overdue, Outcome.WARN)

    @property
    def uses_deadlines(self) -> bool:
        """Whether repairs have dates."""
        said = [one.uses_deadlines for one in self.policies if one.uses_deadlines is not None]
        return any(said) if said else True

    @property
    def waivers(self) -> WaiverRules:
        """What a waiver may be: the shortest time, the lowest bound, the approvers of the highest level with any."""
        said = [one.waivers for one in self.policies if one.waivers is not None] or [WaiverRules()]
        named = [one.approvers for one in said if one.approvers]
        approvers = (named[-1] if "waivers" in self._loosened() else named[0]) if named else frozenset[str]()
        return WaiverRules(min(one.longest for one in said), min(one.epss_above for one in said), approvers)

    @property
    def private(self) -> tuple[str, ...]:
        """What no public feed can know, of all levels."""
        return tuple(dict.fromkeys(name for one in self.policies for name in one.private))

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
        stricter = [(rule.id, why) for rule, why in doubts if STRICTNESS[rule.outcome(now)] > STRICTNESS[outcome]]
        return Judgement(outcome, strictest, tuple(stricter))

    def license_outcome(self, licenses: Sequence[str]) -> tuple[Outcome, str]:
        """Return what becomes of a component of these licences, and why. Raises: PolicyError: no SPDX expression."""
        from holdfast.gate.licenses import judge_licenses

        said = [(one, judge_licenses(one.licenses, licenses)) for one in self.policies if not one.licenses.is_empty]
        outcome, because = max((found for _, found in said), key=lambda one: STRICTNESS[one[0]])
        return outcome, because

    @property
    def looks_at_licenses(self) -> bool:
        """Whether any level has rules for licences."""
        return any(not one.licenses.is_empty for one in self.policies)

    def _gives_way(self, hit: RuleHit, lower: Iterable[RuleHit]) -> bool:
        level = next(one for one in self.policies if one.name == hit.level)
        return hit.rule.id in level.lower_may and any(lower)

    def _loosened(self) -> frozenset[str]:
        """What some level lets those below it loosen."""
        return frozenset(name for one in self.policies[:-1] for name in one.lower_may)

    def _number(
        self,
        what: str,
        ask: Callable[[Policy], Value | None],
        default: Value,
        stricter: Callable[[Value, Value], Value],
    ) -> Value:
        value, allowed = None, frozenset[str]()
        for one in self.policies:
            said = ask(one)
            if said is not None:
                value = said if value is None or what in allowed else stricter(value, said)
            allowed |= one.lower_may
        return default if value is None else value

    def _word(self, what: str, ask: Callable[[Policy], Word | None], default: Word) -> Word:
        return self._number(what, ask, default, lambda one, other: max(one, other, key=STRICTNESS.__getitem__))

    def _find_refused(self) -> Iterator[str]:
        """Yield, in words, what a lower level would loosen and may not."""
        for place, one in enumerate(self.policies[1:], 1):
            above = Levels(self.policies[:place])
            allowed = {name for level in self.policies[:place] for name in level.lower_may}
            if "min_score" not in allowed:
                for tier, score in sorted(one.min_score.items()):
                    if score < (bar := above.bar(tier)):
                        named = f"tier-{tier}" if tier else "default"
                        yield f"{one.name}: min_score {named} {score:g} is below the {bar:g} above it, which counts"
            if "data" not in allowed and one.max_age is not None and one.max_age > above.max_age:
                yield f"{one.name}: data.max_age is longer than {_hours(above.max_age)} above it, which counts"
            if "data" not in allowed and _is_milder(one.on_unknown, above.on_unknown):
                yield f"{one.name}: data.on_unknown `{one.on_unknown}` is milder than `{above.on_unknown}` above it"


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
