"""Read models on a real store: what they answer, and what they never claim."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.intake import register_release
from holdfast.loop.requests import DeploymentRequest, ReleaseRequest
from holdfast.loop.respond import pause, reject
from holdfast.loop.views import (
    NowView,
    exposure_view,
    exposures_view,
    metrics_view,
    now_view,
    summary_line,
)
from holdfast.model.exposure import State
from holdfast.ports.queries import ExposureFilter
from tests.edges.web.estate import INCIDENT, ORG, Estate, advisory, full_estate, host, incident, sbom, services

AGE = timedelta(days=2)


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


def now(estate: Estate, age: timedelta = AGE) -> NowView:
    """Return the first page."""
    with estate.store.read(ORG) as tx:
        return now_view(tx, estate.clock.now(), age)


def read(estate: Estate, view: Any, *arguments: Any, **named: Any) -> Any:
    """Return a view."""
    with estate.store.read(ORG) as tx:
        return view(tx, *arguments, **named)


def small(estate: Estate, packages: Any = (("flask", "3.0.3"),), version: str = "1") -> None:
    """Let one release of `catalog` run in staging."""
    estate.environments()
    estate.release("catalog", version, sbom(*packages) if packages is not None else None)
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", version=version))


def test_now_of_nothing_says_what_to_do_and_never_fine(estate: Estate) -> None:
    view = now(estate)
    assert view.answer.state == "empty"
    assert [step.command.split()[1] for step in view.answer.steps] == ["demo", "scan", "release", "deploy"]
    assert view.history.n == 0


def test_now_names_what_is_exposed_since_when_and_what_is_done(full: Estate) -> None:
    view = now(full)
    assert (view.answer.state, view.answer.sentence) == ("exposed", "orders-api in production-eu")
    assert view.answer.since == INCIDENT
    assert view.lead is not None
    assert view.lead.action.words == "Approval asked; waiting for one person."
    assert view.lead.action.deeds == ("approve", "reject")
    assert summary_line(view) == "1 exposed, 1 mitigated and 2 not known"


def test_now_is_fine_after_the_fix_and_remembers_the_last_incident(estate: Estate) -> None:
    estate.feed("PyPI", timedelta(0))
    small(estate, (("acme-old-1", "1.0"),))
    estate.clock.tick(60)
    estate.push(advisory("HF-1", "acme-old-1", "2.0"))
    assert now(estate).answer.state == "exposed"
    estate.release("catalog", "2", sbom(("acme-old-1", "2.0")))
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", version="2"))
    view = now(estate)
    assert (view.answer.state, view.exposed, view.lead) == ("fine", 0, None)
    assert view.last is not None
    assert (view.last.exposure.name, view.last.state) == ("acme-old-1", "resolved")


def test_now_is_not_fine_while_somebody_bears_something_and_counts_what_is_excused(estate: Estate) -> None:
    estate.feed("PyPI", timedelta(0))
    small(estate, (("acme-old-1", "1.0"), ("acme-old-2", "1.0")))
    for number in (1, 2):
        estate.push(advisory(f"HF-{number}", f"acme-old-{number}", "2.0"))
    with estate.store.write(ORG, estate.clock.now()) as tx:
        first, second = tx.exposures.all()
        tx.exposures.save([replace(first, state=State.WAIVED), replace(second, state=State.CLEARED)])
    view = now(estate)
    assert (view.answer.state, view.answer.word, summary_line(view)) == ("waived", "Waived, would fail.", "1 waived")
    assert view.answer.details == ("1 exposure waived.", "1 exposure cleared by VEX documents.")
    with estate.store.write(ORG, estate.clock.now()) as tx:
        tx.exposures.save([first])
    assert now(estate).answer.details[-1] == "1 exposure cleared by VEX documents."


def test_now_is_not_known_while_a_feed_is_missing_or_too_old(estate: Estate) -> None:
    small(estate)
    assert now(estate).answer.state == "unknown"
    estate.feed("PyPI", INCIDENT - estate.clock.now())
    assert now(estate).answer.state == "fine"
    estate.clock.tick(3 * 86400)
    view = now(estate)
    assert view.answer.state == "unknown"
    assert view.queue[0].reasons == ("PyPI: the feed is 3 d old",)
    assert view.answer.sentence == "1 of 1 place can't be judged, so it doesn't count as fine"
    assert [step.command for step in view.answer.steps] == ["holdfast feed sync"]


def test_answer_counts_gaps_of_places_that_the_map_leaves_out(estate: Estate) -> None:
    """Twenty fine services of tier 2 fill the short map; what can't be judged is not among the shown."""
    estate.feed("PyPI", timedelta(0))
    estate.environments()
    for number in range(20):
        made_of = sbom(("flask", "3.0.3"))
        estate.turn(register_release, ReleaseRequest(f"fine-{number:02d}", "1", sbom=made_of))
        estate.turn(record_deployment, DeploymentRequest("staging", f"fine-{number:02d}", version="1"))
    host(estate)
    view = now(estate)
    assert (view.answer.state, view.unknown, view.map.places) == ("unknown", 1, 21)
    assert all(row.kind == "service" for row in view.map.rows)


def test_queue_holds_exposures_then_what_cannot_be_judged(full: Estate) -> None:
    assert [(row.state, row.subject) for row in now(full).queue] == [
        ("exposed", "orders-api"),
        ("mitigated", "orders-api"),
        ("unknown", "mailer"),
        ("unknown", "builder-1"),
    ]


def test_readiness_says_never_rehearsed_and_no_plan(full: Estate) -> None:
    rows = {(row.service, row.plan): row.state for row in now(full).readiness}
    assert rows == {
        ("catalog", None): "no plan",
        ("mailer", None): "no plan",
        ("orders-api", "receipts-off"): "never rehearsed",
    }


