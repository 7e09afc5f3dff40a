"""What compilers leave in programs. One module per kind with `SPEC`; a new kind is one file here.

Programs are known by how they begin, whatever their name; nothing of them is ever run. Headers say where to look, and
only those parts are read, so that the size of a program hardly matters.
"""

from holdfast.facts.binaries._spec import BinarySpec

__all__ = ["BinarySpec"]
