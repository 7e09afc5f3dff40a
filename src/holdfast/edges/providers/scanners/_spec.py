"""What a module of this room declares."""

from collections.abc import Callable, Sequence
from pathlib import Path

from holdfast.model.frozen import frozen


@frozen
class Places:
    """Absolute places of one run: what is looked at, an empty folder, where the SARIF goes, the operator's settings."""

    tree: Path
    empty: Path
    report: Path
    settings: Path | None = None


@frozen
class ScannerSpec:
    """One tool.

    `argv(places)` is what follows the program. `looks_at(path)` says whether a file matters to it. Of what names in
    `steered_by` it would take orders: such files are not shown to it. `good` are the statuses of a run that ended well.
    `setting` names the variable with the operator's own rules, a file or folder outside of the tree; `needs_setting`
    says that it finds nothing without. `own_files` are written into the copy of the tree: name → content.
    """

    id: str
    program: str
    install: str
    argv: Callable[[Places], Sequence[str]]
    looks_at: Callable[[str], bool]
    steered_by: frozenset[str]
    good: frozenset[int] = frozenset({0})
    setting: str | None = None
    needs_setting: bool = False
    own_files: tuple[tuple[str, str], ...] = ()
