"""What other tools say, for a gate: their reports, and those that it runs itself."""

import os
import stat
from pathlib import Path

from holdfast.errors import UsageError
from holdfast.model.reported import Report


def read_report_file(file: Path) -> Report:
    """Return another tool's report, whatever its size. Raises: UsageError, FactError."""
    from holdfast.facts.reported import read_report, read_report_parts
    from holdfast.facts.reports import MAX_REPORT_BYTES

    try:
        with file.open("rb") as opened:
            known = os.fstat(opened.fileno())
            if not stat.S_ISREG(known.st_mode):  # a pipe has no size, and can be read once
                return read_report(str(file), opened.read(MAX_REPORT_BYTES + 1))
            return read_report_parts(
                str(file), known.st_size, lambda start, count: os.pread(opened.fileno(), count, start)
            )
    except OSError as error:
        raise UsageError(f"the report can't be read: {error.strerror}", where=str(file)) from None
