"""The real tools, as `scripts/scanners.sh` installs them: what is meant to silence them does not."""

import os
import random
import shutil
import string
from pathlib import Path

import pytest

from holdfast.edges.providers.local_tree import LocalTree
from holdfast.edges.providers.scanners._running import look
from holdfast.model.finding import Kind
from holdfast.model.reported import Report
from holdfast.registry import load_spec

_INSTALLED = Path(__file__).parents[4] / "var" / "scanners" / "bin"
_PATH = os.pathsep.join([str(_INSTALLED), os.environ.get("PATH", "")])
_RULES = """rules:
  - id: no-eval
    languages: [python]
    severity: ERROR
    message: eval of a value
    pattern: eval(...)
    metadata: {cwe: ["CWE-78: OS Command Injection"]}
"""


def run(tool: str, repo: Path, **variables: str) -> Report:
    if shutil.which(tool, path=_PATH) is None:
        if os.environ.get("CI") and tool != "gitleaks":  # it needs Go
            pytest.fail(f"{tool} is not installed: run scripts/scanners.sh")
        pytest.skip(f"{tool} is not installed: scripts/scanners.sh installs it")
    looked = look([load_spec("edges.providers.scanners", tool)], LocalTree(repo), repo, {"PATH": _PATH, **variables})
    return looked.reports[0]


@pytest.fixture(name="repo")
def _repo(tmp_path: Path) -> Path:
    repo = tmp_path / "repo"
    for folder in (".github", "tests", "CVS"):
        (repo / folder).mkdir(parents=True)
        (repo / folder / "run.py").write_text("def f(x):\n    return eval(x)  # nosec # nosemgrep\n")
    chance = random.Random(4)
    token = "ghp_" + "".join(chance.choice(string.ascii_letters + string.digits) for _ in range(36))
    (repo / "settings.py").write_text(f'password = "{token}"  # nosec gitleaks:allow\n')
    (repo / "broken.py").write_text("def (\n  eval(x)\n")
    (repo / ".semgrepignore").write_text("*\n")
    (repo / ".bandit").write_text("[bandit]\nexclude: /\nskips: B307\n")
    (repo / "pyproject.toml").write_text("[tool.bandit]\nskips = ['B307', 'B105']\n")
    (repo / ".gitleaks.toml").write_text("[[allowlists]]\npaths = ['''.*''']\n")
    (repo / ".gitleaksignore").write_text("settings.py:github-pat:1\n")
    return repo


def found(report: Report) -> list[tuple[str, str, int | None]]:
    return sorted((one.id, one.locations[0].file, one.locations[0].line) for one in report.findings)


def test_bandit_is_not_silenced_by_what_it_looks_at(repo: Path) -> None:
    report = run("bandit", repo)
    evals = [("B307", f"{folder}/run.py", 2) for folder in (".github", "CVS", "tests")]
    assert found(report) == [("B105", "settings.py", 1), *evals]
    assert not any(one.suppressed for one in report.findings)
    (secret,) = (one for one in report.findings if one.kind is Kind.SECRET)
    assert "ghp_" not in repr(secret)
    assert [(gap.file, gap.because) for gap in report.unparsed] == [
        ("broken.py", "`Bandit` notes: syntax error while parsing AST from file")
    ]


def test_gitleaks_is_not_silenced_by_what_it_looks_at(repo: Path) -> None:
    report = run("gitleaks", repo)
    assert found(report) == [("github-pat", "settings.py", 1)]
    assert report.findings[0].aliases == ("CWE-798",)
    assert "ghp_" not in repr(report)
    assert report.unparsed == ()


def test_semgrep_is_not_silenced_by_what_it_looks_at(repo: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(_RULES)
    report = run("semgrep", repo, HOLDFAST_SEMGREP_RULES=str(rules))
    assert {one for one in found(report) if one[1] != "broken.py"} == {
        ("no-eval", f"{folder}/run.py", 2) for folder in (".github", "CVS", "tests")
    }
    assert all(one.aliases == ("CWE-78",) and not one.suppressed for one in report.findings)
    assert "broken.py" in {gap.file for gap in report.unparsed}
