"""The map: what runs where, now and then, and what can't be judged."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.intake import record_host, register_release
from holdfast.loop.requests import DeploymentRequest, HostRequest, ReleaseRequest
from holdfast.loop.views import Compositions, GapReader, map_view
from holdfast.model.component import Component, Occurrence, Sbom, Unparsed
from holdfast.model.inventory import HostFacts, Status
from tests.edges.web.estate import INCIDENT, ORG, Estate, full_estate, sbom
from tests.loop.test_views import AGE, read, small


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An installation that knows nothing yet."""
    made = Estate()
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def full() -> Iterator[Estate]:
    """The estate in the middle of its incident; only read."""
    made = full_estate()
    yield made
    made.store.close()


@pytest.mark.parametrize(
    ("made_of", "short"),
    [
        (None, "no SBOM"),
        (sbom(), "empty SBOM"),
        (sbom(("flask", "1"), unparsed=(Unparsed("uv.lock", 3, "not TOML"),)), "1 gap in its SBOM"),
    ],
)
def test_cell_with_a_gap_is_unknown_and_says_why(estate: Estate, made_of: Any, short: str) -> None:
    estate.feed("PyPI", timedelta(0))
    estate.environments()
    estate.release("catalog", "1", made_of)
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", version="1"))
    row = read(estate, map_view, estate.clock.now(), feed_max_age=AGE).rows[0]
    assert (row.state, row.cells[0].note) == ("unknown", short)


def test_host_of_a_release_that_the_feed_is_silent_about_is_unknown(estate: Estate) -> None:
    estate.feed("AlmaLinux", timedelta(0))
    estate.push(_record("A-1", "AlmaLinux:9", {"ranges": [_RANGE]}))
    for release in ("9", "10"):
        packages = Sbom((Occurrence(Component(f"AlmaLinux:{release}", "bash", "5.1-2"), (), direct=None),))
        facts = HostFacts(f"alma-{release}", f"machine-{release}", f"AlmaLinux:{release}", "6.1", "x86_64")
        estate.turn(record_host, HostRequest(facts, packages, lease_s=10_000_000))
    view = read(estate, map_view, estate.clock.now(), feed_max_age=AGE)
    (gap,) = next(cell for row, cell in view.unknown if row.name == "alma-10").gaps
    assert [row.name for row, _ in view.unknown] == ["alma-10"]
    assert (gap.short, gap.because) == (
        "not in the feed: AlmaLinux:10",
        "AlmaLinux:10: the feed has no record of this release",
    )


def test_component_that_a_record_names_without_versions_is_unknown(estate: Estate) -> None:
    estate.feed("PyPI", timedelta(0))
    small(estate)
    assert read(estate, map_view, estate.clock.now(), feed_max_age=AGE).rows[0].state == "fine"
    estate.push(_record("A-1", "PyPI", {}, "flask"))
    row = read(estate, map_view, estate.clock.now(), feed_max_age=AGE).rows[0]
    cell = row.cells[0]
    assert cell is not None
    assert (row.state, cell.note) == ("unknown", "no versions in 1 advisory")
    assert cell.gaps[0].because == "`A-1` names `flask` (here 3.0.3), without versions that can be compared"
    estate.push(_record("A-1", "PyPI", {"versions": ["1.0"]}, "flask"))
    assert read(estate, map_view, estate.clock.now(), feed_max_age=AGE).rows[0].state == "fine"


_RANGE = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "4"}]}


def _record(advisory_id: str, ecosystem: str, fields: dict[str, Any], name: str = "bash") -> dict[str, Any]:
    return {"id": advisory_id, "affected": [{"package": {"ecosystem": ecosystem, "name": name}, **fields}]}


def test_exposed_cell_keeps_its_gaps_beside(full: Estate) -> None:
    view = read(full, map_view, full.clock.now(), feed_max_age=timedelta(seconds=1))
    cell = view.rows[0].cells[0]
    assert (cell.state, bool(cell.gaps)) == ("exposed", True)
    assert all(cell.state != "fine" for row in view.rows for cell in row.cells if cell)


