"""The wiring of `holdfast compare`: real tools, a real tree and a real feed."""

import json
from pathlib import Path

import pytest

from holdfast.app.main import run
from tests.edges.providers.bucket import record, write_bucket


def test_compare_reads_a_tree_and_a_feed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = write_bucket(tmp_path / "osv", {"PyPI": [record("L-1")]})
    (tmp_path / "requirements.txt").write_text("lamp==1.0\n")
    report = tmp_path / "osv-scanner.json"
    report.write_text('{"results": []}')
    named = [str(report), str(tmp_path / "requirements.txt"), "--feed", str(feed), "--data", str(tmp_path / "data")]
    assert run(["compare", *named, "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["standing"], row["ours"], row["reason"]) == ("only ours", ["L-1"], "unlisted")
