"""What outputs say of findings, in words that are safe to print, and the order they say it in."""

import hashlib
from collections.abc import Iterable, Iterator

from holdfast.controls.distributions import no_fix_words
from holdfast.gate.decide import Decision, Judged
from holdfast.gate.policy import Outcome
from holdfast.gate.score import UNSCORED
from holdfast.model.build import Answer, Mode
from holdfast.model.finding import Finding, Kind
from holdfast.model.instant import format_instant

NAME = "holdfast"
ADVISORIES = frozenset({Kind.VULNERABILITY, Kind.MALICIOUS})
VERDICTS = {Answer.PASS: "Pass", Answer.BLOCKED: "Blocked", Answer.UNKNOWN: "Could not tell"}
_RANKS = {Outcome.BLOCK: 0, Outcome.WARN: 1, Outcome.ALLOW: 2}
_WAIVED, _OLD = 4, 3


def clean(text: object, most: int = 1000) -> str:
    """Return one line of text without control characters, and of at most that many characters."""
    plain = str(text)
    if not plain.isprintable():
        plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in plain[: most + 1])
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def headline(finding: Finding) -> str:
    """Return what it is and what it is in."""
    component = finding.component
    if component is None:
        return clean(f"{finding.id}: {finding.title}" if finding.title else finding.id)
    path = finding.occurrence.path if finding.occurrence else ()
    through = f" (through {path[0]})" if path else ""
    others = f" and {len(finding.packages) - 1} more of its source" if len(finding.packages) > 1 else ""
    return clean(f"{finding.named} in {component.name} {component.version}{others}{through}")


def reason(one: Judged) -> str:
    """Return why it got its outcome; empty where no rule speaks of it."""
    if one.waived is not None and one.waived.holds:
        waiver = one.waived.waiver
        return clean(f"waived by {waiver.id} until {format_instant(waiver.expires_at)}: {waiver.reason}")
    if one.said is not None and one.said.clears:
        return clean(one.said.words)
    rules = []
    for hit in one.judgement.hits:
        early = hit.is_early and hit.rule.enforce_from is not None
        begins = f" (blocks from {format_instant(hit.rule.enforce_from)})" if early and hit.rule.enforce_from else ""
        rules.append(f"`{hit.rule.id}`{begins}" + (f", {hit.rule.because}" if hit.rule.because else ""))
    clock = f" ({one.deadline.clock})" if one.because and one.deadline is not None and not one.is_new else ""
    said = f"{one.because}{clock}" if one.because else ("rule " + ", ".join(rules) if rules else "")
    void = f"waiver {one.waived.waiver.id} is void: {'; '.join(one.waived.void)}" if one.waived else ""
    vex = f"{one.said.words}{''.join(f' (does not count: {why})' for why in one.said.void)}" if one.said else ""
    whose = f"service `{one.service}`" if one.service else ""
    return clean("; ".join(part for part in (whose, said, void, vex) if part))


def command(finding: Finding) -> str:
    """Return what to type; empty where nothing is known that one can type."""
    return clean(finding.fix.typed or "", 4000) if finding.fix else ""


def remedy(finding: Finding) -> str:
    """Return what to do, in words or as a command."""
    fix = finding.fix
    if fix is None and finding.kind is Kind.MALICIOUS:
        return "take it out"
    if fix is None:
        said = no_fix_words(finding.state, finding.component.ecosystem) if finding.component else ""
        return clean(said) or "no fix is known"
    return command(finding) or clean(fix.note or f"raise it to {fix.version}")


def severity(finding: Finding) -> float | None:
    """Return 0.0 to 10.0; `None` for what is no weakness."""
    if finding.kind is Kind.LICENSE:
        return None
    if finding.kind is Kind.MALICIOUS:
        return 10.0
    return UNSCORED if finding.score is None else min(10.0, max(0.0, finding.score))


def is_waived(one: Judged) -> bool:
    """Whether a waiver in force covers it, or a VEX document clears it: it counts nothing, and is shown."""
    return one.excuse is not None


def in_order(decision: Decision) -> list[Judged]:
    """Return all findings: what blocks, what warns, what is new, what is old, what is waived; each by its risk."""
    risks = {one.finding.order: one.risk for one in decision.score.ledger}

    def rank(one: Judged) -> tuple[int, float, tuple[str, ...]]:
        place = _RANKS[one.outcome]
        if one.outcome is Outcome.ALLOW and not one.is_new:
            place = _OLD
        if is_waived(one):
            place = _WAIVED
        return place, -risks.get(one.finding.order, 0.0), one.finding.order

    return sorted(decision.judged, key=rank)


def verdict(decision: Decision) -> str:
    """Return the verdict in words, and what it would be where the mode is milder."""
    said = VERDICTS[decision.answer]
    if decision.mode is not Mode.BLOCK and decision.would_be is not Answer.PASS:
        return f"{said} (mode `{decision.mode}`; it would be: {VERDICTS[decision.would_be].lower()})"
    return said


def scores(decision: Decision) -> str:
    """Return the score, its base's, and the bar."""
    base = f", base {decision.base_score.value:.1f}" if decision.base_score else ""
    return f"Score {decision.score.value:.1f}{base}, at least {decision.bar:g}"


def primary_id(finding: Finding) -> str:
    """Return the id that stays when other databases name the same thing: its CVE, where it has one."""
    return next((name for name in finding.ids if name.startswith("CVE-")), finding.id)


def fingerprints(judged: Iterable[Judged]) -> Iterator[str]:
    """Yield what each finding is recognized by from run to run: neither version nor line counts.

    It hangs on the kind, the package, the id and the file; what still is equal is numbered.
    """
    seen: dict[str, int] = {}
    for one in judged:
        finding, component = one.finding, one.finding.component
        place = finding.locations[0].file if finding.locations else ""
        package = (component.ecosystem, component.match_name, primary_id(finding)) if component else ()
        parts = (finding.kind.value, *(package or (finding.fingerprint or finding.id,)), place)
        found = digest(*parts)
        seen[found] = seen.get(found, 0) + 1
        yield f"{found}:{seen[found]}"


def digest(*parts: str) -> str:
    """Return 32 hexadecimal digits that hang on all parts."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]
