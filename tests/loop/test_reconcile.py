"""Judging bit by bit gives what judging everything gives; one org never sees another."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.facts.manifest import parse_manifest
from holdfast.findings.history import covers
from holdfast.findings.journal_body import without_names
from holdfast.loop.declare import declare_environment
from holdfast.loop.flags import define_flag
from holdfast.loop.intake import expire_hosts
from holdfast.loop.reconcile import reconcile
from holdfast.loop.requests import EnvironmentRequest
from holdfast.metrics.recompute import exposures_from_journal
from holdfast.model.exposure import State, Subject
from holdfast.model.inventory import Status
from holdfast.ports.queries import ExposureFilter
from holdfast.ports.store import Store
from tests.facts.manifest_texts import GOOD
from tests.loop.world import OTHER, World, open_world, record

NAMES, SERVICES, TARGETS = ("acme-pdf", "acme-xml"), ("shop", "till"), ("eu", "us")
VERSIONS = ("1.0", "1.4.0", "1.4.2", "2.0", "not a version")
RECORDS = ("A-1", "B-1", "CVE-1")
ON_OFF = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'
BAD, FIXED = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-pdf@1.4.2"

_purls = st.sets(
    st.builds("pkg:pypi/{}@{}".format, st.sampled_from(NAMES), st.sampled_from(VERSIONS)), min_size=1, max_size=3
).map(sorted)
_deploy = st.tuples(
    st.just("deploy"),
    st.sampled_from(SERVICES),
    _purls,
    st.sampled_from(TARGETS),
    st.sampled_from([0.0, -1.0, -30.0]),
    st.sampled_from([1.0, 0.5]),
    st.sampled_from(list(Status)),
)
_push = st.tuples(
    st.just("push"),
    st.sampled_from(RECORDS),
    st.sampled_from(NAMES),
    st.sampled_from([("0", "1.4.2"), ("1.4.0", None), ("1.4.2", "2.0"), ("0", "1.0"), ("2.0", "1.0")]),
    st.sets(st.sampled_from(RECORDS), max_size=2).map(sorted),
    st.booleans(),
)
_host = st.tuples(st.just("host"), st.sampled_from(["m1", "m2"]), _purls, st.sampled_from([900.0, 7200.0]))
_expire = st.tuples(st.just("expire"))
STEPS = st.lists(st.one_of(_deploy, _push, _push, _host, _expire), min_size=1, max_size=9)


def _take(world: World, number: int, step: tuple[object, ...]) -> None:
    match step:
        case ("deploy", str(service), list(purls), str(target), float(hours), float(share), Status() as status):
            version = f"{number}"
            world.release(service, version, *purls)
            at = world.at(hours) if hours else None
            world.deploy(service, version, target=target, started_at=at, share=share, status=status)
        case ("push", str(name), str(package), tuple(span), list(aliases), bool(withdrawn)):
            more: dict[str, object] = {"modified": world.clock.now().isoformat(), "aliases": aliases}
            if withdrawn:
                more["withdrawn"] = more["modified"]
            world.push(record(name, span, name=package, **more))
        case ("host", str(machine), list(purls), float(lease_s)):
            world.report(machine, *purls, lease_s=lease_s)
        case ("expire",):
            with world.turn() as turn:
                expire_hosts(turn)
        case _:
            raise AssertionError(step)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_judging_bit_by_bit_is_judging_everything(steps: list[tuple[object, ...]]) -> None:
    with open_world() as world:
        for number, step in enumerate(steps):
            world.clock.tick(1800)
            _take(world, number, step)
            assert world.recompute() == [], step
        with world.store.read(world.org) as tx:
            running = [span for span in tx.spans.all() if covers(span, world.clock.now())]
            entries = list(tx.journal.read())
        live = [one for one in world.exposures() if one.is_live]
        found = {(one.subject.name, one.name, version) for one in live for version in one.versions}
        assert found == {(span.subject.name, span.name, span.version) for span in running}
        stored = sorted(world.exposures(current=False), key=lambda one: one.id)
        assert exposures_from_journal(entries) == [without_names(one) for one in stored]


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def test_what_is_outside_the_scope_is_not_touched(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.ship("till", "1", BAD)
    world.push(record("A-1", ("1.0", "1.4.2")))
    service = next(one.subject for one in world.exposures() if one.subject.name == "shop")
    before = world.exposures()
    with world.turn() as turn:
        assert reconcile(turn) == []
        assert reconcile(turn, subjects=[(Subject("service", service.id, "shop"), "staging")]) == []
        assert reconcile(turn, clusters=["clu_unknown"]) == []
    assert world.exposures() == before


def test_two_orgs_do_not_see_each_other(store: Store) -> None:
    ours, theirs = World(store), World(store, org=OTHER)
    for world in (ours, theirs):
        world.ship("shop", "1", BAD)
        world.report("m1", BAD)
    ours.push(record("A-1", ("1.0", "1.4.2")))
    assert sorted(name for name, _ in ours.live()) == ["m1", "shop"]
    assert theirs.exposures() == []
    before = theirs.kinds()
    with theirs.turn() as turn:
        assert reconcile(turn, everything=True) == []
        assert reconcile(turn, clusters=[one.cluster for one in ours.exposures()]) == []
        assert reconcile(turn, subjects=[(one.subject, one.environment) for one in ours.exposures()]) == []
    assert theirs.kinds() == before
    theirs.ship("shop", "2", FIXED)
    assert sorted(name for name, _ in ours.live()) == ["m1", "shop"]


def test_every_transition_is_journaled_whole(store: Store) -> None:
    world = World(store)
    world.ship("shop", "1", BAD)
    world.push(record("A-1", ("1.0", "1.4.2")))
    world.clock.tick(3600)
    world.ship("shop", "2", FIXED)
    with store.read(world.org) as tx:
        entries = list(tx.journal.read())
        stored = list(tx.exposures.all(current=False))
    assert [entry.kind for entry in entries if entry.kind.startswith("exposure.")] == [
        "exposure.opened",
        "exposure.resolved",
    ]
    assert exposures_from_journal(entries) == stored  # the journal alone gives back what the tables say


def test_the_fix_of_several_running_versions_repairs_them_all(world: World) -> None:
    """1.9.0 is fixed in 1.9.5, 1.10.0 in 1.10.2; as texts they are the other way round."""
    world.ship("shop", "1", "pkg:pypi/acme-pdf@1.10.0", target="eu")
    world.ship("shop", "2", "pkg:pypi/acme-pdf@1.9.0", target="us")
    world.push(record("A-1", ("1.9.0", "1.9.5"), ("1.10.0", "1.10.2")))
    (exposure,) = world.live().values()
    assert exposure.versions == ("1.10.0", "1.9.0")
    assert exposure.risk.fix_version == "1.10.2"


def test_cluster_that_splits_asks_for_one_run_each(world: World) -> None:
    """Two alias records are one exposure; when they part, the one that opens is answered once."""
    manifest = parse_manifest(GOOD.replace("finding.severity >= 7.0 && ", "").encode(), file="holdfast.yaml")
    with world.turn() as turn:
        declare_environment(turn, EnvironmentRequest("production"))
        define_flag(turn.tx, "production", "shop.receipts", ON_OFF, turn.now)
    world.release("shop", "1", BAD, manifest=manifest.services[0])
    world.deploy("shop", "1")
    world.push(record("A-1", ("0", "1.4.2")))
    for aliases in (["A-1"], []):
        world.clock.tick(60)
        world.push(record("B-1", ("0", "1.4.2"), aliases=aliases, modified=world.clock.now().isoformat()))
    live = sorted(one.id for one in world.exposures() if one.is_live)
    with world.store.read(world.org) as tx:
        runs = tx.runs.of_exposures(live)
    assert len(live) == 2
    assert sorted(run.exposure for run in runs) == live


def test_a_list_as_of_then_shows_and_asks_for_the_states_of_then(world: World) -> None:
    """One is exposed from 0 h, another from 1 h; both are fixed at 2 h."""
    world.push(record("A-1", ("0", "1.4.2")))
    for service in ("shop", "till"):
        world.ship(service, "1", BAD)
        world.clock.tick(3600)
    for service in ("shop", "till"):
        world.ship(service, "2", FIXED)
    open_ones = ExposureFilter(states=("open",))
    with world.store.read(world.org) as tx:
        now = tx.queries.exposures(open_ones, as_of=None, after=None, limit=9)
        first = tx.queries.exposures(open_ones, as_of=world.at(0.5), after=None, limit=9)
        page = tx.queries.exposures(open_ones, as_of=world.at(1.5), after=None, limit=1)
        last = tx.queries.exposures(open_ones, as_of=world.at(1.5), after=page.next, limit=1)
        unasked = tx.queries.exposures(ExposureFilter(), as_of=world.at(1.5), after=None, limit=9)
        assert (
            tx.queries.exposures(ExposureFilter(states=("resolved",)), as_of=world.at(1.5), after=None, limit=9).total
            == 0
        )
    assert (now.total, first.total, page.total, last.next) == (0, 1, 2, None)
    assert {one.subject.name for one in (*page.rows, *last.rows)} == {"shop", "till"}
    assert {(one.state, one.clocks.resolved_at) for one in unasked.rows} == {(State.OPEN, None)}
