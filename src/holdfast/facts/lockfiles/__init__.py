"""Dependency files. One module per format with `SPEC`; a new format is one file here.

Rules every parser keeps:

1. It answers with what it read and names what it did not (`unparsed`), or raises `FactError` naming file and line.
2. Nothing is guessed: a version that the file does not pin is unparsed, not the newest or the lowest.
3. Local paths, workspace members, VCS and URL sources are named with their source, and never matched.
4. One component occurs once, with all its places.
"""

from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES, LockfileSpec

__all__ = ["MAX_FILE_BYTES", "LockfileSpec"]
