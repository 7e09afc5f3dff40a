"""Small values for tests of findings and metrics: one service, `shop` in `prod`, whose days are counted from day 0."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from holdfast.findings.context import AdvisoryFacts, Context, Place
from holdfast.findings.identity import fingerprint
from holdfast.model.exposure import Clocks, Ending, Exposure, Risk, Span, State, Subject, Waiving
from holdfast.model.inventory import Reach
from holdfast.model.waiver import Status

SHOP = Subject("service", "svc_1", "shop")


def day(number: float) -> datetime:
    """Return an instant `number` days after the start of every timeline."""
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number)


WAIVER = Waiving("wav_1", Status.AFFECTED, "will_not_fix", "usr_ana", "usr_sec", day(1), day(30), "until we move")


def ids() -> Callable[[], str]:
    """Return a maker of `exp_1`, `exp_2`, …"""
    numbers = count(1)
    return lambda: f"exp_{next(numbers)}"


def span(
    start: float,
    end: float | None = None,
    *,
    version: str = "1.0",
    target: str = "eu",
    cluster: str = "clu_1",
    applicable: float | None = None,
) -> Span:
    """Return one stretch of affected running, in days."""
    return Span(
        subject=SHOP,
        environment="prod",
        target=target,
        release_id=f"rel_{version}",
        ecosystem="PyPI",
        name="jinja2",
        version=version,
        cluster=cluster,
        advisory="GHSA-1",
        started_at=day(start),
        ended_at=None if end is None else day(end),
        recorded_at=day(start),
        applicable_at=None if applicable is None else day(applicable),
    )


def facts(cluster: str = "clu_1", *advisories: str, disclosed: float | None = None) -> AdvisoryFacts:
    """Return a cluster with a severity of 9.8 and a fix for 1.0."""
    return AdvisoryFacts(
        cluster,
        advisories or ("GHSA-1",),
        None if disclosed is None else day(disclosed),
        summary="a hole",
        severity=9.8,
        fixes={("PyPI", "jinja2", "1.0"): "1.2"},
    )


def context(
    *clusters: AdvisoryFacts,
    watched: float = 0,
    still_runs: bool = True,
    components: frozenset[tuple[str, str, str]] = frozenset(),
) -> Context:
    """Return what is known of the shop in prod."""
    place = Place(day(watched), still_runs, "web", 1, Reach.INTERNET, components)
    known = clusters or (facts(),)
    return Context("org_1", {one.cluster: one for one in known}, {(SHOP.id, "prod"): place})


def exposure(
    identifier: str = "exp_1",
    *,
    cluster: str = "clu_1",
    state: State = State.OPEN,
    ending: Ending | None = None,
    introduced: float | None = 0,
    disclosed: float | None = None,
    applicable: float | None = None,
    detected: float = 0,
    watched: float = 0,
    acted: float | None = None,
    mitigated: float | None = None,
    lifted: float | None = None,
    resolved: float | None = None,
    waived: float | None = None,
) -> Exposure:
    """Return an exposure of the shop whose instants are days."""

    def at(number: float | None) -> datetime | None:
        return None if number is None else day(number)

    clocks = Clocks(
        introduced_at=at(introduced),
        disclosed_at=at(disclosed),
        applicable_at=at(applicable),
        detected_at=day(detected),
        watched_since=day(watched),
        acted_at=at(acted),
        mitigated_at=at(mitigated),
        lifted_at=at(lifted),
        resolved_at=at(resolved),
        waived_at=at(waived),
    )
    return Exposure(
        org="org_1",
        id=identifier,
        fingerprint=fingerprint(SHOP, "prod", "PyPI", "jinja2", cluster),
        episode=1,
        subject=SHOP,
        environment="prod",
        ecosystem="PyPI",
        name="jinja2",
        cluster=cluster,
        advisories=("GHSA-1",),
        versions=("1.0",),
        state=state,
        clocks=clocks,
        risk=Risk(severity=9.8, reach=Reach.INTERNET),
        backlog=False,
        team="web",
        ending=ending,
    )


def fixed(identifier: str, detected: float, resolved: float) -> Exposure:
    """Return an exposure that was repaired."""
    return exposure(
        identifier,
        state=State.RESOLVED,
        ending=Ending.FIXED,
        introduced=detected,
        detected=detected,
        resolved=resolved,
    )


def with_severity(one: Exposure, severity: float | None) -> Exposure:
    """Return it with another score."""
    return replace(one, risk=replace(one.risk, severity=severity))
