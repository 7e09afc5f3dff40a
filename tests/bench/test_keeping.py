"""Figures are kept as they are measured."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.keeping import Part
from benchmarks.measure import Figure


def _part(folder: Path, day: int, name: str = "peers") -> Part:
    kept, page = folder / "results.json", folder / "RESULTS.md"
    return Part(name, ("cold", "peers"), kept, page, "two cores", date(2026, 11, day))


def _figure(what: str, measured: str = "1 s", *, holds: bool | None = True) -> Figure:
    return Figure(what, measured, "2 s", holds, "beside")


def _kept(folder: Path, name: str = "peers") -> list[Any]:
    rows: list[Any] = json.loads((folder / "results.json").read_text())[name]["figures"]
    return [row[:2] for row in rows]


def test_a_run_that_is_cut_leaves_what_it_measured_and_what_was_there(tmp_path: Path) -> None:
    first = _part(tmp_path, 1)
    for what in ("a", "b"):
        first.keep(_figure(what))
    first.end()
    _part(tmp_path, 2).keep(_figure("b", "3 s"))
    assert _kept(tmp_path) == [["a", "1 s"], ["b", "3 s"]]
    page = (tmp_path / "RESULTS.md").read_text()
    assert "| a | 1 s | 2 s | yes | beside (of 2026-11-01) |" in page
    assert "| b | 3 s | 2 s | yes | beside |" in page


def test_a_whole_run_leaves_nothing_that_it_did_not_measure(tmp_path: Path) -> None:
    _part(tmp_path, 1).keep(_figure("gone"))
    whole = _part(tmp_path, 2)
    whole.keep(_figure("a", holds=False))
    assert _kept(tmp_path) == [["gone", "1 s"], ["a", "1 s"]]
    whole.end()
    assert _kept(tmp_path) == [["a", "1 s"]]
    assert "| **no** |" in (tmp_path / "RESULTS.md").read_text()


def test_rows_of_before_days_were_written_down_have_the_day_of_their_part(tmp_path: Path) -> None:
    old = {"machine": "one core", "day": "2026-10-01", "figures": [["a", "9 s", "2 s", None, ""]]}
    (tmp_path / "results.json").write_text(json.dumps({"peers": old, "cold": old}))
    _part(tmp_path, 2).keep(_figure("b"))
    page = (tmp_path / "RESULTS.md").read_text()
    assert page.index("## cold") < page.index("## peers")
    assert page.count("| a | 9 s | 2 s |  |  |") == 1, "the other part is of that day as a whole"
    assert "| a | 9 s | 2 s |  |  (of 2026-10-01) |" in page


def test_a_run_that_measured_nothing_changes_nothing(tmp_path: Path) -> None:
    _part(tmp_path, 1).end()
    assert not (tmp_path / "results.json").exists()
