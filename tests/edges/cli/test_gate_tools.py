"""Reports that a gate is given."""

import json
import os
from pathlib import Path
from threading import Thread

import pytest

from holdfast.edges.cli.gate_tools import read_report_file
from holdfast.errors import UsageError
from holdfast.facts import reported
from tests.facts.reports import test_sarif


def test_report_in_a_file_says_the_same_whole_and_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "r.sarif"
    file.write_text(json.dumps(test_sarif.document(test_sarif.result())))
    whole = read_report_file(file)
    monkeypatch.setattr(reported, "MAX_REPORT_BYTES", 10)
    assert read_report_file(file) == whole
    assert len(whole.findings) == 1


def test_report_comes_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "r"
    os.mkfifo(pipe)
    text = json.dumps(test_sarif.document(test_sarif.result()))
    writer = Thread(target=lambda: pipe.write_text(text))
    writer.start()
    assert len(read_report_file(pipe).findings) == 1
    writer.join(10)


def test_report_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the report can't be read"):
        read_report_file(tmp_path / "none.sarif")
