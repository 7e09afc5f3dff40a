"""`holdfast gate` on a repository of several services: each judged by itself, in one command."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_gating import commit, document, gate
from tests.edges.providers.bucket import record, write_bucket
from tests.edges.providers.test_git_tree import git

POLICY = """
min_score: {default: 0}
rules:
  - {id: first, when: "finding.cvss >= 7.0 && service.tier == 1", then: block}
  - {id: others, when: finding.cvss >= 7.0, then: warn}
"""
MANIFEST = """version: 1
services:
  - {name: pay, paths: [services/pay], tier: 1, exposure: internet}
  - {name: web, paths: [services/web], tier: 3, exposure: internal}
  - {name: docs, paths: [docs], tier: 4, exposure: internal}
"""


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    names = ("lamp", "desk", "old")
    return write_bucket(tmp_path / "osv", {"PyPI": [record(f"L-{name}", name=name) for name in names]})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    (top / "services").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(top))
    commit(top, ".holdfast/policy.yaml", POLICY)
    commit(top, "holdfast.yaml", MANIFEST)
    commit(top, "services/pay/requirements.txt", "old==1.0\n")
    commit(top, "services/web/requirements.txt", "calm==1.0\n")
    git(top, "checkout", "-qb", "change")
    return top


def judged(top: Path, feed: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = gate(top, feed, "--base", "main", "--format", "json", *arguments)
    return done.returncode, document(done)


def by_service(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["service"]: one for one in found["services"]}


def test_each_service_is_judged_by_its_own_tier_and_the_worst_is_the_verdict(repository: Path, feed: Path) -> None:
    commit(repository, "services/web/requirements.txt", "calm==1.0\nlamp==1.0\n")
    code, found = judged(repository, feed)
    rows = by_service(found)
    assert (code, found["schema"], found["verdict"]) == (0, "holdfast.gate/1", "pass")
    assert {name: (one["verdict"], one["warnings"], one["existing"]) for name, one in rows.items()} == {
        "pay": ("pass", 0, 1),
        "web": ("pass", 1, 0),
    }
    assert rows["web"]["folders"] == ["services/web"]
    commit(repository, "services/pay/requirements.txt", "old==1.0\ndesk==1.0\n")
    code, found = judged(repository, feed)
    assert (code, found["verdict"], by_service(found)["web"]["verdict"]) == (1, "blocked", "pass")
    assert [(one["service"], one["id"]) for one in found["blocking"]] == [("pay", "L-desk")]
    assert [(one["service"], one["id"]) for one in found["warnings"]] == [("web", "L-lamp")]
    assert found["reasons"] == ["pay: L-desk in pkg:pypi/desk@1.0: rule `first`"]
    assert judged(repository, feed)[1] == found


def test_what_one_service_had_is_new_in_another_that_it_reaches(repository: Path, feed: Path) -> None:
    commit(repository, "services/web/requirements.txt", "calm==1.0\nold==1.0\n")
    _, found = judged(repository, feed)
    assert [(one["service"], one["id"]) for one in found["warnings"]] == [("web", "L-old")]
    places = [[place["file"] for place in one["locations"]] for one in found["warnings"]]
    assert places == [["services/web/requirements.txt"]]


def test_a_file_of_no_service_is_judged_with_the_nearest_and_the_strictest_of_those(
    repository: Path, feed: Path
) -> None:
    commit(repository, "requirements.txt", "lamp==1.0\n")
    code, found = judged(repository, feed)
    assert (code, [(one["service"], one["id"]) for one in found["blocking"]]) == (1, [("pay", "L-lamp")])
    git(repository, "rm", "-q", "requirements.txt")
    commit(repository, "docs/requirements.txt", "calm==1.0\n")
    commit(repository, "docs/tools/requirements.txt", "lamp==1.0\n")
    code, found = judged(repository, feed)
    assert (code, [(one["service"], one["id"]) for one in found["warnings"]]) == (0, [("docs", "L-lamp")])


def test_what_a_service_includes_from_another_folder_is_judged_as_its_own(repository: Path, feed: Path) -> None:
    commit(repository, "services/web/extra.txt", "lamp==1.0\n")
    commit(repository, "services/pay/requirements.txt", "old==1.0\n-r ../web/extra.txt\n")
    code, found = judged(repository, feed)
    assert (code, [(one["service"], one["id"]) for one in found["blocking"]]) == (1, [("pay", "L-lamp")])
    assert [(one["service"], one["id"]) for one in found["warnings"]] == [("web", "L-lamp")]


def test_a_change_takes_no_file_from_its_service_by_its_own_manifest(repository: Path, feed: Path) -> None:
    commit(repository, "holdfast.yaml", MANIFEST.replace("services/pay", "nowhere").replace("tier: 3", "tier: 9"))
    commit(repository, "services/pay/requirements.txt", "old==1.0\ndesk==1.0\n")
    code, found = judged(repository, feed)
    assert (code, [(one["service"], one["id"]) for one in found["blocking"]]) == (1, [("pay", "L-desk")])
    assert "this change alters `holdfast.yaml`: what it says counts once it is merged" in found["notes"]


def test_waivers_and_other_tools_findings_are_each_services_own(repository: Path, feed: Path, tmp_path: Path) -> None:
    waiver = """waivers:
  - {id: w-web, finding: L-desk, service: web, package: "pkg:pypi/desk", versions: "=1.0", status: not_affected,
     reason: vulnerable_code_not_in_execute_path, owner: ana, approved_by: sec, fix_version: "1.5",
     signed: 2020-01-01T00:00:00Z, expires: 2020-03-01T00:00:00Z}