def test_now_shows_the_pause(estate: Estate) -> None:
    estate.turn(lambda turn: pause(turn.tx, True, "tok_1", "a storm", turn.now))
    view = now(estate)
    assert view.pause is not None
    assert view.pause["reason"] == "a storm"


def test_backlog_comes_after_what_is_new(estate: Estate) -> None:
    """The older, worse exposure was there when watching began; the answer speaks of the one that came since."""
    estate.push(advisory("HF-OLD", "old", "2.0"))
    small(estate, (("old", "1.0"), ("new", "1.0")))
    estate.clock.tick(60)
    low = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
    text = f"{estate.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    estate.push(advisory("HF-NEW", "new", "2.0", severity=low, published=text, modified=text))
    view = now(estate)
    assert view.lead is not None
    assert (view.lead.exposure.name, view.answer.more) == ("new", "and 1 more")


def lead_id(estate: Estate, environment: str) -> str:
    """Return the id of the incident's exposure there."""
    where = ExposureFilter(environments=(environment,))
    rows = read(estate, exposures_view, where, estate.clock.now(), feed_max_age=AGE).rows
    identifier: str = rows[0].id
    return identifier


def test_exposure_has_three_clocks_with_their_history(full: Estate) -> None:
    history_group = now(full).history
    view = read(full, exposure_view, lead_id(full, "production-us"), full.clock.now(), history=history_group)
    detect, mitigate, repair = view.clocks
    assert [clock.state for clock in view.clocks] == ["stopped", "stopped", "running"]
    assert (detect.seconds, mitigate.seconds) == (41.0, 1.0)
    assert repair.since == INCIDENT + timedelta(seconds=41)
    assert all(clock.n == 10 and clock.p50_s is not None for clock in view.clocks)


def test_exposure_tells_its_life_in_order(full: Estate) -> None:
    view = read(full, exposure_view, lead_id(full, "production-us"), full.clock.now())
    assert [moment.words for moment in view.timeline.moments] == [
        "CVE-2026-0117 was published",
        "matched 41 s after it could be seen",
        "plan receipts-off chosen",
        "acted",
        "effect read back in the application",
    ]
    assert [(bar.lane, bar.kind, bar.until is None) for bar in view.timeline.bars] == [
        ("detect", "done", False),
        ("mitigate", "exposed", False),
        ("mitigate", "mitigated", True),
        ("repair", "waiting", True),
    ]


def test_exposure_offers_its_fix_with_file_and_line(full: Estate) -> None:
    fix = read(full, exposure_view, lead_id(full, "production-eu"), full.clock.now()).fix
    assert fix is not None
    assert (fix.version, str(fix.location), fix.edit) == (
        "1.4.2",
        "requirements.txt:1",
        ("acme-pdf==1.4.0", "acme-pdf==1.4.2"),
    )


def test_exposure_without_a_plan_says_so(estate: Estate) -> None:
    small(estate)
    estate.clock.tick(60)
    estate.push(advisory("HF-1", "flask", "9.0"))
    view = now(estate)
    assert view.lead is not None
    assert (view.lead.action.status, view.lead.action.deeds) == ("no_plan", ())
    assert "No plan covers this exposure" in view.lead.action.words


def test_rejected_plan_is_offered_again_with_its_past() -> None:
    estate = full_estate()
    with estate.store.read(ORG) as tx:
        run = next(run for run in tx.runs.list() if run.environment == "production-eu")
    estate.turn(lambda turn: reject(turn.tx, run.id, "tok_1", turn.now))
    view = now(estate)
    assert view.lead is not None
    assert (view.lead.action.status, view.lead.action.deeds) == ("offered", ("start",))
    assert "undone or rejected" in view.lead.action.words
    estate.store.close()


def test_exposure_that_is_not_there_is_not_found(full: Estate) -> None:
    with pytest.raises(NotFoundError):
        read(full, exposure_view, "exp_none", full.clock.now())


def test_resolved_exposure_stands_still_and_asks_for_nothing(full: Estate) -> None:
    where = ExposureFilter(states=("resolved",))
    row = read(full, exposures_view, where, full.clock.now(), feed_max_age=AGE).rows[0]
    view = read(full, exposure_view, row.id, full.clock.now())
    assert (view.state, view.action.status, view.timeline.is_live) == ("resolved", "none", False)
    assert [clock.state for clock in view.clocks] == ["stopped", "stopped", "stopped"]
    assert view.timeline.end < full.clock.now() - timedelta(days=3)


def test_list_refuses_to_look_into_the_future(full: Estate) -> None:
    later = full.clock.now() + timedelta(seconds=1)
    with pytest.raises(UsageError, match="nobody knows"):
        read(full, exposures_view, ExposureFilter(), full.clock.now(), feed_max_age=AGE, as_of=later)


def test_metrics_group_without_the_backlog(full: Estate) -> None:
    view = read(full, metrics_view, full.clock.now(), "environment")
    assert {dict(group.key)["environment"]: group.n for group in view.groups} == {
        "staging": 8,
        "production-eu": 1,
        "production-us": 1,
    }
    assert view.whole.n == 10
    with pytest.raises(UsageError):
        read(full, metrics_view, full.clock.now(), "weather")


def test_figure_that_was_not_reached_is_none_and_never_zero(estate: Estate) -> None:
    services(estate)
    incident(estate)
    figure = now(estate).history.get_figure("repair")
    assert (figure.n, figure.n_open, figure.p50_s, figure.p90_s) == (2, 2, None, None)
