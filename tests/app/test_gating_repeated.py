"""A verdict names the data that it rests on, and says the same again on the same inputs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.app.test_gating import POLICY, gate
from tests.edges.providers.bucket import record, write_bucket
from tests.edges.providers.test_git_tree import git

PROGRAM = """
import sys
from datetime import datetime
from pathlib import Path
from holdfast.app.gating import LocalGate
from holdfast.app.main import cli
from holdfast.edges.cli.gate import make_gate

class Then(LocalGate):
    def now(self):
        return datetime.fromisoformat(sys.argv[1])

make_gate(Then).main(sys.argv[2:])
"""
INSTANT, LATER = "2026-06-01T10:00:00+00:00", "2026-06-01T10:20:00+00:00"


def _estate(top: Path) -> Path:
    """Make a folder with a feed, lists and a repository, the same wherever it lies."""
    names = ("lamp", "desk", "vase", *(f"old-{number}" for number in range(12)))
    aliases = {name: [f"CVE-2026-{number}", f"GHSA-{name}"] for number, name in enumerate(names, 100)}
    write_bucket(top / "osv", {"PyPI": [record(f"L-{name}", name=name, aliases=aliases[name]) for name in names]})
    kev = {"vulnerabilities": [{"cveID": "CVE-2026-100"}], "dateReleased": "2026-05-30T00:00:00Z"}
    (top / "kev.json").write_text(json.dumps(kev))
    (top / "epss.csv").write_text(
        "#model_version:v1,score_date:2026-05-30T00:00:00+0000\ncve,epss,percentile\nCVE-2026-101,0.4,0.9\n"
    )
    repository = top / "repository"
    (repository / ".holdfast").mkdir(parents=True)
    git(top, "init", "-q", "-b", "main", str(repository))
    (repository / ".holdfast/policy.yaml").write_text(POLICY + "deadlines: {table: bod-26-04, overdue: warn}\n")
    (repository / "requirements.txt").write_text("".join(f"old-{number}==1.0\n" for number in range(12)))
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "base")
    git(repository, "checkout", "-qb", "change")
    with (repository / "requirements.txt").open("a") as file:
        file.write("lamp==1.0\ndesk==1.0\nvase==1.0\nnobody @ https://registry.example/x.whl\n")
    git(repository, "commit", "-qam", "add")
    return repository


def _told(top: Path, repository: Path, seed: str, at: str = INSTANT, style: str = "json") -> str:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("HOLDFAST_", "GITHUB_", "CI_"))}
    lists = {"HOLDFAST_KEV": str(top / "kev.json"), "HOLDFAST_EPSS": str(top / "epss.csv")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, at, str(repository), "--base", "main", "--format", style,
         "--feed", str(top / "osv"), "--data", str(top / "data")],
        capture_output=True, text=True, check=False, timeout=60, env=known | lists | {"PYTHONHASHSEED": seed},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    return done.stdout


def test_a_verdict_is_the_same_bytes_in_another_folder_and_another_order(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two" / "deeper"
    first.mkdir()
    here = _told(first, _estate(first), "1")
    second.parent.mkdir()
    shutil.copytree(first / "repository", second / "repository")  # the commit's hash is among the inputs
    for name in ("osv", "kev.json", "epss.csv"):
        (shutil.copytree if (first / name).is_dir() else shutil.copy2)(first / name, second / name)
    there = _told(second, second / "repository", "2")
    assert here != ""
    assert there.replace(str(second), "TOP") == here.replace(str(first), "TOP")
    assert _told(first, first / "repository", "3") == here


def test_a_verdict_of_a_later_instant_differs_where_time_is_shown_alone(tmp_path: Path) -> None:
    repository = _estate(tmp_path)
    earlier, later = _told(tmp_path, repository, "1"), _told(tmp_path, repository, "1", LATER)
    assert earlier == later  # JSON names instants, not ages
    tables = [_told(tmp_path, repository, "1", at, "table").splitlines() for at in (INSTANT, LATER)]
    changed = [(one, other) for one, other in zip(*tables, strict=True) if one != other]
    assert [other for _, other in changed] == [changed[0][0].replace(", newest", ", 20 m ago, newest")]


def test_a_verdict_names_the_data_by_content(tmp_path: Path) -> None:
    repository = _estate(tmp_path)
    (named,) = json.loads(_told(tmp_path, repository, "1"))["snapshot"]
    assert named["ecosystem"] == "PyPI"
    assert (named["digest"][:7], len(named["digest"])) == ("sha256:", 71)
    assert (named["lists"][:7], len(named["lists"])) == ("sha256:", 71)
    (tmp_path / "kev.json").write_text(json.dumps({"vulnerabilities": []}))
    (again,) = json.loads(_told(tmp_path, repository, "1"))["snapshot"]
    assert again["digest"] == named["digest"]
    assert again["lists"] != named["lists"]
    changed = [
        record("L-lamp", name="lamp", fixed="9.9", modified="2026-05-01T00:00:00Z"),
        record("L-desk", name="desk"),
    ]
    write_bucket(tmp_path / "osv", {"PyPI": changed})
    (after,) = json.loads(_told(tmp_path, repository, "1"))["snapshot"]
    assert after["digest"] != named["digest"]


def test_the_table_tells_the_feeds_age_and_its_newest_record(tmp_path: Path) -> None:
    repository = _estate(tmp_path)
    done = gate(repository, tmp_path / "osv", "--base", "main")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("PyPI: 15 advisories")]
    assert ", synced 20" in line
    assert ", newest 20" in line
    assert ", sha256:" in line
