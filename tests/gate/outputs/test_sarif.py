"""SARIF: its own rules, and those of the hosts that take it. Source: OASIS SARIF 2.1.0; GitHub's documentation."""

import gzip
import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from holdfast.gate.decide import Decision
from holdfast.gate.outputs import OutputContext
from holdfast.gate.outputs.sarif import MOST_BYTES, MOST_RESULTS, SPEC, UNKNOWN_RULE
from holdfast.model.component import Component, Location, Occurrence
from tests.gate.findings import finding
from tests.gate.outputs.samples import CONTEXT, EVIL_FILE, GAPS, HEAD, make, many


def run_of(decision: Decision, context: OutputContext = CONTEXT) -> dict[str, Any]:
    document = json.loads(SPEC.render(decision, context))
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = document["runs"][0]
    return run


def results_of(decision: Decision, context: OutputContext = CONTEXT) -> dict[str, dict[str, Any]]:
    return {one["ruleId"]: one for one in run_of(decision, context)["results"]}


def test_level_follows_the_outcome_and_what_could_not_be_told_is_open() -> None:
    found = results_of(make())
    levels = {name: found[name]["level"] for name in ("GHSA-a-b-c", "CVE-2026-2", "CVE-2026-6", UNKNOWN_RULE)}
    assert list(levels.values()) == ["error", "warning", "note", "none"]
    assert found[UNKNOWN_RULE]["kind"] == "open"
    assert {one["kind"] for name, one in found.items() if name != UNKNOWN_RULE} == {"fail"}


def test_there_is_no_error_in_a_mode_that_does_not_block() -> None:
    observed = make(policy="mode: {now: warn}\nrules:\n  - {id: all, when: 'true', then: block}\n")
    assert {one["level"] for one in results_of(observed).values()} == {"warning", "note", "none"}


def test_new_and_old_are_told_apart_only_with_a_base() -> None:
    states = {name: one["baselineState"] for name, one in results_of(make()).items()}
    assert states.pop("CVE-2020-1") == "unchanged"
    assert set(states.values()) == {"new"}
    assert all("baselineState" not in one for one in results_of(make(base=None)).values())


def test_a_waiver_in_force_suppresses_and_a_void_one_does_not() -> None:
    found = results_of(make())
    (suppression,) = found["CVE-2026-3"]["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert "vulnerable_code_not_in_execute_path" in suppression["justification"]
    assert found["CVE-2026-5"]["suppressions"] == []
    assert all("suppressions" in one for one in found.values())  # on all results or on none: 3.27.23
    assert all("suppressions" not in one for one in results_of(make((finding(),))).values())


def test_rules_and_results_fit_together() -> None:
    run = run_of(make())
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert len({rule["id"] for rule in rules}) == len(rules)
    by_id = {rule["id"]: rule for rule in rules}
    assert by_id["GHSA-a-b-c"]["properties"]["security-severity"] == "9.8"
    assert by_id["CVE-2026-7"]["properties"]["security-severity"] == "7.0"
    assert by_id["MAL-2026-1"]["properties"]["security-severity"] == "10.0"
    assert by_id["GHSA-a-b-c"]["helpUri"] == "https://osv.dev/vulnerability/GHSA-a-b-c"
    assert "CVE-2026-1" in by_id["GHSA-a-b-c"]["fullDescription"]["text"]
    assert all(len(rule["properties"]["tags"]) <= 10 for rule in rules)


def test_a_rule_has_the_worst_severity_of_its_results() -> None:
    low, high = finding("CVE-2026-1", package="a", cvss=3.0), finding("CVE-2026-1", package="b", cvss=8.5)
    (rule,) = run_of(make((low, high), gaps=()))["tool"]["driver"]["rules"]
    assert rule["properties"]["security-severity"] == "8.5"


def test_a_fingerprint_survives_versions_lines_and_other_names_of_the_record() -> None:
    def mark(one: Any) -> str:
        (result,) = run_of(make((one,), gaps=()))["results"]
        assert len(result["partialFingerprints"]) == 2
        return str(result["partialFingerprints"]["primaryLocationLineHash"])

    before = finding("GHSA-a-b-c", aliases=("CVE-2026-1",))
    after = finding("CVE-2026-1", aliases=("GHSA-a-b-c", "PYSEC-1"), version="1.5.0")
    assert after.occurrence
    moved = replace(after, occurrence=replace(after.occurrence, locations=(Location("package-lock.json", 99),)))
    assert mark(before) == mark(moved)
    assert mark(before) != mark(finding("CVE-2026-1", package="other"))
    assert mark(before) != mark(finding("CVE-2026-2"))


def test_two_versions_of_a_package_have_two_fingerprints() -> None:
    run = run_of(make((finding(), finding(version="1.1.0")), gaps=()))
    first, second = (one["partialFingerprints"]["primaryLocationLineHash"] for one in run["results"])
    assert (first[-2:], second[-2:]) == (":1", ":2")
    assert first[:-2] == second[:-2]


def test_places_are_told_from_the_top_of_the_repository_and_never_missing() -> None:
    results = run_of(make())["results"]
    places = [one["locations"][0]["physicalLocation"] for one in results]
    uris = [place["artifactLocation"]["uri"] for place in places]
    assert all(uri.startswith("services/shop/") for uri in uris)
    assert all(place["region"]["startLine"] >= 1 for place in places)
    assert all(uri.isascii() and ":" not in uri and " " not in uri for uri in uris)
    assert any(unquote(uri, errors="surrogateescape").endswith(EVIL_FILE) for uri in uris)


def test_a_name_makes_no_link_in_a_message() -> None:
    text = SPEC.render(make(), CONTEXT)
    assert "](http" not in text
    assert "] (http" in text


def test_the_most_important_come_first_and_what_is_left_out_is_told() -> None:
    decision = make(many(MOST_RESULTS + 40))
    run = run_of(decision)
    assert len(run["results"]) == MOST_RESULTS
    assert run["results"][0]["ruleId"] == f"CVE-2026-{MOST_RESULTS + 39}"
    note = run["invocations"][0]["toolExecutionNotifications"][0]
    assert (note["level"], note["message"]["text"].split()[0]) == ("warning", str(40 + len(GAPS)))
    kinds = [one["ruleId"] for one in run_of(make())["results"]]
    assert kinds[-2:] == ["CVE-2026-4", "CVE-2026-3"]  # what is waived is last
    assert kinds.index(UNKNOWN_RULE) == 4  # right after what blocks


def test_a_file_stays_small_enough_whatever_the_names() -> None:
    files = tuple(Location("d/" * 400 + f"{number}.json", number) for number in range(1, 200))
    bulky = tuple(
        replace(one, title="t" * 5000, occurrence=Occurrence(Component("npm", f"p{number}" + "n" * 400, "1"), files))
        for number, one in enumerate(many(3000))
    )
    text = SPEC.render(make(bulky), CONTEXT).encode()
    assert len(text) <= MOST_BYTES + 300_000
    assert len(gzip.compress(text)) < 10_000_000
    (run,) = json.loads(text)["runs"]
    assert "left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_the_category_hangs_on_the_service() -> None:
    assert run_of(make())["automationDetails"]["id"] == "holdfast/shop/"
    assert run_of(make(HEAD), OutputContext(CONTEXT.now))["automationDetails"]["id"] == "holdfast/gate/"
