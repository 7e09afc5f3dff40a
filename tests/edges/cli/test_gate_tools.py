"""Reports that a gate is given."""

import json
import os
from pathlib import Path
from threading import Thread

import pytest

from holdfast.edges.cli.gate_tools import placed, read_report_file
from holdfast.errors import UsageError
from holdfast.facts import reported
from holdfast.model.component import Location, Unparsed
from holdfast.model.finding import Kind
from holdfast.model.reported import Report, ReportedFinding
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


def test_places_are_named_as_the_tree_names_them(tmp_path: Path) -> None:
    """Whole paths of the machine, and those from the top of the repository, are the tree's own; others stay."""
    service = tmp_path / "services" / "pay"
    (service / "services" / "pay").mkdir(parents=True)
    (service / "services" / "pay" / "own.py").touch()
    written = {
        f"{service}/app.py": "app.py",
        "app.py": "app.py",
        "services/pay/app.py": "app.py",
        "services/pay/own.py": "services/pay/own.py",
        "services/payments/app.py": "services/payments/app.py",
        f"{tmp_path}/other.py": f"{tmp_path}/other.py",
        "/home/runner/app.py": "/home/runner/app.py",
    }
    findings = tuple(ReportedFinding("t", Kind.CODE, "r", locations=(Location(file, 1),)) for file in written)
    gaps = tuple(Unparsed(file, 1, "x") for file in written)
    given = placed(Report("sarif", "t", "1", findings, gaps), service, "services/pay")
    assert [one.locations[0].file for one in given.findings] == list(written.values())
    assert [one.file for one in given.unparsed] == list(written.values())
