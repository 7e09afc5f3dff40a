"""The GitLab component: its inputs filled in as GitLab does, its scripts run as the runner's shell executor does.

Source: GitLab, "CI/CD components", "CI/CD inputs", "Predefined variables".
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.edges.providers.test_git_tree import git
from tests.integrations.pipeline import HOSTILE, ROOT, Stand, make_stand, make_wheel

HEADER, BODY = yaml.safe_load_all((ROOT / "integrations/gitlab/templates/gate/template.yml").read_text())
INPUT = re.compile(r"\$\[\[ inputs\.(\w+) \]\]")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


def fill(value: Any, inputs: dict[str, Any]) -> Any:
    """Put the inputs in: GitLab does that in the parsed document, and keeps the type of an input that stands alone."""
    if isinstance(value, dict):
        return {fill(name, inputs): fill(one, inputs) for name, one in value.items()}
    if isinstance(value, list):
        return [fill(one, inputs) for one in value]
    if not isinstance(value, str):
        return value
    alone = INPUT.fullmatch(value)
    return inputs[alone[1]] if alone else INPUT.sub(lambda found: str(inputs[found[1]]), value)


def job_of(**inputs: Any) -> dict[str, Any]:
    declared = {name: (one or {}).get("default") for name, one in HEADER["spec"]["inputs"].items()}
    ((_, job),) = fill(BODY, declared | inputs).items()
    found: dict[str, Any] = job
    return found


class Runner:
    """Runs the job in a full checkout: `GIT_DEPTH` is 0."""

    def __init__(self, stand: Stand, **inputs: Any) -> None:
        self.stand, self.job = stand, job_of(**inputs)
        assert self.job["variables"]["GIT_DEPTH"] == "0"
        git(stand.checkout, "fetch", "-q", "--unshallow", "origin")
        self.said = ""

    def run(self, **variables: str) -> int:
        own = {}
        for name, one in self.job["variables"].items():
            if isinstance(one, dict):
                assert one["expand"] is False
            own[name] = str(one["value"] if isinstance(one, dict) else one)
        script = "\n".join([*self.job["before_script"], *self.job["script"]])
        done = self.stand.run(BASH, script, own | {"GITLAB_CI": "true"} | variables)
        self.said = done.stdout + done.stderr
        return done.returncode

    def report(self, name: str) -> Any:
        return json.loads((self.stand.checkout / self.job["artifacts"]["reports"][name]).read_text())


def gate(stand: Stand, **inputs: Any) -> Runner:
    return Runner(stand, **{"version": "installed", "feed": str(stand.feed)} | inputs)


def base_of(stand: Stand) -> str:
    git(stand.checkout, "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
    target = [one for one in git(stand.checkout, "branch", "-r").split("\n") if "change" not in one and one.strip()]
    return git(stand.checkout, "merge-base", "HEAD", target[0].strip()).strip()


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return make_stand(tmp_path)


def test_a_merge_request_is_judged_by_what_it_adds(stand: Stand) -> None:
    runner = gate(stand)
    assert runner.run(CI_MERGE_REQUEST_DIFF_BASE_SHA=base_of(stand)) == 1, runner.said
    found = runner.report("dependency_scanning")
    assert len(found["vulnerabilities"]) == 3
    assert {"L-lamp in lamp"} <= {one["name"] for one in found["vulnerabilities"]}
    blockers = [one for one in runner.report("codequality") if one["severity"] == "blocker"]
    assert [one["location"]["lines"]["begin"] for one in blockers] == [3]
    assert len(runner.report("cyclonedx")["vulnerabilities"]) == 3
    junit = (stand.checkout / runner.job["artifacts"]["reports"]["junit"]).read_text()
    assert 'failures="1"' in junit


def test_the_policy_of_the_target_today_counts_not_that_of_where_a_change_starts(stand: Stand) -> None:
    runner = gate(stand)
    base = base_of(stand)
    git(stand.checkout, "update-ref", "refs/remotes/origin/main", base)
    stand.move_target("min_score: {default: 0}\nmode: {now: observe}\n")
    assert runner.run(CI_MERGE_REQUEST_DIFF_BASE_SHA=base) == 1, runner.said
    names = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    assert runner.run(CI_MERGE_REQUEST_DIFF_BASE_SHA=base, **names) == 0, runner.said


def test_a_push_to_the_default_branch_is_compared_with_what_it_had_before(stand: Stand) -> None:
    runner = gate(stand)
    head = git(stand.checkout, "rev-parse", "HEAD").strip()
    assert runner.run(CI_COMMIT_BEFORE_SHA=head) == 0, runner.said
    for nothing in ("0" * 40, "1" * 40, ""):  # a new branch, one that was pushed over
        assert runner.run(CI_COMMIT_BEFORE_SHA=nothing) == 1, runner.said
    runner.job = job_of(version="installed", feed=str(stand.feed), environment="production")
    assert runner.run(CI_COMMIT_BEFORE_SHA=head) == 1, runner.said


def test_a_target_branch_whose_name_is_a_program_runs_nothing(tmp_path: Path) -> None:
    stand = make_stand(tmp_path, HOSTILE)
    runner = gate(stand)
    names = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": HOSTILE, "CI_COMMIT_REF_NAME": HOSTILE}
    assert runner.run(CI_MERGE_REQUEST_DIFF_BASE_SHA=base_of(stand), **names) == 1, runner.said
    assert runner.run(**names) == 1, runner.said


@pytest.mark.parametrize("name", ["path", "policy", "service", "feed", "version", "package", "server", "base"])
def test_an_input_that_is_a_program_runs_nothing(stand: Stand, name: str) -> None:
    runner = gate(stand)
    base = base_of(stand)
    for value in (HOSTILE, "--help", "-x"):
        runner.job = job_of(**{"version": "installed", "feed": str(stand.feed), name: value})
        assert runner.run(CI_MERGE_REQUEST_DIFF_BASE_SHA=base) in {1, 2, 4, 5}, runner.said


def test_a_link_in_the_place_of_the_reports_is_not_followed(stand: Stand, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (stand.checkout / "holdfast-reports").symlink_to(elsewhere)
    assert gate(stand).run(CI_MERGE_REQUEST_DIFF_BASE_SHA=base_of(stand)) == 1
    assert list(elsewhere.iterdir()) == []


def test_a_package_is_installed_away_from_the_repository(stand: Stand, tmp_path: Path) -> None:
    for name in ("venv", "pip", "holdfast"):
        stand.change(f"{name}.py", "open('pwned', 'w')\n")
    runner = Runner(stand, package=str(make_wheel(tmp_path)))
    assert runner.run() == 0, runner.said
    assert "called with ['gate', '--report'," in runner.said


def test_no_input_stands_in_a_script_and_every_report_is_written() -> None:
    job = job_of()
    script = "\n".join([*BODY["$[[ inputs.job ]]"]["before_script"], *BODY["$[[ inputs.job ]]"]["script"]])
    assert "$[[" not in script
    assert [file for file in job["artifacts"]["reports"].values() if file not in script] == []
    assert job["artifacts"]["when"] == "always"
    used = set(INPUT.findall(yaml.safe_dump(BODY)))
    assert used == set(HEADER["spec"]["inputs"])
