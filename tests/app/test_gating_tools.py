"""`gate --with`: tools are run, and what is not run is no pass."""

import sys
from pathlib import Path

import pytest

from tests.edges.cli.conftest import _environment, shell
from tests.edges.cli.shell import Shell

__all__ = ["_environment", "shell"]

BANDIT = """#!{python}
import json, sys
report = sys.argv[sys.argv.index("--output") + 1]
at = {{"uri": sys.argv[-1] + "/app.py"}}
place = {{"physicalLocation": {{"artifactLocation": at, "region": {{"startLine": 1}}}}}}
rule = {{"id": "B602", "properties": {{"security-severity": "9.0"}}}}
result = {{"ruleId": "B602", "message": {{"text": "shell"}}, "locations": [place]}}
driver = {{"name": "Bandit", "rules": [rule]}}
json.dump({{"version": "2.1.0", "runs": [{{"tool": {{"driver": driver}}, "results": [result]}}]}}, open(report, "w"))
sys.exit(1)
"""
POLICY = 'min_score: {default: 0}\nrules: [{id: r, when: "finding.cvss >= 9.0", then: block}]\n'


def test_gate_judges_what_a_tool_sees_without_any_dependency_file(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "bandit"
    program.parent.mkdir()
    program.write_text(BANDIT.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    shell.write("tree/app.py", "run(x)\n")
    shell.write("policy.yaml", POLICY)
    ordered = ("gate", shell.files / "tree", "--policy", shell.files / "policy.yaml", "--feed", "none", "--offline")
    printed = shell(*ordered, "--with", "bandit", "--format", "json", code=1)
    (one,) = printed.json["blocking"]
    assert (one["id"], one["tools"]) == ("B602", ["Bandit"])
    assert "'app.py'" in str(one)


def test_tool_that_is_asked_for_and_not_there_is_no_pass(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    shell.write("tree/app.py", "run(x)\n")
    ordered = ("gate", shell.files / "tree", "--feed", "none", "--offline", "--format", "json")
    printed = shell(*ordered, "--with", "bandit,gitleaks", code=5)
    assert [gap["because"].partition(" try ")[0] for gap in printed.json["unknown"]] == [
        "bandit: asked for, and not run whole: it is not installed;",
        "gitleaks: asked for, and not run whole: it is not installed;",
    ]


@pytest.mark.parametrize("named", ["nope", "bandit,", ""])
def test_tool_that_nobody_knows_is_a_usage_error(shell: Shell, named: str) -> None:
    shell.write("tree/app.py", "x\n")
    printed = shell("gate", shell.files / "tree", "--feed", "none", "--offline", "--with", named, code=2)
    assert "knows no tool" in printed.err or "expected names of tools" in printed.err
