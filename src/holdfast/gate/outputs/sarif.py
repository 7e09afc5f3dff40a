"""SARIF 2.1.0, as code hosts take it.

Rules:

1. Level by outcome: `error` blocks, `warning` warns, else `note`; in a milder mode there is no `error`. What could not
   be told is `open`, without a level.
2. With a base, what was there before is `unchanged` and the rest `new`. A waiver in force is an accepted suppression.
3. GitHub's limits: one run, 5,000 results (the most important), 10 places a result, 10 tags a rule, and 9 MB before it
   is packed, where 10 MB packed are taken. What is left out is told as a notification.
4. GitHub recognizes a result by `primaryLocationLineHash` alone: ours hangs on no line.

Source: OASIS, SARIF 2.1.0, 3.14 to 3.58; GitHub, "SARIF support for code scanning".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from holdfast import __version__
from holdfast.gate.decide import Decision, Judged
from holdfast.gate.outputs._spec import OutputContext, OutputSpec
from holdfast.gate.outputs._words import (
    ADVISORIES,
    NAME,
    clean,
    digest,
    fingerprints,
    headline,
    in_order,
    is_waived,
    reason,
    remedy,
    scores,
    severity,
    verdict,
)
from holdfast.gate.policy import Outcome
from holdfast.gate.sides import Gap
from holdfast.model.build import Mode
from holdfast.model.component import Location
from holdfast.model.finding import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 5000
MOST_BYTES = 9_000_000
UNKNOWN_RULE = "could-not-tell"
_MOST_PLACES = 10
_LEVELS = {Outcome.BLOCK: "error", Outcome.WARN: "warning", Outcome.ALLOW: "note"}
Json = dict[str, Any]


def render(decision: Decision, context: OutputContext) -> str:
    """Return the log, of one run."""
    judged = in_order(decision)
    has_waived = any(map(is_waived, judged))
    results, rules = _fit(_all_results(decision, judged, context, has_waived), MOST_BYTES)
    left_out = len(judged) + len(decision.gaps) - len(results)
    run: Json = {
        "tool": {"driver": {"name": NAME, "semanticVersion": __version__, "version": __version__, "rules": rules}},
        "automationDetails": {"id": f"{NAME}/{quote(clean(context.service or context.root or 'gate', 200))}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The top of the repository."}}},
        "invocations": [_invocation(decision, left_out)],
        "results": results,
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.encode(document).decode() + "\n"


def _all_results(
    decision: Decision, judged: Sequence[Judged], context: OutputContext, has_waived: bool
) -> Iterator[tuple[Json, Json]]:
    """Yield (rule, result), the most important first: what blocks, what could not be told, the rest."""
    marks = list(fingerprints(judged))
    found = [(one, _result(one, mark, context)) for one, mark in zip(judged, marks, strict=True)]
    first = sum(one.outcome is Outcome.BLOCK for one in judged)
    gaps = [(_UNKNOWN, _gap(one, context)) for one in decision.gaps]
    ordered = [
        *((_rule(one.finding), result) for one, result in found[:first]),
        *gaps,
        *((_rule(one.finding), result) for one, result in found[first:]),
    ]
    for rule, result in ordered:
        if decision.mode is not Mode.BLOCK and result["level"] == "error":
            result["level"] = "warning"
        if decision.base_score is None:
            result.pop("baselineState")  # without a baseline nothing is new or old
        if has_waived:
            result.setdefault("suppressions", [])  # on all results or on none
        yield rule, result


def _fit(found: Iterator[tuple[Json, Json]], most_bytes: int) -> tuple[list[Json], list[Json]]:
    """Return the results that fit, and their rules."""
    results: list[Json] = []
    rules: dict[str, Json] = {}
    numbers: dict[str, int] = {}
    size = 20_000  # what stands around them
    for rule, result in found:
        known = rules.get(rule["id"])
        size += len(msgspec.json.encode(result)) + 32 + (0 if known else len(msgspec.json.encode(rule)) + 1)
        if len(results) == MOST_RESULTS or size > most_bytes:
            break
        if known is None:
            numbers[rule["id"]] = len(rules)
            rules[rule["id"]] = rule
        else:
            _raise_severity(known, rule)
        results.append({"ruleId": rule["id"], "ruleIndex": numbers[rule["id"]], **result})
    return results, list(rules.values())


def _raise_severity(known: Json, other: Json) -> None:
    """A rule has the worst severity of its results: the form has no place for it at the result."""
    name = "security-severity"
    scores_of = [one["properties"].get(name) for one in (known, other)]
    worst = max((text for text in scores_of if text is not None), key=float, default=None)
    if worst is not None:
        known["properties"][name] = worst


def _invocation(decision: Decision, left_out: int) -> Json:
    said = [f"{verdict(decision)}. {scores(decision)}.", *decision.reasons[:50], *decision.notes[:50]]
    notes = [{"level": "note", "message": _text(text)} for text in said]
    if left_out:
        text = f"{left_out} less important results are left out: no more fit"
        notes.insert(0, {"level": "warning", "message": {"text": text}})
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}


_UNKNOWN: Json = {
    "id": UNKNOWN_RULE,
    "shortDescription": {"text": "Something could not be told"},
    "help": {"text": "A file that was not read, a version that is not pinned, or data that is missing or too old."},
    "properties": {"tags": ["security"]},
}


def _rule(finding: Finding) -> Json:
    """What GitHub shows beside an alert; `security-severity` makes it critical, high, medium or low there."""
    title = finding.title or f"{finding.kind.value} {finding.id}"
    aliases = ", ".join(name for name in finding.ids[:20] if name != finding.id)
    known = f"{title}. Also known as {aliases}." if aliases else f"{title}."
    score = severity(finding)
    return {
        "id": clean(finding.id, 200),
        "shortDescription": _text(title, 250),
        "fullDescription": _text(known),
        "help": _text(known),
        **({"helpUri": address_of(finding)} if finding.kind in ADVISORIES else {}),
        "properties": {
            "tags": ["security", finding.kind.value],
            **({"security-severity": f"{score:.1f}"} if score else {}),
        },
    }


def address_of(finding: Finding) -> str:
    """Return where a record can be read."""
    return f"https://osv.dev/vulnerability/{quote(clean(finding.id, 200), safe='')}"


def _result(one: Judged, mark: str, context: OutputContext) -> Json:
    finding = one.finding
    why = reason(one)
    text = headline(finding) + (f": {why}" if why else "") + f". Do: {remedy(finding)}"
    out: Json = {
        "kind": "fail",
        "level": _LEVELS[one.outcome],
        "message": _text(text, 2000),
        "locations": _places(finding.locations, context),
        "partialFingerprints": {"primaryLocationLineHash": mark, "holdfastFinding/v1": mark},
        "baselineState": "new" if one.is_new else "unchanged",
        "properties": _properties(one),
    }
    if one.waived is not None and one.waived.holds:
        waiver = one.waived.waiver
        said = clean(f"{waiver.status}: {waiver.reason}. {waiver.statement}".rstrip(". ") + f" ({waiver.id})")
        out["suppressions"] = [{"kind": "external", "status": "accepted", "justification": said}]
    elif one.excuse is not None:
        out["suppressions"] = [{"kind": "external", "status": "accepted", "justification": clean(one.excuse)}]
    return out


def _properties(one: Judged) -> Json:
    component = one.finding.component
    found: Mapping[str, object] = {
        "outcome": one.outcome.value,
        "service": clean(one.service, 200) or None,
        "purl": clean(component.purl) if component else None,
        "knownExploited": one.finding.known_exploited,
        "epss": one.finding.epss,
        "state": one.finding.state.value if one.finding.kind in ADVISORIES else None,
        "packages": [clean(package.component.purl) for package in one.finding.packages[:100]] or None,
        "fixVersion": clean(one.finding.fix.version) if one.finding.fix else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _gap(gap: Gap, context: OutputContext) -> Json:
    mark = f"{digest(UNKNOWN_RULE, gap.id)}:1"
    return {
        "kind": "open",
        "level": "none",
        "message": _text(f"Could not tell: {gap.because}"),
        "locations": [_place(*context.spot(gap.place))],
        "partialFingerprints": {"primaryLocationLineHash": mark, "holdfastFinding/v1": mark},
        "baselineState": "new",
    }


def _places(locations: Sequence[Location], context: OutputContext) -> list[Json]:
    """Never empty: a code host refuses a file with a result that points nowhere."""
    places = [context.place((one,)) for one in locations[:_MOST_PLACES]] or [context.place(())]
    return [_place(file, line) for file, line in places]


def _place(file: str, line: int) -> Json:
    artifact = {"uri": quote(file.encode("utf-8", "surrogateescape")), "uriBaseId": "ROOT"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": line}}}


def _text(text: str, most: int = 1000) -> Json:
    """Return a message. `[words](target)` would be a link in it (3.11.6), so that none comes from outside."""
    return {"text": clean(text, most).replace("](", "] (")}


SPEC = OutputSpec("sarif", "sarif", "SARIF 2.1.0, for code scanning", render)
