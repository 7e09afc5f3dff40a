"""After a feed brought records: every org is judged, for what the change can touch."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.errors import NotFoundError
from holdfast.loop.alias_clusters import keep_records
from holdfast.loop.refresh import JUDGE_CLUSTERS, judge_clusters
from holdfast.model.exposure import Ending, Subject
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.store import Store
from tests.loop.world import OTHER, World, open_world, record

BAD, FIXED = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-pdf@1.4.2"


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def sync(world: World, *records: dict[str, object]) -> int:
    """Take records into the public layer as a feed does, and judge."""
    now = world.clock.now()
    with world.store.write(PUBLIC, now) as tx:
        kept = keep_records(tx, [compile_advisory(parse_osv(one)) for one in records], now, ecosystem="PyPI")
    return judge_clusters(world.store, world.clock, world.ids, sorted(kept.clusters))


def test_a_synced_record_is_judged_in_every_org(store: Store) -> None:
    worlds = [World(store), World(store, org=OTHER)]
    for world in worlds:
        world.ship("shop", "1", BAD)
    assert sync(worlds[0], record("A-1", ("1.0", "1.4.2"))) == 2
    for world in worlds:
        assert list(world.live()) == [("shop", "A-1")]
        assert world.recompute() == []


def test_what_fails_in_one_org_holds_up_no_other(store: Store) -> None:
    """The first org has an exposure of a service that is none; what the record opens in the second is found."""
    broken, other = World(store), World(store, org=OTHER)
    for world in (broken, other):
        world.ship("shop", "1", BAD)
    sync(broken, record("A-1", ("1.0", "1.4.2")))
    with broken.turn() as turn:
        (one,) = turn.tx.exposures.all()
        turn.tx.exposures.save([replace(one, subject=Subject("service", "svc_nobody", "nobody"))])
    with pytest.raises(NotFoundError, match="svc_nobody"):
        sync(broken, record("A-1", ("1.0", "1.4.2"), modified="2026-02-01T10:00:00Z"), record("A-2", ("1.0", "1.4.2")))
    assert sorted(other.live()) == [("shop", "A-1"), ("shop", "A-2")]


def test_a_sync_that_brings_nothing_new_judges_nothing(world: World) -> None:
    world.ship("shop", "1", BAD)
    assert sync(world, record("A-1", ("1.0", "1.4.2"))) == 1
    assert sync(world, record("A-1", ("1.0", "1.4.2"))) == 0
    assert sync(world, record("A-2", ("5.0", None))) == 0


def test_many_clusters_are_judged_in_short_transactions(world: World) -> None:
    world.ship("shop", "1", BAD)
    count = 3 * JUDGE_CLUSTERS + 1
    assert sync(world, *(record(f"A-{number:03}", ("1.0", "1.4.2")) for number in range(count))) == count
    assert len(world.live()) == count
    assert world.recompute() == []


def test_a_synced_withdrawal_ends_what_it_opened(world: World) -> None:
    world.ship("shop", "1", BAD)
    sync(world, record("A-1", ("1.0", "1.4.2")))
    world.clock.tick(60)
    sync(world, record("A-1", ("1.0", "1.4.2"), withdrawn="2026-01-01T12:00:00Z"))
    assert [one.ending for one in world.exposures()] == [Ending.WITHDRAWN]


def test_a_synced_record_that_takes_a_fix_away_moves_it(world: World) -> None:
    world.ship("shop", "1", BAD)
    sync(world, record("A-1", ("1.0", "1.4.2")))
    sync(world, record("A-2", ("1.4.2", "1.4.5")))
    assert [one.risk.fix_version for one in world.live().values()] == ["1.4.5"]
    assert world.recompute() == []


def test_synced_aliases_merge_in_every_org(store: Store) -> None:
    worlds = [World(store), World(store, org=OTHER)]
    for world in worlds:
        world.ship("shop", "1", BAD)
    sync(worlds[0], record("A-1", ("1.0", "1.4.2")), record("B-1", ("1.0", "1.4.1")))
    worlds[0].clock.tick(60)
    sync(worlds[0], record("B-1", ("1.0", "1.4.1"), aliases=["A-1"], modified="2026-01-02T00:00:00Z"))
    for world in worlds:
        assert list(world.live()) == [("shop", "A-1+B-1")]
        assert world.recompute() == []


def test_an_orgs_own_record_stands_over_the_synced_one(store: Store) -> None:
    ours, theirs = World(store), World(store, org=OTHER)
    for world in (ours, theirs):
        world.ship("shop", "1", BAD)
    sync(ours, record("A-1", ("1.0", "1.4.2")))
    ours.push(record("A-1", ("9.0", None), modified="2026-01-02T00:00:00Z"))  # it does not concern us, we found out
    assert ours.live() == {}
    assert list(theirs.live()) == [("shop", "A-1")]
    sync(ours, record("A-1", ("1.0", "1.4.3"), modified="2026-01-03T00:00:00Z"))
    assert ours.live() == {}
    assert ours.recompute() == theirs.recompute() == []
