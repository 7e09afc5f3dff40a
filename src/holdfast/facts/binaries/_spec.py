"""What a module of this room declares."""

from collections.abc import Callable

from holdfast.facts.binaries._executable import Executable
from holdfast.facts.gather import Gathering
from holdfast.model.frozen import frozen


@frozen
class BinarySpec:
    """One kind of information in programs.

    `read(program, gathering)` adds what is in there and tells whether there was any; what is there and can't be read is
    a gap, and counts. `ecosystem` is OSV's name for what it names; `formats` are the formats of programs to look in.
    """

    id: str
    ecosystem: str
    formats: tuple[str, ...]
    read: Callable[[Executable, Gathering], bool]
