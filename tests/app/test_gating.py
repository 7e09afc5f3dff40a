"""`holdfast gate` as a pipeline runs it: in a process of its own, on a real repository."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.edges.providers.bucket import record, write_bucket
from tests.edges.providers.test_git_tree import git, with_submodule

POLICY = "min_score: {default: 0}\nrules:\n  - {id: high, when: finding.cvss >= 7.0, then: block}\n"
MANIFEST = "version: 1\nservices:\n  - {name: shop, tier: 1, exposure: internal}\n"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    names = ("lamp", "desk", *(f"old-{number}" for number in range(40)))
    return write_bucket(tmp_path / "osv", {"PyPI": [record(f"L-{name}", name=name) for name in names]})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    (top / ".holdfast").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(top))
    (top / "holdfast.yaml").write_text(MANIFEST)
    (top / ".holdfast/policy.yaml").write_text(POLICY)
    (top / "requirements.txt").write_text("".join(f"old-{number}==1.0\n" for number in range(40)))
    git(top, "add", "-A")
    git(top, "commit", "-qm", "base")
    git(top, "checkout", "-qb", "change")
    return top


def gate(
    path: Path, feed: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "holdfast", "gate", str(path)]
    places = ["--feed", str(feed), "--data", str(feed.parent / "data")]
    known = {name: value for name, value in os.environ.items() if not name.startswith(("HOLDFAST_", "GITHUB_", "CI_"))}
    return subprocess.run(
        [*program, *places, *arguments],
        capture_output=True, text=True, check=False, timeout=60, env=known | (environment or {}),
    )  # fmt: skip


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def commit(top: Path, path: str, text: str) -> None:
    (top / path).parent.mkdir(exist_ok=True)
    (top / path).write_text(text)
    git(top, "add", "-A")
    git(top, "commit", "-qm", path)


def add(top: Path, lines: Sequence[str]) -> None:
    commit(top, "requirements.txt", (top / "requirements.txt").read_text() + "".join(f"{line}\n" for line in lines))


def test_one_addition_to_forty_old_findings_is_blocked_for_one(repository: Path, feed: Path) -> None:
    add(repository, ["lamp==1.0"])
    done = gate(repository, feed, "--base", "main", "--format", "json")
    assert done.returncode == 1, done.stderr
    found = document(done)
    assert (found["schema"], found["verdict"], found["existing"]) == ("holdfast.gate/1", "blocked", 40)
    (one,) = found["blocking"]
    assert one["purl"] == "pkg:pypi/lamp@1.0"
    assert one["fix"]["command"]
    assert gate(repository, feed, "--base", "main", "--format", "json").stdout == done.stdout


def test_a_change_that_adds_nothing_passes(repository: Path, feed: Path) -> None:
    commit(repository, "README", "hello")
    done = gate(repository, feed, "--base", "main")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("Pass.\n")


def test_a_change_can_loosen_neither_its_policy_nor_its_tier_nor_its_waivers(repository: Path, feed: Path) -> None:
    add(repository, ["lamp==1.0"])
    commit(repository, ".holdfast/policy.yaml", "min_score: {default: 0}\n")
    commit(repository, "holdfast.yaml", MANIFEST.replace("internal", "development"))
    now = datetime.now(UTC)
    waiver = {
        "id": "w",
        "finding": "L-lamp",
        "service": "shop",
        "package": "pkg:pypi/lamp",
        "versions": "=1.0",
        "status": "not_affected",
        "reason": "component_not_present",
        "owner": "ana",
        "approved_by": "sec",
        "signed": (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "expires": (now + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "fix_version": "2.0",
    }
    commit(repository, ".holdfast/waivers.yaml", json.dumps({"waivers": [waiver]}))
    for policy in ([], ["--policy", str(repository / ".holdfast/policy.yaml")]):
        done = gate(repository, feed, "--base", "main", "--format", "json", *policy)
        found = document(done)
        assert (done.returncode, found["waived"]) == (1, [])
        assert "counts once it is merged" in found["notes"][0]
        assert {entry["exposure"] for entry in found["ledger"]} == {0.7}
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--ff-only", "change")
    git(repository, "checkout", "-qb", "next")
    commit(repository, "README", "after the merge")
    assert gate(repository, feed, "--base", "main").returncode == 0


def test_a_waiver_that_was_merged_holds_until_it_expires(repository: Path, feed: Path) -> None:
    git(repository, "checkout", "-q", "main")
    now = datetime.now(UTC)
    for expires, code in ((now + timedelta(days=1), 0), (now - timedelta(minutes=1), 1)):
        waiver = {
            "id": "w",
            "finding": "L-lamp",
            "service": "shop",
            "package": "pkg:pypi/lamp",
            "versions": "<2",
            "status": "not_affected",
            "reason": "component_not_present",
            "owner": "ana",
            "approved_by": "sec",
            "signed": (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "expires": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "fix_version": "2.0",
        }
        commit(repository, ".holdfast/waivers.yaml", json.dumps({"waivers": [waiver]}))
        git(repository, "checkout", "-q", "-B", "change")
        add(repository, ["lamp==1.0"])
        done = gate(repository, feed, "--base", "main", "--format", "json")
        assert done.returncode == code, done.stdout
        found = document(done)
        told = found["waived"] or found["blocking"]
        assert told[0]["waiver"]["holds"] is (code == 0)
        git(repository, "checkout", "-q", "main")


def test_a_file_that_vanished_or_stopped_parsing_is_unknown(repository: Path, feed: Path) -> None:
    text = (repository / "requirements.txt").read_text()
    git(repository, "mv", "requirements.txt", "requirements-main.txt")
    git(repository, "commit", "-qm", "moved")
    assert gate(repository, feed, "--base", "main").returncode == 0  # every package is still read
    git(repository, "rm", "-q", "requirements-main.txt")
    commit(repository, "poetry.lock", "[[package")
    done = gate(repository, feed, "--base", "main", "--format", "json")
    assert done.returncode == 5, done.stdout
    names = [gap["id"].partition(":")[0] for gap in document(done)["unknown"]]
    assert sorted(names) == ["unread", "vanished"]
    assert text


def test_blocked_beats_unknown_and_both_are_told(repository: Path, feed: Path) -> None:
    add(repository, ["lamp==1.0", "desk>=1"])
    done = gate(repository, feed, "--base", "main")
    assert done.returncode == 1
    assert "Blocks" in done.stdout
    assert "Could not tell" in done.stdout


def test_an_sbom_is_a_base_and_without_any_everything_is_new(repository: Path, feed: Path, tmp_path: Path) -> None:
    sbom = tmp_path / "kept" / "base.cdx.json"
    sbom.parent.mkdir()
    subprocess.run(
        [sys.executable, "-m", "holdfast", "sbom", str(repository), "--output", str(sbom)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    add(repository, ["lamp==1.0"])
    against = document(gate(repository, feed, "--base", str(sbom), "--format", "json"))
    assert (against["existing"], len(against["blocking"])) == (40, 1)
    alone = document(gate(repository, feed, "--format", "json"))
    assert (alone["basis"], alone["existing"], len(alone["blocking"])) == ("nothing", 0, 41)


def test_the_target_that_a_ci_names_is_the_base(repository: Path, feed: Path, tmp_path: Path) -> None:
    add(repository, ["lamp==1.0"])
    git(repository, "update-ref", "refs/remotes/origin/main", "main")
    done = gate(repository, feed, "--format", "json", environment={"GITHUB_BASE_REF": "main"})
    assert document(done)["existing"] == 40


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--base", "nowhere"], 2, "git fetch origin nowhere"),
        (["--policy", "nowhere.yaml"], 2, "no such policy"),
        (["--no-such"], 2, "No such option"),
    ],
)
def test_wrong_use_is_told_in_json_too(
    repository: Path, feed: Path, arguments: list[str], code: int, words: str
) -> None:
    done = gate(repository, feed, *arguments, "--format", "json")
    assert done.returncode == code
    error = document(done)["error"]
    assert words in f"{error['message']} {error['hint']}"


def test_a_broken_policy_fails_and_names_its_line(repository: Path, feed: Path) -> None:
    broken = repository.parent / "broken.yaml"
    broken.write_text("rules:\n  - {id: a, when: 'finding.cvs > 1', then: block}\n")
    done = gate(repository, feed, "--policy", str(broken))
    assert done.returncode == 4
    assert f"{broken}:2:" in done.stderr


def test_nothing_to_scan_is_no_pass(tmp_path: Path, feed: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert gate(tmp_path / "empty", feed).returncode == 3


def test_one_run_writes_every_report_and_changes_no_verdict(repository: Path, feed: Path, tmp_path: Path) -> None:
    add(repository, ["lamp==1.0"])
    kinds = {"sarif": "runs", "cyclonedx": "components", "openvex": "statements", "gl-dependency-scanning": "scan"}
    wanted = [f"--report={kind}={tmp_path / kind}" for kind in kinds]
    done = gate(repository, feed, "--base", "main", "--format", "json", *wanted, f"--report=json={tmp_path / 'json'}")
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "json").read_text() == done.stdout
    for kind, key in kinds.items():
        assert json.loads((tmp_path / kind).read_text())[key]
    (one,) = [
        one for one in json.loads((tmp_path / "sarif").read_text())["runs"][0]["results"] if one["level"] == "error"
    ]
    place = one["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("requirements.txt", 41)


def test_a_report_that_cannot_be_written_fails_the_gate_and_is_named(repository: Path, feed: Path) -> None:
    done = gate(repository, feed, "--base", "main", "--format", "json", "--report", "sarif=/nowhere/x.sarif")
    assert done.returncode == 4
    assert "/nowhere/x.sarif" in done.stderr
    assert document(done)["verdict"] == "pass"


def test_places_are_told_from_the_top_whatever_is_scanned(repository: Path, feed: Path) -> None:
    commit(repository, "services/requirements.txt", "desk==1.0\n")
    for path in ("services", "services/requirements.txt"):
        done = gate(repository / path, feed, "--base", "main", "--format", "github")
        assert "file=services/requirements.txt,line=1," in done.stdout, done.stderr


def test_a_gate_imports_nothing_heavy(repository: Path, feed: Path) -> None:
    from tests.app.test_scanning import HEAVY

    gate(repository, feed)
    program = (
        "import json, sys\nfrom holdfast.app.gating import gate\n"
        "try:\n    gate(sys.argv[1:])\nfinally:\n"
        "    json.dump(sorted({name.partition('.')[0] for name in sys.modules}), sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(repository), "--base", "main", "--feed", str(feed), "--data",
         str(feed.parent / "data")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    imported = set(json.loads(done.stderr.splitlines()[-1]))
    assert "holdfast" in imported
    assert sorted(imported & HEAVY) == []


def test_another_tools_report_is_judged_like_our_own(repository: Path, feed: Path, tmp_path: Path) -> None:
    commit(repository, "app.py", "x = 1\nrun(sql)\n")
    result = {
        "ruleId": "B608",
        "level": "error",
        "message": {"text": "SQL"},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": 2}}},
        ],
    }
    rule = {"id": "B608", "properties": {"security-severity": "8.8"}}
    driver = {"name": "bandit", "rules": [rule]}
    sarif = {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": [result]}]}
    file = tmp_path / "bandit.sarif"
    file.write_text(json.dumps(sarif))
    done = gate(repository, feed, "--base", "main", "--findings", str(file), "--format", "json")
    found = document(done)
    assert (done.returncode, [one["tools"] for one in found["blocking"]]) == (1, [["bandit"]])
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--ff-only", "change")
    git(repository, "checkout", "-qb", "next")
    commit(repository, "app.py", "y = 2\nx = 1\nrun(sql)\n")
    region = result["locations"][0]["physicalLocation"]["region"]  # type: ignore[index]
    region["startLine"] = 3
    file.write_text(json.dumps(sarif))
    assert gate(repository, feed, "--base", "main", "--findings", str(file)).returncode == 0
    file.write_text("[]")
    assert gate(repository, feed, "--findings", str(file)).returncode == 4
    assert gate(repository, feed, "--findings", str(tmp_path / "none")).returncode == 2


def test_a_link_in_the_place_of_a_policy_is_a_policy_that_was_altered(repository: Path, feed: Path) -> None:
    git(repository, "checkout", "-q", "main")
    commit(repository, "docs/example.yaml", "mode: {now: observe}\n")
    commit(repository, "ci/policy.yaml", POLICY)
    git(repository, "checkout", "-q", "-B", "change")
    (repository / "ci/policy.yaml").unlink()
    (repository / "ci/policy.yaml").symlink_to("../docs/example.yaml")
    add(repository, ["lamp==1.0"])
    done = gate(repository, feed, "--base", "main", "--policy", str(repository / "ci/policy.yaml"), "--format", "json")
    found = document(done)
    assert (done.returncode, found["mode"]) == (1, "block")
    assert "alters `ci/policy.yaml`" in found["notes"][0]


def test_nothing_that_a_change_brings_takes_the_place_of_its_base(repository: Path, feed: Path) -> None:
    empty = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []})
    commit(repository, "origin/main", empty)
    add(repository, ["lamp==1.0"])
    assert gate(repository, feed, environment={"GITHUB_BASE_REF": "main"}).returncode == 2
    assert gate(repository, feed, "--base", str(repository / "origin/main")).returncode == 2
    git(repository, "update-ref", "refs/remotes/origin/main", "main")
    git(repository, "tag", "origin/main", "HEAD")
    for arguments, variables in (([], {"GITHUB_BASE_REF": "main"}), (["--base", "origin/main"], {})):
        done = gate(repository, feed, *arguments, "--format", "json", environment=variables)
        assert (done.returncode, len(document(done)["blocking"])) == (1, 1)


def test_a_path_that_became_a_link_is_compared_with_what_it_was(repository: Path, feed: Path) -> None:
    git(repository, "checkout", "-q", "main")
    commit(repository, "pay/requirements.txt", "fine==1.0\n")
    commit(repository, "toy/requirements.txt", "lamp==1.0\n")
    git(repository, "checkout", "-q", "-B", "change")
    git(repository, "rm", "-rq", "pay")
    (repository / "pay").symlink_to("toy")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "link")
    assert gate(repository / "pay", feed, "--base", "main").returncode == 1


def test_a_policy_behind_a_linked_folder_is_read_from_the_base(repository: Path, feed: Path) -> None:
    git(repository, "checkout", "-q", "main")
    git(repository, "mv", ".holdfast", "security")
    (repository / ".holdfast").symlink_to("security")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "linked")
    git(repository, "checkout", "-q", "-B", "change")
    add(repository, ["lamp==1.0"])
    found = document(gate(repository, feed, "--base", "main", "--format", "json"))
    assert (found["policy"][0]["level"], found["verdict"]) == (".holdfast/policy.yaml", "blocked")


def test_what_is_moved_to_version_control_is_no_longer_judged_and_told(repository: Path, feed: Path) -> None:
    add(repository, ["lamp @ git+https://git.example.org/lamp@1.0"])
    done = gate(repository, feed, "--base", "main", "--format", "json")
    assert done.returncode == 5
    assert document(done)["unknown"][0]["id"].startswith("source:PyPI:lamp:")


def test_a_name_of_any_length_is_no_base(repository: Path, feed: Path) -> None:
    assert gate(repository, feed, "--base", "a" * 5000).returncode == 2


def test_what_a_change_commits_into_a_left_out_folder_is_judged(repository: Path, feed: Path) -> None:
    commit(repository, "venv/pyvenv.cfg", "")
    git(repository, "add", "-f", "venv")
    git(repository, "commit", "-qm", "venv", "--allow-empty")
    (repository / "venv/requirements.txt").write_text("lamp==1.0\n")
    git(repository, "add", "-f", "venv/requirements.txt")
    git(repository, "commit", "-qm", "hidden")
    done = gate(repository, feed, "--base", "main", "--format", "json")
    assert [one["purl"] for one in document(done)["blocking"]] == ["pkg:pypi/lamp@1.0"]


def test_a_submodule_that_a_change_moves_and_nobody_read_is_unknown(
    repository: Path, feed: Path, tmp_path: Path
) -> None:
    git(repository, "checkout", "-q", "main")
    with_submodule(tmp_path, repository)
    git(repository, "checkout", "-qB", "change")
    commit(repository, "README", "hello")
    git(repository, "submodule", "--quiet", "deinit", "-f", "libs/part")
    assert gate(repository, feed, "--base", "main").returncode == 0, "it was not read before either"
    git(repository, "update-index", "--cacheinfo", f"160000,{'1' * 40},libs/part")
    git(repository, "commit", "-qm", "move it")
    done = gate(repository, feed, "--base", "main", "--format", "json")
    assert done.returncode == 5, done.stdout
    assert [gap["where"] for gap in document(done)["unknown"]] == ["libs/part/"]


def test_a_submodule_in_the_place_of_a_folder_brings_no_base_and_no_policy(
    repository: Path, feed: Path, tmp_path: Path
) -> None:
    """Its own history has a branch of the base's name, where all that it brings was there before."""
    git(repository, "checkout", "-q", "main")
    commit(repository, "pay/requirements.txt", "old-1==1.0\n")
    brought = tmp_path / "brought"
    git(tmp_path, "init", "-q", "-b", "main", str(brought))
    commit(brought, ".holdfast/policy.yaml", "mode: {now: observe}\n")
    commit(brought, "requirements.txt", "lamp==1.0\n")
    git(repository, "checkout", "-qB", "change")
    git(repository, "rm", "-rq", "pay")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(brought), "pay")
    git(repository, "commit", "-qm", "move it out")
    for path in (repository, repository / "pay"):
        done = gate(path, feed, "--base", "main", "--format", "json")
        assert [one["purl"] for one in document(done)["blocking"]] == ["pkg:pypi/lamp@1.0"], path


