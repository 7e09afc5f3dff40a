"""VEX documents. One module per format with `SPEC`; a new format is one file here.

Rules every reader keeps:

1. It answers with what it read and notes what it did not, or raises `FactError`. One odd entry never stops the others.
2. What can't be named by a package URL is kept in words and matches nothing.
3. Doubt never clears: an unknown status, a date that is none, "not affected" without a reason and "fixed" without a
   version count as `under_investigation`.
"""

from holdfast.facts.vex._spec import MAX_VEX_BYTES, VexSpec

__all__ = ["MAX_VEX_BYTES", "VexSpec"]
