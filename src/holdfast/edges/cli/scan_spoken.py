"""A scan with VEX documents: what they take out of it, and what is printed of them."""

from datetime import datetime
from typing import Any

from holdfast.edges.cli.gate_output import SAID, said_rows
from holdfast.edges.cli.output import markdown_cell, print_rows, printable
from holdfast.findings.vex import Vex
from holdfast.loop.scan import ScanReport
from holdfast.loop.scan_spoken import Spoken, speak, spoken_to_json


class SpokenScan:
    """Documents, and what they speak of in one scan."""

    def __init__(self, vex: Vex) -> None:
        self._vex = vex
        self._spoken: tuple[Spoken, ...] = ()

    def take(self, report: ScanReport, now: datetime) -> ScanReport:
        """Return a report without what documents clear."""
        report, self._spoken = speak(report, self._vex, now)
        return report

    def document(self) -> dict[str, Any]:
        """Return what the scan's JSON has more."""
        return spoken_to_json(self._spoken, self._vex.notes)

    def print(self, style: str) -> None:
        """Print what documents speak of as `table` or `markdown`, and what of them can't count."""
        rows = []
        for one in self._spoken:
            component = one.finding.occurrence.component
            rows += said_rows(one.said, f"{one.finding.advisory} in {component.name} {component.version}")
        if rows:
            print()
            print_rows(rows, SAID, style)
            print(f"\n{sum(one.said.clears for one in self._spoken)} findings are cleared by VEX.")
        for note in self._vex.notes:
            print(markdown_cell(f"Note: {note}") + "  " if style == "markdown" else printable(f"Note: {note}"))