def test_what_one_service_had_is_new_in_another(repository: Path, feed: Path) -> None:
    git(repository, "checkout", "-q", "main")
    services = "".join(f"  - {{name: {name}, paths: [{name}], exposure: internal}}\n" for name in ("shop", "bank"))
    commit(repository, "holdfast.yaml", f"version: 1\nservices:\n{services}")
    commit(repository, "shop/requirements.txt", "lamp==1.0\n")
    git(repository, "checkout", "-qB", "change")
    commit(repository, "shop/other.requirements.txt", "lamp==1.0\n")
    assert gate(repository, feed, "--base", "main").returncode == 0
    commit(repository, "bank/requirements.txt", "lamp==1.0\n")
    for path in (repository, repository / "bank"):
        done = gate(path, feed, "--base", "main", "--format", "json")
        assert [one["purl"] for one in document(done)["blocking"]] == ["pkg:pypi/lamp@1.0"], path


def test_a_change_that_starts_at_an_old_commit_is_judged_by_the_policy_of_today(repository: Path, feed: Path) -> None:
    git(repository, "checkout", "-q", "main")
    commit(repository, ".holdfast/policy.yaml", "min_score: {default: 0}\nmode: {now: observe}\n")
    git(repository, "branch", "-f", "change")
    commit(repository, ".holdfast/policy.yaml", POLICY)
    git(repository, "update-ref", "refs/remotes/origin/main", "main")
    git(repository, "checkout", "-q", "change")
    add(repository, ["lamp==1.0"])
    parted = git(repository, "merge-base", "HEAD", "main").strip()
    for named in ({"GITHUB_BASE_REF": "main"}, {"CI_MERGE_REQUEST_DIFF_BASE_SHA": parted}):
        ways = named | {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
        done = gate(repository, feed, "--format", "json", environment=ways)
        assert (done.returncode, document(done)["existing"], document(done)["notes"]) == (1, 40, [])
    assert gate(repository, feed, "--base", "main").returncode == 1
    named_commit = gate(repository, feed, "--base", parted, environment={"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"})
    assert named_commit.returncode == 1
    away = gate(repository, feed, environment={"CI_MERGE_REQUEST_DIFF_BASE_SHA": parted} | {"CHANGE_TARGET": "gone"})
    assert "`gone` is not fetched" in away.stdout


def test_a_change_to_what_nobody_can_read_is_no_pass(repository: Path, feed: Path) -> None:
    git(repository, "checkout", "-q", "main")
    commit(repository, "lib/pyproject.toml", "[project]\ndependencies = ['desk']\n")
    git(repository, "branch", "-f", "change")
    git(repository, "checkout", "-q", "change")
    commit(repository, "lib/pyproject.toml", "[project]\ndependencies = ['desk']\n[tool.ruff]\nline-length = 9\n")
    assert gate(repository, feed, "--base", "main").returncode == 0
    commit(repository, "lib/pyproject.toml", "[project]\ndependencies = ['lamp==1.0']\n")
    done = gate(repository, feed, "--base", "main", "--format", "json")
    assert done.returncode == 5
    assert "this change alters it" in document(done)["unknown"][0]["because"]
