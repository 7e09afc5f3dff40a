"""Other tools that a gate runs by itself (`gate --with`). One module per tool with `SPEC`; a new tool is one file here.

Rules every tool keeps:

1. It only reads what it looks at. A tool that builds, imports or runs code of the repository has no place here.
2. It sees a copy of the tree's regular files, without what it would take orders from: its configuration, its lists of
   exceptions, the repository's own folder. Comments that would silence it are told to count nothing.
3. It is named by a list of arguments, and no shell takes part; it gets no secret, no network where it can be told so, a
   home of its own, a deadline.
4. Asked for and not run, or not run well, is a gap and no pass.
"""

from holdfast.edges.providers.scanners._spec import Places, ScannerSpec

__all__ = ["Places", "ScannerSpec"]
