"""Short ways to read a report in memory."""

import json
from typing import Any

from holdfast.facts.reported import read_report
from holdfast.model.reported import Report


def read(document: Any) -> Report:
    """Return what a report says."""
    return read_report("report.json", json.dumps(document).encode())


def gaps(report: Report) -> list[str]:
    """Return why parts of it were not read."""
    return [gap.because for gap in report.unparsed]
