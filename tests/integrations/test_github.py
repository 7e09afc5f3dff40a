"""The composite action: each step in bash, with the files and variables that GitHub's runner gives it.

Source: GitHub, "Metadata syntax for GitHub Actions", "Workflow commands", "Variables"; actions/runner.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.edges.providers.test_git_tree import git
from tests.integrations.pipeline import HOSTILE, ROOT, Stand, make_stand, make_wheel

FOLDER = ROOT / "integrations/github"
ACTION: dict[str, Any] = yaml.safe_load((FOLDER / "action.yml").read_text())
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


class Runner:
    """Runs the steps of the action one after the other, and keeps what they hand on."""

    def __init__(self, stand: Stand, **inputs: str) -> None:
        self.stand = stand
        self.inputs = {name: str(one["default"]) for name, one in ACTION["inputs"].items()} | inputs
        self.outputs: dict[str, dict[str, str]] = {}
        self.said = ""
        self.summary = stand.temporary / "summary"
        self.summary.touch()

    def run(self, **variables: str) -> int:
        """Return the exit code of the first step that fails, else 0."""
        for step in ACTION["runs"]["steps"]:
            assert step["shell"] == "bash"
            file = self.stand.temporary / f"output-{step['id']}"
            file.write_text("")
            own = {name: EXPRESSION.sub(self._value, text) for name, text in step["env"].items()}
            given = {
                "GITHUB_OUTPUT": str(file),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "GITHUB_ACTIONS": "true",
                "RUNNER_TEMP": str(self.stand.temporary),
            }
            done = self.stand.run(BASH, step["run"], given | own | variables)
            self.said += done.stdout + done.stderr
            lines = [line.partition("=") for line in file.read_text().splitlines()]
            self.outputs[step["id"]] = {name: value for name, _, value in lines}
            if done.returncode:
                return done.returncode
        return 0

    def _value(self, found: re.Match[str]) -> str:
        room, _, name = found[1].partition(".")
        if room == "inputs":
            return self.inputs[name]
        if room == "steps":
            step, _, output = name.partition(".outputs.")
            return self.outputs[step][output]
        assert found[1] == "github.action_path"
        return str(FOLDER)

    def output(self, name: str) -> str:
        """Return what the action hands on."""
        return EXPRESSION.sub(self._value, ACTION["outputs"][name]["value"])


def gate(stand: Stand, **inputs: str) -> Runner:
    return Runner(stand, version="installed", feed=str(stand.feed), **inputs)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return make_stand(tmp_path)


def test_a_shallow_pull_request_is_judged_by_what_it_adds(stand: Stand) -> None:
    runner = gate(stand)
    assert runner.run(GITHUB_BASE_REF="main") == 1, runner.said
    found = json.loads((Path(runner.output("reports")) / "gate.json").read_text())
    assert ([one["id"] for one in found["blocking"]], found["existing"]) == (["L-lamp"], 2)
    assert (runner.output("verdict"), runner.output("exit-code")) == ("blocked", "1")
    assert runner.output("score") == str(found["score"])
    assert json.loads(Path(runner.output("sarif")).read_text())["version"] == "2.1.0"
    assert "Blocked" in runner.summary.read_text()
    assert "::error file=requirements.txt,line=3," in runner.said


def test_a_change_that_adds_nothing_passes(tmp_path: Path) -> None:
    runner = gate(make_stand(tmp_path, added="# nothing\n"))
    assert runner.run(GITHUB_BASE_REF="main") == 0, runner.said
    assert runner.output("verdict") == "pass"


def test_a_job_may_look_on_but_not_at_what_went_wrong(stand: Stand) -> None:
    runner = gate(stand, fail="false")
    assert runner.run(GITHUB_BASE_REF="main") == 0, runner.said
    assert runner.output("verdict") == "blocked"
    broken = gate(stand, fail="false", policy="nowhere.yaml")
    assert broken.run(GITHUB_BASE_REF="main") == 2
    assert broken.outputs["gate"]["verdict"] == "error"
    assert not {"sarif"} & set(broken.outputs["gate"])  # nothing to upload


def test_a_branch_whose_name_is_a_program_runs_nothing(tmp_path: Path) -> None:
    runner = gate(make_stand(tmp_path, HOSTILE))
    assert runner.run(GITHUB_BASE_REF=HOSTILE) == 1, runner.said
    assert runner.output("verdict") == "blocked"


@pytest.mark.parametrize(
    "name",
    ["path", "base", "policy", "service", "feed", "version", "package", "fail", "server", "org", "on-unavailable"],
)
def test_an_input_that_is_a_program_runs_nothing(stand: Stand, name: str) -> None:
    for value in (HOSTILE, "--help", "-x"):
        runner = gate(stand)
        runner.inputs[name] = value
        assert runner.run(GITHUB_BASE_REF="main") in {1, 2, 4, 5}, runner.said  # no pass, and nothing ran


def test_what_a_repository_is_called_is_no_command_to_the_runner(stand: Stand) -> None:
    """Lines between the token's two are not read by the runner; the token comes after the repository was written."""
    stand.change("::error::a/requirements.txt", "lamp\n::set-output name=verdict::pass\n")
    runner = gate(stand)
    runner.run(GITHUB_BASE_REF="main")
    token = re.search(r"^::stop-commands::([0-9a-f]{32})$", runner.said, re.MULTILINE)
    assert token
    before, _, rest = runner.said.partition(token[0])
    _, _, after = rest.partition(f"\n::{token[1]}::\n")
    commands = [line for line in (before + after).splitlines() if line.lstrip().startswith("::")]
    assert commands
    assert all(re.match(r"::(error|warning) ", line) for line in commands)


def test_a_module_of_the_repository_is_never_imported(stand: Stand, tmp_path: Path) -> None:
    for name in ("venv", "pip", "json", "secrets", "holdfast"):
        stand.change(f"{name}.py", "open('pwned', 'w')\n")
    runner = Runner(stand, package=str(make_wheel(tmp_path)))
    runner.run(GITHUB_BASE_REF="main")
    assert "called with ['gate', '--base=refs/remotes/origin/main'" in runner.said
    assert runner.outputs["gate"]["verdict"] == "error"  # that program wrote no report


def test_it_is_installed_from_its_own_revision_without_a_version() -> None:
    (source,) = [step["env"]["GATE_SOURCE"] for step in ACTION["runs"]["steps"] if step["id"] == "install"]
    folder = Path(source.replace("${{ github.action_path }}", str(FOLDER))).resolve()
    assert 'name = "holdfast"' in (folder / "pyproject.toml").read_text()


def test_no_expression_stands_in_a_script() -> None:
    assert [step["id"] for step in ACTION["runs"]["steps"] if "${{" in step["run"]] == []


def test_a_base_that_was_fetched_is_not_fetched_again(stand: Stand) -> None:
    git(stand.checkout, "fetch", "-q", "--unshallow", "origin", "+refs/heads/main:refs/remotes/origin/main")
    git(stand.checkout, "remote", "set-url", "origin", "file:///nowhere")
    runner = gate(stand)
    assert runner.run(GITHUB_BASE_REF="main") == 1, runner.said
