"""How a scanner is run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.peers import tools
from benchmarks.peers.inputs import Input
from benchmarks.peers.tools import Cost, Tool


def _shell(text: str) -> Callable[[Path, Input], list[str]]:
    return lambda _place, _given: ["-c", text]


def _run(folder: Path, text: str) -> Cost | str:
    tool = Tool("sh", Path("/bin/sh"), folder, _shell(text), {"WORD": "two"})
    return tool.run(Input("nothing", "folder", folder), folder / "sh.json")


def test_a_run_writes_the_report_and_tells_what_it_took(tmp_path: Path) -> None:
    cost = _run(tmp_path, 'echo "[1, \\"$WORD\\"]"; exit 1')
    assert isinstance(cost, Cost)
    assert cost.peak_mb > 0
    assert json.loads((tmp_path / "sh.json").read_text()) == [1, "two"]


def test_a_run_that_fails_says_its_last_words(tmp_path: Path) -> None:
    assert _run(tmp_path, "echo first >&2; echo no database >&2; exit 4") == "ended with 4: no database"
    assert _run(tmp_path, "exit 0") == "ended with 0: it says nothing"


def test_a_run_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "LONGEST_S", 0.5)
    assert _run(tmp_path, "sleep 600") == "not done within 0.5 s"
