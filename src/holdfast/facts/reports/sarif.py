"""SARIF 2.1.0: results of any tool that looks at code, configurations, secrets or packages.

Rules:

1. A result counts unless its kind says that nothing is wrong, or it is absent from the run. One whose
   suppressions are all accepted is suppressed; one in the source alone is not: the change itself may have written it.
2. Its level is its own, else its rule's, else `warning`; a rule's `security-severity` is its score.
3. What sort of thing it is follows from the rule's id and tags and from the tool: an advisory's id is a vulnerability.
   Weaknesses (CWE) that its rule is tagged with are aliases. A secret that stands in code is CWE-798, whoever sees it,
   and nothing that is said of it is kept but what the rule says.
4. An invocation that failed, an error that the tool notes, and results kept in another file are gaps; so are no run at
   all, `results` that are no list, and a file that Semgrep could not parse, which it tells as a warning.

Source: OASIS SARIF 2.1.0, sections 3.14, 3.20 and 3.27.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.reports._gathering import (
    ReportGathering,
    entries,
    inner,
    level_of,
    line_hash,
    objects,
    place,
    severity_of,
    text,
    texts,
)
from holdfast.facts.reports._json_stream import Streamed
from holdfast.facts.reports._spec import ReportSpec
from holdfast.model.component import Location
from holdfast.model.finding import Kind
from holdfast.model.reported import ReportedFinding

_FINE_KINDS = ("pass", "notApplicable", "informational")
_ADVISORY = re.compile(r"(?:CVE|GHSA|PYSEC|RUSTSEC|GO|OSV|MAL|ALPINE|DSA|DLA|USN)-[\w.-]+", re.IGNORECASE)
_SECRET_TOOLS = ("gitleaks", "trufflehog", "detect-secrets", "ggshield")
_CONFIGURATION_TOOLS = ("checkov", "kics", "tfsec", "terrascan", "hadolint", "kube-linter", "kubescape")
_WEAKNESS = re.compile(r"(?:external/cwe/)?cwe-0*([0-9]{1,6})(?![0-9])", re.IGNORECASE)
_SECRET_IN_CODE = "CWE-798"  # noqa: S105 - a kind of weakness
_SECRETS = frozenset({"CWE-259", "CWE-321", _SECRET_IN_CODE})
_MAX_LOCATIONS = 20


def read(document: dict[str, Any], gathering: ReportGathering) -> None:
    """Add the results of every run.

    Raises:
        FactError: another version, or no list of runs.
    """
    if document.get("version") != "2.1.0":
        raise FactError(f"expected SARIF 2.1.0, got {document.get('version')!r}", where=gathering.file)
    if not isinstance(document.get("runs"), list):
        raise FactError("SARIF without a list of `runs`", where=gathering.file)
    if not document["runs"]:
        gathering.skip("SARIF without a run: no tool looked")
    for run in document["runs"]:
        if isinstance(run, dict):
            _Run(run, gathering).read()
        else:
            gathering.skip(f"expected a run, got {type(run).__name__}")


class _Run:
    """One run: a tool, its rules, its results."""

    def __init__(self, run: dict[str, Any], gathering: ReportGathering) -> None:
        driver = inner(run, "tool", "driver")
        self.tool = text(inner(driver, "name")) or "unnamed"
        self._run = run
        self._gathering = gathering
        components = [driver, *objects(inner(run, "tool", "extensions"))]
        self._rules = [list(objects(inner(one, "rules"))) for one in components]
        self._by_id = {text(rule.get("id")): rule for rules in reversed(self._rules) for rule in rules}
        self._artifacts = list(objects(run.get("artifacts")))
        gathering.tool = gathering.tool or self.tool
        gathering.version = gathering.version or text(inner(driver, "semanticVersion") or inner(driver, "version"))

    def read(self) -> None:
        """Add the results, and the gaps that the run has."""
        for invocation in objects(self._run.get("invocations")):
            if invocation.get("executionSuccessful", True) is not True:
                self._gathering.skip(f"`{self.tool}` says that it failed: what it did not find is not known")
            for key in ("toolExecutionNotifications", "toolConfigurationNotifications"):
                for note in objects(invocation.get(key)):
                    self._note(note)
        if inner(self._run, "externalPropertyFileReferences", "results"):
            self._gathering.skip(f"results of `{self.tool}` are kept in another file")
        results = self._run.get("results")
        if results is None:
            self._gathering.skip(f"a run of `{self.tool}` without `results`: it did not look, or failed")
        elif not isinstance(results, list | Streamed):
            self._gathering.skip(f"`results` of `{self.tool}` are no list")
        for result in entries(results):
            if isinstance(result, dict):
                self._add(result)
            else:
                self._gathering.skip(f"expected a result, got {result!r}")

    def _note(self, note: dict[str, Any]) -> None:
        """Record what the tool could not do."""
        counted = ("error", "warning") if self.tool.lower().startswith("semgrep") else ("error",)
        if note.get("level") in counted:
            at = inner(next(objects(note.get("locations")), None), "physicalLocation")
            where = place(inner(at, "artifactLocation", "uri"), inner(at, "region", "startLine"))
            self._gathering.skip(f"`{self.tool}` notes: {text(inner(note, 'message', 'text'))}", where)

    def _add(self, result: dict[str, Any]) -> None:
        kind = result.get("kind", "fail")
        if kind in _FINE_KINDS or result.get("baselineState") == "absent":
            return
        rule = self._rule(result)
        name = text(result.get("ruleId") or inner(result, "rule", "id") or rule.get("id"))
        if not name:
            self._gathering.skip(f"a result of `{self.tool}` without a rule")
            return
        weaknesses = _weaknesses(result, rule)
        sort = self._sort(name, rule, weaknesses)
        if sort is Kind.SECRET:
            weaknesses = (_SECRET_IN_CODE,)
        score = inner(result, "properties", "security-severity") or inner(rule, "properties", "security-severity")
        level = result.get("level") or inner(rule, "defaultConfiguration", "level") or "warning"
        first = next(objects(result.get("locations")), None)
        snippet = inner(first, "physicalLocation", "region", "snippet", "text")
        advisory = _ADVISORY.fullmatch(name)
        self._gathering.add(
            ReportedFinding(
                self.tool,
                sort,
                name,
                aliases=texts(inner(rule, "properties", "aliases")) if advisory else weaknesses,
                locations=self._locations(result),
                severity=severity_of(score),
                level="none" if level == "none" else level_of(level),
                message=_rule_says(rule) if sort is Kind.SECRET else self._message(result, rule),
                fingerprints=_fingerprints(result),
                line_hash="" if sort is Kind.SECRET else line_hash(snippet),
                suppressed=_is_suppressed(result),
            )
        )

    def _rule(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return what describes the rule of a result; empty when the report does not."""
        index = inner(result, "rule", "index")
        index = result.get("ruleIndex") if index is None else index
        extension = inner(result, "rule", "toolComponent", "index")
        rules = self._rules[0] if extension is None else _at(self._rules[1:], extension) or []
        found = _at(rules, index)
        name = text(result.get("ruleId") or inner(result, "rule", "id"))
        # `CA1000/1` is a part of the rule `CA1000`
        return found or self._by_id.get(name) or self._by_id.get(name.rpartition("/")[0]) or {}

    def _sort(self, name: str, rule: dict[str, Any], weaknesses: Iterable[str]) -> Kind:
        tags = {one.lower() for one in texts(inner(rule, "properties", "tags"))}
        tool = self.tool.lower()
        if _ADVISORY.fullmatch(name):
            return Kind.MALICIOUS if name.upper().startswith("MAL-") else Kind.VULNERABILITY
        if "secret" in tags or "secrets" in tags or any(one in tool for one in _SECRET_TOOLS):
            return Kind.SECRET
        if not _SECRETS.isdisjoint(weaknesses):
            return Kind.SECRET
        if "misconfiguration" in tags or any(one in tool for one in _CONFIGURATION_TOOLS):
            return Kind.MISCONFIGURATION
        return Kind.CODE

    def _locations(self, result: dict[str, Any]) -> tuple[Location, ...]:
        found: list[Location] = []
        for one in islice(objects(result.get("locations")), _MAX_LOCATIONS):
            at = inner(one, "physicalLocation", "artifactLocation")
            uri = inner(at, "uri") or inner(_at(self._artifacts, inner(at, "index")), "location", "uri")
            where = place(uri, inner(one, "physicalLocation", "region", "startLine"))
            if where is not None:
                found.append(where)
        return tuple(dict.fromkeys(found))

    def _message(self, result: dict[str, Any], rule: dict[str, Any]) -> str:
        own = inner(result, "message", "text")
        if not own:
            own = inner(rule, "messageStrings", str(inner(result, "message", "id") or ""), "text")
        return text(own or inner(rule, "shortDescription", "text"))


