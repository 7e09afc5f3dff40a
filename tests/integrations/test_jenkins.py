"""The Jenkinsfile: its `sh` steps, run as Jenkins runs them. Source: Jenkins, "Pipeline: Nodes and Processes", `sh`."""

import json
import re
from pathlib import Path

from tests.edges.providers.test_git_tree import git
from tests.integrations.pipeline import HOSTILE, ROOT, Stand, make_stand, make_wheel

TEXT = (ROOT / "integrations/jenkins/Jenkinsfile").read_text()
STEPS = re.findall(r"sh label: '([^']+)', script: '''(.*?)'''", TEXT, re.DOTALL)
VARIABLES = dict(re.findall(r"^    (GATE_\w+) = '([^']*)'", TEXT, re.MULTILINE))


def run(stand: Stand, **variables: str) -> tuple[int, str]:
    """Run the steps; in `'''` Groovy reads a backslash alone, and puts nothing in."""
    said = ""
    own = VARIABLES | {"GATE_PACKAGE": "installed", "HOLDFAST_FEED": str(stand.feed)}
    for _, script in STEPS:
        text = script.replace("\\\\", "\\")
        done = stand.run(("sh", "-xe"), text, own | {"WORKSPACE_TMP": str(stand.temporary)} | variables)
        said += done.stdout + done.stderr
        if done.returncode:
            return done.returncode, said
    return 0, said


def test_a_shallow_change_is_judged_by_what_it_adds(tmp_path: Path) -> None:
    stand = make_stand(tmp_path)
    code, said = run(stand, CHANGE_TARGET="main")
    assert code == 1, said
    found = json.loads((stand.checkout / "holdfast-reports/gate.json").read_text())
    assert ([one["id"] for one in found["blocking"]], found["existing"]) == (["L-lamp"], 2)
    assert 'failures="1"' in (stand.checkout / "holdfast-reports/junit.xml").read_text()


def test_the_policy_of_the_target_today_counts_in_a_workspace_that_is_used_again(tmp_path: Path) -> None:
    stand = make_stand(tmp_path)
    assert run(stand, CHANGE_TARGET="main")[0] == 1
    stand.move_target("min_score: {default: 0}\nmode: {now: observe}\n")
    assert run(stand, CHANGE_TARGET="main")[0] == 0
    git(stand.checkout, "remote", "set-url", "origin", str(tmp_path / "gone"))
    code, said = run(stand, CHANGE_TARGET="main")
    assert (code, "the target branch was not fetched" in said) == (0, True)


def test_a_branch_is_compared_with_its_last_build_that_passed(tmp_path: Path) -> None:
    stand = make_stand(tmp_path)
    head = git(stand.checkout, "rev-parse", "HEAD")
    code, said = run(stand, GIT_PREVIOUS_SUCCESSFUL_COMMIT=head)
    assert code == 0, said
    assert run(stand, GIT_PREVIOUS_SUCCESSFUL_COMMIT="1" * 40)[0] == 1


def test_a_target_or_a_path_that_is_a_program_runs_nothing(tmp_path: Path) -> None:
    stand = make_stand(tmp_path, HOSTILE)
    code, said = run(stand, CHANGE_TARGET=HOSTILE, CHANGE_BRANCH=HOSTILE)
    assert code == 1, said
    for value in (HOSTILE, "--help"):
        assert run(stand, GATE_PATH=value)[0] == 2


def test_it_is_installed_away_from_the_workspace(tmp_path: Path) -> None:
    stand = make_stand(tmp_path)
    for name in ("venv", "pip"):
        stand.change(f"{name}.py", "open('pwned', 'w')\n")
    code, said = run(stand, GATE_PACKAGE=str(make_wheel(tmp_path)))
    assert code == 0, said
    assert "called with ['gate', '--report'," in said
    assert sorted(one.name for one in stand.checkout.iterdir() if not one.name.startswith(".")) == [
        *("README", "holdfast-reports", "pip.py", "requirements.txt", "venv.py")
    ]


def test_groovy_puts_nothing_into_a_script() -> None:
    assert [label for label, _ in STEPS] == ["Install Holdfast", "Decide"]
    assert '"""' not in TEXT
    assert 'sh "' not in TEXT
    assert len(re.findall(r"^ +sh\b", TEXT, re.MULTILINE)) == len(STEPS)
