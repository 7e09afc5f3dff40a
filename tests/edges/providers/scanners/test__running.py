"""Tools that a gate runs: what they see, what they are given, and what is a gap."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.edges.providers.local_tree import LocalTree
from holdfast.edges.providers.scanners import Places, ScannerSpec
from holdfast.edges.providers.scanners._running import Looked, look

_TOOL = """#!{python}
import json, os, signal, sys
tree, report = sys.argv[1:3]
results = []
for folder, _, names in os.walk(tree):
    for name in sorted(names):
        at = os.path.join(folder, name)
        place = {{"physicalLocation": {{"artifactLocation": {{"uri": at}}, "region": {{"startLine": 1}}}}}}
        results.append({{"ruleId": "seen", "message": {{"text": "at " + at}}, "locations": [place],
                         "suppressions": [{{"kind": "external"}}]}})
note = {{"level": "error", "message": {{"text": "no parse of " + os.path.join(tree, "bad.py") + ":1"}}}}
document = {{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "Tool", "version": "1"}}}},
    "invocations": [{{"toolExecutionNotifications": [note]}}] if os.path.exists(tree + "/bad.py") else [],
    "results": results, "properties": {{"environment": dict(os.environ), "folder": os.getcwd()}}}}]}}
{more}
open(report, "w").write(json.dumps(document))
"""


def _argv(places: Places) -> Sequence[str]:
    return [str(places.tree), str(places.report), str(places.settings)]


SPEC = ScannerSpec(
    id="tool",
    program="tool",
    install="pip install tool",
    argv=_argv,
    looks_at=lambda path: not path.endswith(".bin"),
    steered_by=frozenset({".toolignore"}),
    setting="HOLDFAST_TOOL_RULES",
)


@pytest.fixture(name="bin_folder")
def _bin_folder(tmp_path: Path) -> Path:
    (tmp_path / "repo").mkdir()
    return install(tmp_path / "bin")


def install(folder: Path, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / "tool"
    program.write_text(_TOOL.format(python=sys.executable, more=more))
    program.chmod(0o755)
    return folder


def asked(tmp_path: Path, bin_folder: Path, spec: ScannerSpec = SPEC, timeout_s: float = 60.0, **more: str) -> Looked:
    repo = tmp_path / "repo"
    return look([spec], LocalTree(repo), repo, {"PATH": str(bin_folder), **more}, timeout_s)


def gaps(looked: Looked) -> list[tuple[str, str]]:
    return [(gap.file, gap.because) for report in looked.reports for gap in report.unparsed]


def seen(looked: Looked) -> list[str]:
    return sorted(place.file for report in looked.reports for one in report.findings for place in one.locations)


def test_tool_sees_regular_files_of_the_tree_and_nothing_that_steers_it(tmp_path: Path, bin_folder: Path) -> None:
    repo = tmp_path / "repo"
    (tmp_path / "canary").write_text("canary")
    (repo / "deep" / "er").mkdir(parents=True)
    (repo / "deep" / "er" / "-rf a\n.py").write_text("x")
    (repo / "deep" / ".toolignore").write_text("*")
    (repo / "image.py").write_bytes(b"a\x00b")
    (repo / "skipped.bin").write_text("x")
    (repo / "out.py").symlink_to(tmp_path / "canary")
    (repo / "nowhere.py").symlink_to(tmp_path / "not-there")
    os.mkfifo(repo / "pipe.py")
    (repo / ".git").mkdir()
    (repo / ".git" / "config").write_text("x")
    looked = asked(tmp_path, bin_folder)
    assert seen(looked) == ["deep/er/-rf a\\n.py", "image.py"]  # a NUL makes nothing invisible
    assert gaps(looked) == [("out.py", "it leads out of the tree, so it is not read")]
    assert looked.notes == ("tools were not shown what would steer them: `deep/.toolignore`",)


def test_places_and_messages_are_those_of_the_tree_and_suppressions_count_nothing(
    tmp_path: Path, bin_folder: Path
) -> None:
    (tmp_path / "repo" / "bad.py").write_text("x")
    looked = asked(tmp_path, bin_folder)
    (report,) = looked.reports
    (one,) = report.findings
    assert (one.message, one.locations[0].file, one.suppressed) == ("at bad.py", "bad.py", False)
    assert gaps(looked) == [("bad.py", "`Tool` notes: no parse of bad.py:1")]


def test_tool_gets_no_secret_no_home_and_no_network(
    tmp_path: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_TOKEN", "s3cr3t")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    kept = tmp_path / "kept.json"
    install(bin_folder, f"open({str(kept)!r}, 'w').write(json.dumps([dict(os.environ), os.getcwd(), sys.argv]))")
    asked(tmp_path, bin_folder, HOLDFAST_TOKEN="s3cr3t")
    environment, folder, argv = json.loads(kept.read_text())
    assert "s3cr3t" not in kept.read_text()
    assert environment["HOME"].startswith(str(Path(folder).parent))
    assert environment["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert not os.path.exists(argv[1]), "the copy is gone"


def test_tool_that_is_not_installed_is_a_gap_that_says_how(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    because = "asked for, and not run whole: it is not installed; try `pip install tool`"
    assert gaps(asked(tmp_path, tmp_path / "none")) == [("", because)]


def test_tool_of_the_repository_itself_is_never_run(tmp_path: Path, bin_folder: Path) -> None:
    repo = tmp_path / "repo"
    marker = tmp_path / "ran"
    install(repo / "bin", f"open({str(marker)!r}, 'w')")
    assert "it lies in what is judged" in gaps(asked(tmp_path, repo / "bin"))[0][1]
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "tool").symlink_to(repo / "bin" / "tool")
    assert "it leads into what is judged" in gaps(asked(tmp_path, tmp_path / "linked"))[0][1]
    assert "not installed" in gaps(asked(tmp_path, Path("bin")))[0][1], "a folder that is not absolute counts nothing"
    assert not marker.exists()
    assert gaps(asked(tmp_path, bin_folder)) == []


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ("sys.exit('it broke')", "it ended with status 1: it broke"),
        ("os._exit(0)", "it wrote no report: No such file or directory"),
        ("document = [1]", "expected a JSON object, got list"),
        ("document = {'runs': None, 'version': '2.1.0'}", "SARIF without a list of `runs`"),
        ("os.kill(os.getpid(), 9)", "it ended with status -9: "),
    ],
)
def test_tool_that_fails_is_a_gap(tmp_path: Path, bin_folder: Path, more: str, because: str) -> None:
    install(bin_folder, more)
    assert gaps(asked(tmp_path, bin_folder)) == [("", f"asked for, and not run whole: {because}")]


def test_tool_that_does_not_end_is_ended_and_is_a_gap(tmp_path: Path, bin_folder: Path) -> None:
    install(bin_folder, "signal.pause()")
    assert "did not end within 0.3 s" in gaps(asked(tmp_path, bin_folder, timeout_s=0.3))[0][1]


def test_settings_are_the_operators_and_never_those_of_the_tree(tmp_path: Path, bin_folder: Path) -> None:
    needs = replace(SPEC, needs_setting=True)
    assert "name their file or folder in HOLDFAST_TOOL_RULES" in gaps(asked(tmp_path, bin_folder, needs))[0][1]
    inside, outside = tmp_path / "repo" / "rules", tmp_path / "rules"
    inside.write_text("x")
    because = gaps(asked(tmp_path, bin_folder, needs, HOLDFAST_TOOL_RULES=str(inside)))[0][1]
    assert "lies in what is judged" in because
    because = gaps(asked(tmp_path, bin_folder, needs, HOLDFAST_TOOL_RULES=str(outside)))[0][1]
    assert "names nothing that is there" in because
    outside.write_text("x")
    assert gaps(asked(tmp_path, bin_folder, needs, HOLDFAST_TOOL_RULES=str(outside))) == []


def test_tree_that_is_too_big_is_a_gap(tmp_path: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.edges.providers.scanners._copied.MOST_FILES", 2)
    monkeypatch.setattr("holdfast.edges.providers.scanners._copied.MOST_BYTES", 10)
    for name in "abcd":
        (tmp_path / "repo" / name).write_text("x" * (20 if name == "a" else 1))
    looked = asked(tmp_path, bin_folder)
    assert seen(looked) == ["b"]
    assert gaps(looked) == [
        ("a", "expected at most 10 bytes, got 20"),
        ("", "the tree is too big: what comes after `c` was not looked at"),
    ]
