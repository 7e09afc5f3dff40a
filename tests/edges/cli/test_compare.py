"""`holdfast compare` as a person or a pipeline meets it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from holdfast.facts import reported
from tests.edges.cli.shell import Shell
from tests.edges.providers.bucket import record, write_bucket


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """A feed with two records."""
    records = [record("L-1", aliases=["CVE-2026-1"]), record("L-2", name="shade", fixed="9")]
    return write_bucket(tmp_path / "osv", {"PyPI": records})


def _tree(shell: Shell) -> Path:
    return shell.write("tree/requirements.txt", "lamp==1.0\nshade==2.0\n").parent


def _trivy(shell: Shell, *found: dict[str, Any]) -> Path:
    results = [{"Target": "requirements.txt", "Vulnerabilities": list(found)}]
    document = {"SchemaVersion": 2, "Trivy": {"Version": "0.58.0"}, "Results": results}
    return shell.write("trivy.json", json.dumps(document))


def _found(name: str, purl: str) -> dict[str, Any]:
    return {"VulnerabilityID": name, "PkgName": "x", "PkgIdentifier": {"PURL": purl}}


def test_json_names_both_sides_and_exits_0(shell: Shell, feed: Path) -> None:
    report = _trivy(shell, _found("CVE-2026-1", "pkg:pypi/lamp@1.0"), _found("CVE-9", "pkg:pypi/bulb@1.0"))
    document = shell("compare", report, _tree(shell), "--feed", feed, "--format", "json").json
    assert list(document) == ["schema", "tool", "tool_version", "counts", "rows", "unread", "unparsed"]
    assert (document["schema"], document["tool"], document["tool_version"]) == (
        "holdfast.compare/1",
        "trivy",
        "0.58.0",
    )
    assert document["counts"] == {"only theirs": 1, "only ours": 1, "unknown": 0, "same": 1}
    assert [(row["package"], row["reason"]) for row in document["rows"]] == [
        ("bulb", "not-composed"),
        ("shade", "unlisted"),
        ("lamp", "alias"),
    ]
    assert document["rows"][2] == {
        "standing": "same",
        "reason": "alias",
        "because": "two ids of one thing",
        "ecosystem": "PyPI",
        "package": "lamp",
        "version": "1.0",
        "ours": ["L-1"],
        "theirs": "CVE-2026-1",
        "fixed_in": [],
    }


def test_table_and_markdown_say_why_and_sum_up(shell: Shell, feed: Path) -> None:
    report, tree = _trivy(shell, {"VulnerabilityID": "CVE-9"}), _tree(shell)
    table = shell("compare", report, tree, "--feed", feed)
    assert "they list nothing on the package" in table.out
    assert "trivy 0.58.0: 0 only theirs, 2 only ours, 1 unknown, 0 same." in table.out
    assert "Not read in their report: " in table.out
    assert "| only ours | lamp | 1.0 | L-1 |" in shell("compare", report, tree, "--feed", feed, "--format=markdown").out


def test_a_hostile_name_moves_no_cursor(shell: Shell, feed: Path) -> None:
    report = _trivy(shell, _found("\x1b[2J|<b>", "pkg:pypi/x%7C%3Cb%3E@1"))
    tree = _tree(shell)
    assert "\x1b" not in shell("compare", report, tree, "--feed", feed).out
    assert "<b>" not in shell("compare", report, tree, "--feed", feed, "--format", "markdown").out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "r.json"),
        ("[1, 2", "r.json"),
        ("[]", "expected a JSON object"),
        ('{"a": ' * 5000, "r.json"),
        ('{"hello": 1}', "a report of no tool that is known"),
        ('{"SchemaVersion": 7}', "expected Trivy's `SchemaVersion` 2"),
        ('{"version": "2.1.0", "runs": []}', "reports of `sarif` are not compared"),
    ],
)
def test_what_is_no_report_is_a_usage_error(shell: Shell, feed: Path, text: str, words: str) -> None:
    report = shell.write("r.json", text)
    printed = shell("compare", report, _tree(shell), "--feed", feed, "--format", "json", code=2)
    assert printed.json["schema"] == "holdfast.error/1"
    assert words in printed.err
    assert "Traceback" not in printed.err


def test_a_report_that_is_no_file_is_a_usage_error(shell: Shell, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for named in (pipe, tmp_path, tmp_path / "nowhere"):
        assert "there is no such report" in shell("compare", named, tmp_path, code=2).err


def test_too_large_a_report_is_refused(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reported, "MAX_REPORT_BYTES", 1 << 10)
    monkeypatch.setattr(reported, "MAX_STREAMED_BYTES", 1 << 20)
    report = shell.write("r.json", " " * ((1 << 20) + 1))
    assert "over 1 MiB is not read" in shell("compare", report, tmp_path, code=2).err


def test_nothing_to_scan_exits_3(shell: Shell, feed: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "Nothing to scan" in shell("compare", _trivy(shell), empty, "--feed", feed, code=3).err
