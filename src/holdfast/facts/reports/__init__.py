"""Reports of other tools. One module per format with `SPEC`; a new format is one file here.

Rules every reader keeps:

1. It answers with what it read and names what it did not, or raises `FactError`. One odd entry never stops the others.
2. A report that says of itself that a run failed is not whole: that is a gap, for nothing found is not nothing there.
3. Nothing that a report names is opened, and no text of a secret is kept.
"""

from holdfast.facts.reports._spec import MAX_REPORT_BYTES, MAX_STREAMED_BYTES, ReportSpec

__all__ = ["MAX_REPORT_BYTES", "MAX_STREAMED_BYTES", "ReportSpec"]
