"""The fixes of a scan, with what lock files record of who asks for a transitive component."""

from collections.abc import Callable
from dataclasses import replace

from holdfast.errors import FactError
from holdfast.loop.scan import ScanReport
from holdfast.ports.tree import Tree
from holdfast.remediations.suggest import with_asks

_MOST_BYTES = 64 << 20


def tell_asks(report: ScanReport, tree: Tree) -> ScanReport:
    """Return a report whose fixes say whose range allows or forbids them, where the tree's lock files tell."""
    formats = {file: format_id for file, format_id, _ in report.sbom.files}
    read_file = file_reader_of(tree)
    findings = (
        replace(one, fix=with_asks(one.occurrence, one.fix, formats, read_file)) if one.fix else one
        for one in report.findings
    )
    return replace(report, findings=tuple(findings))


def file_reader_of(tree: Tree) -> Callable[[str], bytes | None]:
    """Return what gives a file's content, each read once; `None` where it can't be read."""
    known: dict[str, bytes | None] = {}

    def read(file: str) -> bytes | None:
        if file not in known:
            try:
                known[file] = tree.read(file, _MOST_BYTES)
            except FactError:
                known[file] = None
        return known[file]

    return read
