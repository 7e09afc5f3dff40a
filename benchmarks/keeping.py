"""Keeps figures between runs, and writes `benchmarks/RESULTS.md` of them.

Rules:

1. What is measured is kept at once: a run that is cut leaves what it has measured.
2. A figure takes the place of the one with its name. Those that a whole run of a part did not have again go at its end.
3. A figure of another day than its part's last says so.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Figure, machine

RESULTS = ROOT / "benchmarks/RESULTS.md"
KEPT = ROOT / "benchmarks/results.json"
Row = list[Any]
"""What, measured, target, holds, beside, and the day, where it was written down."""
_DAY = 5


@dataclass(slots=True)
class Part:
    """One part of the figures while it is measured; `order` are the names of all parts as the page shows them."""

    name: str
    order: Sequence[str]
    kept: Path = KEPT
    page: Path = RESULTS
    machine: str = ""
    day: date = field(default_factory=lambda: datetime.now(UTC).date())
    rows: list[Row] = field(default_factory=list)
    """What this run has measured so far."""

    def keep(self, figure: Figure) -> None:
        """Keep one figure more, beside those of earlier runs."""
        self.machine = self.machine or machine()
        row = [figure.what, figure.measured, figure.target, figure.holds, figure.beside, self.day.isoformat()]
        self.rows.append(row)
        self._write(merged(self._before(), [row]))

    def end(self) -> None:
        """Keep what this run has measured and nothing else, for it was a whole one."""
        if self.rows:
            self._write(self.rows)

    def _before(self) -> list[Row]:
        found: list[Row] = _load(self.kept).get(self.name, {}).get("figures", [])
        return found

    def _write(self, rows: list[Row]) -> None:
        every = _load(self.kept)
        before = every.get(self.name, {})
        dated = [row if len(row) > _DAY else [*row, before.get("day", "")] for row in rows]
        every[self.name] = {"machine": self.machine, "day": self.day.isoformat(), "figures": dated}
        self.kept.write_text(json.dumps(every, indent=1) + "\n")
        self.page.write_text(page_of(every, self.order))


def _load(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text())) if file.exists() else {}


def merged(before: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Return all rows, the new ones in the place of those with their names."""
    by_name = {row[0]: row for row in before}
    return list((by_name | {row[0]: row for row in new}).values())


def page_of(every: dict[str, Any], order: Sequence[str]) -> str:
    """Return the page."""
    lines = [
        "# Figures",
        "",
        "Written by `make bench`; every ratio is of one run. A figure that does not hold says so.",
        "",
    ]
    for name in order:
        if name in every:
            lines += _section(name, every[name])
    return "\n".join(lines)


def _section(name: str, part: dict[str, Any]) -> list[str]:
    lines = [f"## {name}", "", f"{part['machine']}, {part['day']}", ""]
    lines += ["| what | measured | at most | holds | beside |", "|---|---|---|---|---|"]
    for row in part["figures"]:
        what, measured, target, holds, beside = row[:_DAY]
        word = {True: "yes", False: "**no**", None: ""}[holds]
        day = row[_DAY] if len(row) > _DAY else part["day"]
        older = "" if day == part["day"] else f" (of {day})"
        lines.append(f"| {what} | {measured} | {target} | {word} | {beside}{older} |")
    return [*lines, ""]