"""
    git(repository, "checkout", "-q", "main")
    commit(repository, ".holdfast/waivers.yaml", waiver)
    git(repository, "checkout", "-qB", "change")
    commit(repository, "services/pay/requirements.txt", "old==1.0\ndesk==1.0\n")
    commit(repository, "services/web/requirements.txt", "calm==1.0\ndesk==1.0\n")
    commit(repository, "services/web/app.py", "run(sql)\n")
    place = {"physicalLocation": {"artifactLocation": {"uri": "services/web/app.py"}, "region": {"startLine": 1}}}
    result = {"ruleId": "S608", "level": "error", "message": {"text": "sql"}, "locations": [place]}
    run = {"tool": {"driver": {"name": "bandit", "rules": []}}, "results": [result]}
    (tmp_path / "bandit.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [run]}))
    _, found = judged(repository, feed, "--findings", str(tmp_path / "bandit.sarif"))
    assert [one["service"] for one in found["blocking"]] == ["pay"]
    warned = {one["id"]: one for one in found["warnings"]}
    assert {name: one["service"] for name, one in warned.items()} == {"L-desk": "web", "S608": "web"}
    assert warned["L-desk"]["waiver"]["id"] == "w-web"
    assert found["blocking"][0]["waiver"] is None


def test_one_named_service_one_folder_and_an_sbom_are_judged_as_before(
    repository: Path, feed: Path, tmp_path: Path
) -> None:
    commit(repository, "services/pay/requirements.txt", "old==1.0\ndesk==1.0\n")
    for path, more in ((repository, ("--service", "pay")), (repository / "services/pay", ())):
        code, found = judged(path, feed, *more)
        assert (code, "services" in found) == (1, False)
    kept = tmp_path / "kept.cdx.json"
    gate(repository, feed, "--base", "main", "--report", f"cyclonedx={kept}")
    done = gate(repository, feed, "--base", str(kept), "--format", "json")
    assert "services" not in document(done)
    assert "an SBOM does not say which service has what" in done.stderr
    code, found = judged(repository / "services", feed)
    assert (code, set(by_service(found))) == (1, {"pay", "web"})


def test_outputs_say_which_service_each_finding_is_of(repository: Path, feed: Path, tmp_path: Path) -> None:
    commit(repository, "services/pay/requirements.txt", "old==1.0\ndesk==1.0\n")
    kinds = ("sarif", "markdown", "junit", "json")
    written = [f"--report={kind}={tmp_path / f'out.{kind}'}" for kind in kinds]
    done = gate(repository, feed, "--base", "main", *written)
    assert done.returncode == 1, done.stderr
    assert "== pay (services/pay)" in done.stdout
    assert done.stdout.endswith("Blocked: the worst of 2 services.\n")
    (run,) = json.loads((tmp_path / "out.sarif").read_text())["runs"]
    first = run["results"][0]
    assert first["properties"]["service"] == "pay"
    uri = first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "services/pay/requirements.txt"
    for kind in kinds:
        assert "pay" in (tmp_path / f"out.{kind}").read_text(), kind
