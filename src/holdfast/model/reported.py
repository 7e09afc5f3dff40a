"""What another tool reported, in one form for all of them; nothing is concluded from it yet."""

from holdfast.model.advisory import Severity
from holdfast.model.component import Component, Location, Unparsed
from holdfast.model.finding import Kind
from holdfast.model.frozen import frozen

LEVELS = ("critical", "high", "medium", "low", "none")


@frozen
class ReportedFinding:
    """One thing that a tool reported.

    `id` is its rule or advisory, `aliases` the other names that the report gives it. `component` is `None` where it is
    about no package; `version` in it is the one that the tool saw. `level` is one of `LEVELS`, or empty. `fixed_in` are
    versions as the tool writes them. `fingerprints` are (name, value) of what the tool tells it apart by, sorted;
    `line_hash` is of the line's text without its white space, empty where there is none, or where it holds a secret.
    `suppressed` is what the tool, or a document that it read, took out of the result.
    """

    tool: str
    kind: Kind
    id: str
    aliases: tuple[str, ...] = ()
    component: Component | None = None
    locations: tuple[Location, ...] = ()
    severity: Severity | None = None
    level: str = ""
    message: str = ""
    fixed_in: tuple[str, ...] = ()
    fingerprints: tuple[tuple[str, str], ...] = ()
    line_hash: str = ""
    suppressed: bool = False


@frozen
class Report:
    """One report: the tool and its version as they are written there, what it found, and what of it was not read."""

    format: str
    tool: str
    version: str
    findings: tuple[ReportedFinding, ...]
    unparsed: tuple[Unparsed, ...] = ()
