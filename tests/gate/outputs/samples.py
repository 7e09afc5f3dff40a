"""A decision with one of everything, and names that mean harm."""

from dataclasses import replace
from datetime import timedelta

from holdfast.gate.decide import Bound, Decision, Question, decide
from holdfast.gate.levels import Levels
from holdfast.gate.outputs import OutputContext
from holdfast.gate.policy_read import read_policy
from holdfast.gate.sides import Gap, Side
from holdfast.model.build import Basis
from holdfast.model.component import Component, Location, Occurrence, Sbom, Source
from holdfast.model.finding import Finding, Kind
from holdfast.model.fix import Fix
from holdfast.model.waiver import Status, Waiver
from tests.gate.findings import NOW, finding

POLICY = """
min_score: {default: 40}
rules:
  - {id: malicious, when: finding.malicious, then: block, because: it was made to harm}
  - {id: high, when: finding.cvss >= 7.0, then: block}
  - {id: medium, when: finding.cvss >= 4.0, then: warn}
"""
EVIL = "a`b|c](https://evil.example)@all<img src=x>%0A::error::x"
"""A name of a package that tries Markdown, HTML, mentions and workflow commands at once."""
EVIL_FILE = "sub/a,b:c ::error file=x::%0A::set-output name=x::y&<b>.json"
"""A path; one that is not printable is never read, and a gap."""


def waiver(name: str, package: str, **fields: object) -> Waiver:
    one = Waiver(
        *(f"w-{package}", (name,), "shop", Status.NOT_AFFECTED, "vulnerable_code_not_in_execute_path", "ana", "sec"),
        signed_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=30),
        ecosystem="npm",
        package=package,
        fix_version="2.0.0",
    )
    return replace(one, **fields)  # type: ignore[arg-type]  # checked by the dataclass


def evil(number: int = 0) -> Finding:
    """Return a finding whose package, file, title and command are hostile."""
    name = f"{EVIL}{number or ''}"
    occurrence = Occurrence(Component("npm", name, "1.0.0"), (Location(EVIL_FILE, 3),), False, ("x\x1b[2J",))
    fix = Fix("2.0.0", name, "npm install '`id`' | cat\n::warning::x", None)
    return replace(
        finding("CVE-2026-9", cvss=9.1), occurrence=occurrence, fix=fix, title="::error::[x](http://e.example)"
    )


OLD = finding("CVE-2020-1", package="old", cvss=5.0)
FIXED = finding("CVE-2020-2", package="mended", version="1.0.0", cvss=5.0)
HEAD = (
    finding("GHSA-a-b-c", aliases=("CVE-2026-1",)),
    evil(),
    finding("CVE-2026-2", package="warned", cvss=5.0, fix=None),
    finding("CVE-2026-3", package="excused", cvss=8.0),
    finding("CVE-2026-4", package="borne", cvss=8.0),
    finding("CVE-2026-5", package="void", cvss=4.5),
    finding("CVE-2026-6", package="quiet", cvss=2.0),
    finding("CVE-2026-7", package="unscored", cvss=None),
    finding("MAL-2026-1", package="evil", kind=Kind.MALICIOUS, cvss=None, fix=None),
    OLD,
)
WAIVERS = (
    waiver("CVE-2026-3", "excused"),
    waiver("CVE-2026-4", "borne", status=Status.AFFECTED, reason="workaround_available", statement="see the plan"),
    waiver("CVE-2026-5", "void", expires_at=NOW - timedelta(hours=1)),
)
GAPS = (Gap("unread:a.lock:x", "line 3 is ::error::no pin", "a.lock:3"), Gap("unjudged:npm:x", "no feed for @all"),
        Gap("unread:y", "its path is not printable text", "y\n::error::\udcff/a.lock"))  # fmt: skip


def sbom_of(findings: tuple[Finding, ...] = HEAD) -> Sbom:
    found = [one.occurrence for one in findings if one.occurrence]
    mended = Occurrence(Component("npm", "mended", "2.0.0"), (Location("package-lock.json", 9),), True)
    own = Occurrence(Component("npm", "own", "", Source.PATH), (Location("package-lock.json", 1),))
    return Sbom((*found, mended, own), (("package-lock.json", "package_lock_json", 12),))


CONTEXT = OutputContext(NOW, "shop", "services/shop", "main", sbom_of())


def make(
    head: tuple[Finding, ...] = HEAD, base: tuple[Finding, ...] | None = (OLD, FIXED), policy: str = POLICY,
    gaps: tuple[Gap, ...] = GAPS,
) -> Decision:  # fmt: skip
    """Return the decision about findings against those of a base."""
    levels = Levels([read_policy(policy.encode(), file="policy.yaml")])
    side = None if base is None else Side(base)
    basis = Basis.NOTHING if base is None else Basis.CHANGE
    return decide(Question(Side(head, gaps), side, basis, Bound("shop", tier=2), levels, WAIVERS), NOW)


def many(count: int) -> tuple[Finding, ...]:
    """Return as many findings, the later the worse."""
    return tuple(
        finding(f"CVE-2026-{number}", package=f"p{number}", cvss=7.0 + 3 * number / count) for number in range(count)
    )
