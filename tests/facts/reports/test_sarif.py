"""SARIF 2.1.0 of any tool."""

from typing import Any

import pytest

from holdfast.errors import FactError
from holdfast.model.advisory import Severity
from holdfast.model.component import Location
from holdfast.model.finding import Kind
from tests.facts.reports.reading import gaps, read

RULES = [
    {
        "id": "B602",
        "shortDescription": {"text": "shell"},
        "properties": {"security-severity": "7.5", "tags": ["security"]},
    },
    {"id": "B101", "defaultConfiguration": {"level": "note"}, "messageStrings": {"long": {"text": "assert used"}}},
]


def result(rule: str = "B602", line: int = 3, **more: Any) -> dict[str, Any]:
    region = {"startLine": line, "snippet": {"text": "  subprocess.run(x,  shell=True)\n"}}
    at = {"physicalLocation": {"artifactLocation": {"uri": "./src/a%20b.py"}, "region": region}}
    return {"ruleId": rule, "message": {"text": "shell=True"}, "locations": [at]} | more


def document(*results: Any, name: str = "Bandit", **more: Any) -> dict[str, Any]:
    driver = {"name": name, "version": "1.7", "rules": RULES}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results), **more}]}


def test_sarif_result_has_place_score_message_and_fingerprints() -> None:
    report = read(document(result(partialFingerprints={"primaryLocationLineHash": "ab:1", "z": 5})))
    assert (report.format, report.tool, report.version, report.unparsed) == ("sarif", "Bandit", "1.7", ())
    (one,) = report.findings
    assert (one.id, one.kind, one.message, one.level) == ("B602", Kind.CODE, "shell=True", "medium")
    assert one.severity == Severity(7.5, None)
    assert one.locations == (Location("src/a b.py", 3),)
    assert one.fingerprints == (("primaryLocationLineHash", "ab:1"),)


def test_sarif_hash_of_a_line_holds_when_it_moves_or_is_indented() -> None:
    moved = result(line=40)
    moved["locations"][0]["physicalLocation"]["region"]["snippet"]["text"] = "subprocess.run(x, shell=True)"
    first, second = read(document(result(), moved)).findings
    assert first.line_hash == second.line_hash != ""


def test_sarif_rule_is_found_by_index_part_and_extension_and_gives_level_and_message() -> None:
    by_index = result("", ruleIndex=1, message={"id": "long"})
    by_part = result("B101/strict", message={})
    extended = {"rule": {"id": "X1", "index": 0, "toolComponent": {"index": 0}}}
    whole = document(by_index, by_part, result() | extended)
    rules = [{"id": "X1", "properties": {"security-severity": 9.9}}]
    whole["runs"][0]["tool"]["extensions"] = [{"name": "pack", "rules": rules}]
    first, second, third = read(whole).findings
    assert (first.id, first.level, first.message) == ("B101", "low", "assert used")
    assert (second.id, second.level) == ("B101/strict", "low")
    assert third.severity == Severity(9.9, None)


@pytest.mark.parametrize(
    ("more", "suppressed"),
    [
        ({}, False),
        ({"suppressions": []}, False),
        ({"suppressions": [{"kind": "inSource"}]}, False),
        ({"suppressions": [{"kind": "external"}]}, True),
        ({"suppressions": [{"kind": "inSource"}, {"kind": "external", "status": "accepted"}]}, True),
        ({"suppressions": [{"status": "accepted"}, {"status": "underReview"}]}, False),
        ({"suppressions": [{"status": "rejected"}]}, False),
    ],
)
def test_sarif_suppression_counts_when_all_of_it_is_accepted(more: dict[str, Any], suppressed: bool) -> None:
    assert read(document(result(**more))).findings[0].suppressed is suppressed


@pytest.mark.parametrize("more", [{"kind": "pass"}, {"kind": "notApplicable"}, {"baselineState": "absent"}])
def test_sarif_result_that_is_no_finding_is_none(more: dict[str, Any]) -> None:
    report = read(document(result(**more)))
    assert report.findings == ()
    assert report.unparsed == ()