def _at(listed: Any, index: object) -> Any:
    """Return an item by its number; `None` where there is none."""
    if not isinstance(listed, list) or not isinstance(index, int) or not 0 <= index < len(listed):
        return None
    return listed[index]


def _rule_says(rule: dict[str, Any]) -> str:
    return text(inner(rule, "shortDescription", "text") or rule.get("name"))


def _weaknesses(result: dict[str, Any], rule: dict[str, Any]) -> tuple[str, ...]:
    """Return the weaknesses that a result or its rule is tagged with, such as `CWE-78`, sorted."""
    said = [*texts(inner(rule, "properties", "tags")), *texts(inner(result, "properties", "tags"))]
    related = [inner(one, "target", "id") for one in objects(rule.get("relationships"))]
    said += [*texts(related), *texts([one.get("id") for one in objects(result.get("taxa"))])]
    return tuple(sorted({f"CWE-{int(found[1])}" for one in said if (found := _WEAKNESS.match(one))}))


def _fingerprints(result: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for key in ("partialFingerprints", "fingerprints"):
        given = result.get(key)
        if isinstance(given, dict):
            found |= {text(name): text(value) for name, value in given.items() if text(value)}
    return tuple(sorted(found.items()))


def _is_suppressed(result: dict[str, Any]) -> bool:
    """A result is suppressed where it has suppressions and none of them is under review or rejected."""
    stated = list(objects(result.get("suppressions")))
    return any(one.get("kind") != "inSource" for one in stated) and all(
        one.get("status", "accepted") == "accepted" for one in stated
    )


def _fits(document: dict[str, Any]) -> bool:
    return "runs" in document and ("version" in document or "sarif" in str(document.get("$schema", "")))


SPEC = ReportSpec(id="sarif", fits=_fits, read=read)