def test_map_shows_services_by_urgency_and_hosts_in_rows_of_their_own(full: Estate) -> None:
    view = read(full, map_view, full.clock.now(), feed_max_age=AGE)
    assert [row.name for row in view.rows] == ["orders-api", "mailer", "catalog", "builder-1"]
    assert [environment.name for environment in view.environments] == ["production-eu", "production-us", "staging"]
    assert [cell.state for cell in view.rows[0].cells] == ["exposed", "mitigated", "fine"]
    assert view.rows[0].cells[1].note == "orders.receipts off"
    assert (view.rows[3].kind, len(view.rows[3].cells)) == ("host", 1)


def test_map_counts_targets_and_versions_of_a_cell(estate: Estate) -> None:
    small(estate)
    estate.release("catalog", "2", sbom(("flask", "3.0.3")))
    request = DeploymentRequest("staging", "catalog", version="2", target="b", share=0.25)
    estate.turn(record_deployment, request)
    cell = read(estate, map_view, estate.clock.now(), feed_max_age=AGE).rows[0].cells[0]
    assert (cell.versions, cell.targets, cell.share) == (("2", "1"), 2, 0.25)


def test_map_marks_unclaimed_services(estate: Estate) -> None:
    estate.environments()
    estate.turn(register_release, ReleaseRequest("found-running", "1", sbom=sbom(("flask", "1"))))
    estate.turn(record_deployment, DeploymentRequest("staging", "found-running", version="1"))
    row = read(estate, map_view, estate.clock.now(), feed_max_age=AGE).rows[0]
    assert (row.claimed, row.about) == (False, "unclaimed")


def test_map_as_of_tells_what_ran_and_was_known_then(full: Estate) -> None:
    for seconds, states in ((40, ["fine", "fine", "fine"]), (41, ["exposed", "exposed", "fine"])):
        as_of = INCIDENT + timedelta(seconds=seconds)
        view = read(full, map_view, full.clock.now(), feed_max_age=AGE, as_of=as_of)
        row = next(row for row in view.rows if row.name == "orders-api")
        assert [cell.state for cell in row.cells] == states


def test_map_as_of_judges_a_retired_service_by_what_it_was_made_of(estate: Estate) -> None:
    small(estate)
    ran_at = estate.clock.tick(60)
    estate.clock.tick(60)
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", status=Status.REMOVED))
    assert read(estate, map_view, estate.clock.now(), feed_max_age=AGE).rows == ()
    row = read(estate, map_view, estate.clock.now(), feed_max_age=AGE, as_of=ran_at).rows[0]
    assert (row.state, row.cells[0].note) == ("unknown", "no feed: PyPI")


def test_short_map_loses_no_gap(full: Estate) -> None:
    view = read(full, map_view, full.clock.now(), feed_max_age=AGE, limit=1)
    assert ([row.name for row in view.rows], view.total, view.places) == (["orders-api"], 4, 9)
    assert [(row.name, cell.environment) for row, cell in view.unknown] == [
        ("mailer", "production-eu"),
        ("builder-1", "hosts"),
    ]


def test_compositions_are_read_once_and_unread_ones_are_unknown(full: Estate) -> None:
    kept = Compositions()
    with full.store.read(ORG) as tx:
        release = tx.releases.find(service="catalog", version="8.1.3")[0]
        assert kept.find(release.sbom or "") is None
        reader = GapReader(tx, full.clock.now(), timedelta(0), tx.queries.coverage(), kept)
        assert reader.of([release.sbom or ""])[0].short == "feed too old: PyPI"
    assert kept.find(release.sbom or "") == ("PyPI",)


def test_map_is_narrowed_by_name(full: Estate) -> None:
    view = read(full, map_view, full.clock.now(), feed_max_age=AGE, text="MAIL")
    assert ([row.name for row in view.rows], view.total) == (["mailer"], 1)
