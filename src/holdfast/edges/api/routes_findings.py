"""Findings: what is wrong, since when, and the way out."""

from typing import Annotated

from litestar import Response
from litestar.params import FromQuery, QueryParameter

from holdfast.edges.api.calls import read
from holdfast.edges.api.cursors import read_cursor, write_cursor
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.findings_out import detail_out
from holdfast.edges.api.verbs import get
from holdfast.edges.api.wire import AsOf, Cursor, Filter, Filters, Limit, NameInPath, Score, parse_as_of, to_wire
from holdfast.edges.api.wire_findings import FindingDetail, FindingOut, FindingPage
from holdfast.loop.turn import Turn
from holdfast.model.advisory import PackageState
from holdfast.model.exposure import State
from holdfast.ports.queries import ExposureFilter

States = Annotated[list[State] | None, QueryParameter(name="state", max_items=10)]
PackageStates = Annotated[list[PackageState] | None, QueryParameter(name="package_state", max_items=10)]


@get("/findings", summary="List findings")
def list_findings(
    request: Ask,
    *,
    states: States = None,
    service: Filters = None,
    environment: Filters = None,
    team: Filters = None,
    text: Filter = None,
    min_severity: Score = None,
    known_exploited: FromQuery[bool | None] = None,
    fix_available: FromQuery[bool | None] = None,
    backlog: FromQuery[bool | None] = None,
    package_states: PackageStates = None,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response[FindingPage]:
    """List findings by rank, now or those that were live as of an instant; values of one filter are alternatives.

    `package_state` is how its distribution says that a package stands; what is of no distribution has none.
    """
    where = ExposureFilter(
        tuple(one.value for one in states or ()),
        tuple(service or ()),
        tuple(environment or ()),
        tuple(team or ()),
        text,
        min_severity,
        known_exploited,
        fix_available,
        backlog=backlog,
        package_states=tuple(one.value for one in package_states or ()),
    )

    def find(turn: Turn) -> FindingPage:
        then, after = parse_as_of(as_of, turn.now), read_cursor("findings", cursor)
        page = turn.tx.queries.exposures(where, as_of=then, after=after, limit=limit)
        items = [to_wire(FindingOut, row) for row in page.rows]
        return FindingPage(items, write_cursor("findings", page.next), page.total)

    return read(request, find)


@get("/findings/{finding:str}", summary="Get a finding")
def get_finding(request: Ask, finding: NameInPath) -> Response[FindingDetail]:
    """Get a finding with its advisories, its fix, its runs, and what the journal says about it."""
    return read(request, lambda turn: detail_out(turn, finding))


HANDLERS = [list_findings, get_finding]