@pytest.mark.parametrize(
    ("tool", "rule", "kind"),
    [
        ("Trivy", "CVE-2024-1234", Kind.VULNERABILITY),
        ("osv-scanner", "MAL-2024-1", Kind.MALICIOUS),
        ("gitleaks", "aws-access-token", Kind.SECRET),
        ("Checkov", "CKV_AWS_1", Kind.MISCONFIGURATION),
        ("CodeQL", "py/sql-injection", Kind.CODE),
    ],
)
def test_sarif_sort_of_thing_follows_from_rule_and_tool(tool: str, rule: str, kind: Kind) -> None:
    (one,) = read(document(result(rule), name=tool)).findings
    assert one.kind is kind
    assert (one.line_hash == "") == (kind is Kind.SECRET)


def test_sarif_run_that_failed_is_a_gap() -> None:
    note = {"level": "error", "message": {"text": "a.py could not\x1b be parsed"}}
    failed = {"executionSuccessful": False, "toolExecutionNotifications": [note, {"level": "warning"}]}
    whole = document(invocations=[failed], externalPropertyFileReferences={"results": [{}]})
    whole["runs"].append({"tool": {"driver": {"name": "Other"}}})
    assert gaps(read(whole)) == [
        "`Bandit` says that it failed: what it did not find is not known",
        "`Bandit` notes: a.py could not\\x1b be parsed",
        "results of `Bandit` are kept in another file",
        "a run of `Other` without `results`: it did not look, or failed",
    ]


@pytest.mark.parametrize("runs", [[], ["x"], [{"results": "x"}], [{"results": {}}], [{"results": 0}]])
def test_sarif_in_which_nothing_looked_is_a_gap(runs: Any) -> None:
    report = read({"version": "2.1.0", "runs": runs})
    assert (len(report.unparsed), report.findings) == (1, ())


def test_sarif_word_that_is_not_known_is_never_good_news() -> None:
    report = read(document(result(kind="Fail"), invocations=[{"executionSuccessful": "false"}]))
    assert len(report.findings) == 1
    assert "says that it failed" in gaps(report)[0]


def test_sarif_odd_result_does_not_stop_the_others() -> None:
    odd = {"ruleId": ["x"], "locations": 5, "message": 7, "suppressions": {}, "properties": []}
    report = read(document(5, odd, result()))
    assert len(report.findings) == 1
    assert gaps(report) == ["expected a result, got 5", "a result of `Bandit` without a rule"]


@pytest.mark.parametrize("whole", [{"version": "2.0.0", "runs": []}, {"version": "2.1.0", "runs": {}}])
def test_sarif_of_another_shape_is_an_error(whole: Any) -> None:
    with pytest.raises(FactError, match="SARIF"):
        read(whole)


def by(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a tool of one rule."""
    return {"driver": {"name": "Bandit", "rules": [rule]}}


def test_sarif_weaknesses_of_a_rule_are_aliases_however_they_are_tagged() -> None:
    for tag in ("external/cwe/cwe-078", "CWE-78: OS Command Injection", "cwe-78"):
        rule = {"id": "B602", "properties": {"tags": ["security", tag]}}
        assert read(document(result(), tool=by(rule))).findings[0].aliases == ("CWE-78",)
    taxa = {"id": "B602", "relationships": [{"target": {"id": "CWE-0089"}}]}
    assert read(document(result(), tool=by(taxa))).findings[0].aliases == ("CWE-89",)


def test_sarif_secret_in_code_is_one_weakness_and_its_text_is_not_kept() -> None:
    rule = {"id": "B105", "name": "hardcoded_password", "properties": {"tags": ["external/cwe/cwe-259"]}}
    said = result(ruleId="B105", message={"text": "Possible hardcoded password: 'hunter2'"})
    (one,) = read(document(said, tool=by(rule))).findings
    assert (one.kind, one.aliases, one.message, one.line_hash) == (
        Kind.SECRET,
        ("CWE-798",),
        "hardcoded_password",
        "",
    )


def test_sarif_files_that_were_not_parsed_are_gaps_at_their_place() -> None:
    at = [{"physicalLocation": {"artifactLocation": {"uri": "bad.py"}, "region": {"startLine": 3}}}]
    note = {"level": "error", "message": {"text": "syntax error"}, "locations": at}
    report = read(document(invocations=[{"toolConfigurationNotifications": [note]}]))
    assert [(gap.file, gap.line) for gap in report.unparsed] == [("bad.py", 3)]
