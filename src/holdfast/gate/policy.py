"""Policies: what a build must hold to, at one level of the house.

A level is the org, a group, a service, or a file given to a gate. The strictest answer of all levels counts
(`gate.levels`). Rules:

1. Rules are asked in order, the first that applies decides. One of which nobody can tell whether it applies is passed
   over, and counts as unknown unless a later one blocks.
2. `finding.cvss` of what has no score is 7.0, as everywhere; anything else that is not known is missing, and a rule
   that hangs on it is unknown.
3. A rule with `enforce_from` warns until then.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from holdfast.controls.cel import (
    BOOL,
    DOUBLE,
    STRING,
    Program,
    Type,
    compile_expression,
    list_of,
    object_of,
    parse_expression,
)
from holdfast.controls.vocabulary import ENVIRONMENT, SERVICE
from holdfast.model.build import Mode
from holdfast.model.frozen import frozen
from holdfast.model.vex import VexKey

BUDGET = 10_000
"""Steps that one rule may take on one finding; an expression that would never end is unknown."""


class Outcome(StrEnum):
    """What becomes of a finding, the mildest first."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"


class OnUnknown(StrEnum):
    """What becomes of what could not be told."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"


class Unverified(StrEnum):
    """What becomes of a deployment of a release without a passing verdict: nothing, it is told, it is a finding."""

    IGNORE = "ignore"
    WARN = "warn"
    FINDING = "finding"


STRICTNESS: Mapping[StrEnum, int] = {
    **{one: rank for rank, one in enumerate(Outcome)},
    **{one: rank for rank, one in enumerate(OnUnknown)},
    **{one: rank for rank, one in enumerate(Mode)},
    **{one: rank for rank, one in enumerate(Unverified)},
}
"""How strict a word is, among its own kind."""


@frozen
class Rule:
    """One rule; `when` is CEL over `POLICY_SCHEMA`, written at `line` and `column` of `file`."""

    id: str
    when: str
    then: Outcome
    because: str = ""
    enforce_from: datetime | None = None
    file: str = ""
    line: int = 1
    column: int = 1

    @property
    def program(self) -> Program:
        """The rule's condition, ready to run. Raises: ExpressionError, with its place."""
        return _compile(self.when, self.file, self.line, self.column)

    def outcome(self, now: datetime) -> Outcome:
        """What it does at an instant."""
        if self.then is Outcome.BLOCK and self.enforce_from is not None and now < self.enforce_from:
            return Outcome.WARN
        return self.then


@frozen
class LicenseRules:
    """What may be said of licences, as SPDX ids. With `allow`, whatever is not in it is `otherwise`."""

    allow: frozenset[str] = frozenset()
    warn: frozenset[str] = frozenset()
    block: frozenset[str] = frozenset()
    otherwise: Outcome = Outcome.ALLOW
    unknown: Outcome = Outcome.ALLOW

    @property
    def is_empty(self) -> bool:
        """Whether licences are not looked at."""
        return self == LicenseRules()


@frozen
class WaiverRules:
    """What a waiver may be; `None` is "not said". Without `approvers` anybody but its owner may approve one."""

    longest: timedelta | None = None
    epss_above: float | None = None
    approvers: frozenset[str] | None = None


@frozen
class VexRules:
    """Whose VEX statements count, and what they may clear although nothing else may; `None` is "not said".

    `keys` are those whose signatures count.
    """

    authors: frozenset[str] | None = None
    also_clears: frozenset[str] | None = None
    keys: tuple[VexKey, ...] | None = None
    require_signature: bool | None = None


@frozen
class ModeRules:
    """How strict a gate is now, and what comes next."""

    now: Mode = Mode.BLOCK
    next: Mode | None = None
    next_from: datetime | None = None

    def at(self, now: datetime) -> Mode:
        """Return the mode at an instant."""
        if self.next is not None and self.next_from is not None and now >= self.next_from:
            return self.next
        return self.now


@frozen
class DeploymentRules:
    """What becomes of deployments without a passing verdict that began at `since` or later; `None` is "not said"."""

    unverified: Unverified | None = None
    since: datetime | None = None


@frozen
class Policy:
    """One level. `name` says whose it is, `digest` is `sha256:…` of its text. `None` is "this level does not say".

    `min_score` is (tier, score) with tier 0 for every tier that is not named.
    """

    name: str
    digest: str = ""
    min_score: Mapping[int, float] = field(default_factory=dict)
    max_age: timedelta | None = None
    on_unknown: OnUnknown | None = None
    rules: tuple[Rule, ...] = ()
    licenses: LicenseRules = LicenseRules()
    uses_deadlines: bool | None = None
    overdue: Outcome | None = None
    waivers: WaiverRules | None = None
    private: tuple[str, ...] = ()
    mode: ModeRules | None = None
    on_unavailable: str | None = None
    lower_may: frozenset[str] = frozenset()
    vex: VexRules = VexRules()
    deployments: DeploymentRules = DeploymentRules()

    def bar(self, tier: int | None) -> float | None:
        """Return the lowest score that passes at a tier; `None` when this level does not say."""
        return self.min_score.get(tier or 0, self.min_score.get(0))


POLICY_SCHEMA: Mapping[str, Type] = {
    "finding": object_of(
        "finding",
        {
            "id": STRING,
            "aliases": list_of(STRING),
            "kind": STRING,
            "summary": STRING,
            "cvss": DOUBLE,
            "scored": BOOL,
            "known_exploited": BOOL,
            "epss": DOUBLE,
            "automatable": BOOL,
            "total_impact": BOOL,
            "malicious": BOOL,
            "state": STRING,
            "fix_available": BOOL,
            "fix_version": STRING,
            "introduced_here": BOOL,
            "confidence": STRING,
            "tools": list_of(STRING),
            "file": STRING,
            "age_days": DOUBLE,
            "days_left": DOUBLE,
        },
    ),
    "component": object_of(
        "component",
        {
            "ecosystem": STRING,
            "name": STRING,
            "version": STRING,
            "purl": STRING,
            "direct": BOOL,
            "scope": STRING,
            "source": STRING,
            "licenses": list_of(STRING),
        },
    ),
    "service": SERVICE,
    "environment": ENVIRONMENT,
}
"""What a rule can read. `finding.days_left` is until its deadline, negative when overdue, missing without one."""


@lru_cache(maxsize=1024)
def _compile(text: str, file: str, line: int, column: int) -> Program:
    return compile_expression(parse_expression(text, file=file, line=line, column=column), POLICY_SCHEMA)
