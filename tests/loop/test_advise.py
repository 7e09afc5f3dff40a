"""Records that arrive by push: revisions, withdrawals, aliases, and odd ones."""

from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.errors import ControlError, ForbiddenError
from holdfast.loop.advise import push_advisory
from holdfast.model.exposure import Ending, State
from holdfast.model.tenancy import Permission
from holdfast.ports.store import Store
from tests.loop.world import OTHER, World, open_world, record

BAD, FIXED = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-pdf@1.4.2"
ADVISORY = record("ACME-1", ("1.0", "1.4.2"))


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def test_a_record_opens_what_runs_at_once(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.ship("till", "1", FIXED)
    world.clock.tick(60)
    outcome = world.push(ADVISORY)
    (exposure,) = world.live().values()
    assert (outcome.changed, outcome.matched, outcome.exposures) == (True, 1, (exposure.id,))
    assert (exposure.subject.name, exposure.versions, exposure.risk.fix_version) == ("shop", ("1.4.0",), "1.4.2")
    assert exposure.clocks.detected_at == world.clock.now()


def test_the_same_record_again_changes_nothing(world: World) -> None:
    world.ship("shop", "1", BAD)
    first = world.push(ADVISORY)
    before = world.kinds()
    world.clock.tick(60)
    again = world.push(ADVISORY)
    assert (again.changed, again.exposures, again.matched, again.cluster) == (False, (), 1, first.cluster)
    assert world.kinds() == before


def test_a_revision_that_covers_less_resolves_and_one_that_covers_more_opens(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.ship("till", "1", FIXED)
    world.push(ADVISORY)
    world.clock.tick(60)
    world.push(record("ACME-1", ("1.4.1", "1.5"), modified="2026-01-02T00:00:00Z"))
    assert list(world.live()) == [("till", "ACME-1")]
    (gone,) = (one for one in world.exposures() if not one.is_live)
    assert gone.ending is Ending.WITHDRAWN  # the same version still runs: nothing was repaired
    with world.store.read(world.org) as tx:
        assert tx.advisories.get("ACME-1").revision == 2
    assert world.recompute() == []


def test_a_withdrawn_record_ends_its_exposures_and_no_metric_calls_that_a_repair(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.push(ADVISORY)
    world.clock.tick(60)
    outcome = world.push(ADVISORY | {"withdrawn": "2026-01-01T11:00:00Z"})
    (exposure,) = world.exposures()
    assert (exposure.state, exposure.ending, exposure.clocks.fixed_at) == (State.RESOLVED, Ending.WITHDRAWN, None)
    assert outcome.matched == 0
    world.clock.tick(60)
    world.push(ADVISORY | {"modified": "2026-01-03T00:00:00Z"})  # not withdrawn after all
    assert list(world.live()) == [("shop", "ACME-1")]


def test_an_alias_that_merges_two_clusters_keeps_the_earliest_exposure(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.push(record("GHSA-1", ("1.0", "1.4.1")))
    (first,) = world.exposures()
    world.clock.tick(3600)
    world.push(record("PYSEC-1", ("1.0", "1.4.2")))
    assert len(world.live()) == 2
    world.clock.tick(3600)
    outcome = world.push(record("CVE-2026-1", ("1.0", "1.4.2"), aliases=["GHSA-1", "PYSEC-1"]))
    (kept,) = world.live().values()
    assert (kept.id, kept.clocks.detected_at, kept.episode) == (first.id, first.clocks.detected_at, 1)
    assert (kept.cluster, kept.risk.fix_version) == (outcome.cluster, "1.4.2")
    assert kept.advisories == ("CVE-2026-1", "GHSA-1", "PYSEC-1")
    (merged,) = (one for one in world.exposures() if not one.is_live)
    assert merged.ending is Ending.MERGED
    assert world.recompute() == []
    assert "exposure.regressed" not in world.kinds()


def test_an_alias_that_is_taken_back_splits_without_reopening(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.push(record("GHSA-1", ("1.0", "1.4.1"), aliases=["CVE-2026-1"]))
    world.push(record("PYSEC-1", ("1.0", "1.4.2"), aliases=["CVE-2026-1"]))
    (first,) = world.live().values()
    world.clock.tick(3600)
    world.push(record("PYSEC-1", ("1.0", "1.4.2"), modified="2026-01-02T00:00:00Z"))
    parts = list(world.live().values())
    assert len(parts) == 2
    assert first.id in {one.id for one in parts}
    assert {one.clocks.detected_at for one in parts} == {first.clocks.detected_at}  # it was known then
    assert "exposure.regressed" not in world.kinds()
    assert world.recompute() == []


def test_a_new_record_can_take_the_fix_of_another_away(world: World) -> None:
    """1.4.0 is fixed in 1.4.2, until a record says that 1.4.2 has a hole of its own."""
    world.ship("shop", "1", BAD)
    world.push(ADVISORY)
    world.clock.tick(60)
    world.push(record("ACME-2", ("1.4.2", "1.4.5")))
    (exposure,) = world.live().values()
    assert exposure.risk.fix_version == "1.4.5"
    world.push(record("ACME-2", ("1.4.2", "1.4.5"), withdrawn="2026-01-01T12:00:00Z"))
    (exposure,) = world.live().values()
    assert exposure.risk.fix_version == "1.4.2"
    assert world.recompute() == []


def test_an_orgs_own_record_is_its_own(store: Store) -> None:
    world, other = World(store), World(store, org=OTHER)
    for one in (world, other):
        one.ship("shop", "1", BAD)
    world.push(ADVISORY)
    assert list(world.live()) == [("shop", "ACME-1")]
    assert other.live() == {}
    assert other.recompute() == []
    assert "advisory.recorded" not in other.kinds()


def _odd(*events: dict[str, str], **more: Any) -> dict[str, Any]:
    """Return a record of acme-pdf with these events in one range."""
    affected = {
        "package": {"ecosystem": "PyPI", "name": "acme-pdf"},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": "ODD-1", "modified": "2026-01-01T10:00:00Z", "affected": [affected]} | more


def test_a_date_of_the_year_one_is_no_date(world: World) -> None:
    world.ship("shop", "1", BAD)
    year_one = "0001-01-01T00:00:00Z"
    world.push(ADVISORY | {"modified": year_one, "published": year_one})
    (exposure,) = world.live().values()
    assert exposure.clocks.disclosed_at is None
    assert exposure.clocks.applicable_at is None or exposure.clocks.applicable_at.year > 1


def test_an_advisory_from_the_future_gives_no_negative_clock_unseen(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.push(ADVISORY | {"published": "2030-01-01T00:00:00Z", "modified": "2030-01-01T00:00:00Z"})
    (exposure,) = world.live().values()
    assert exposure.clocks.detected_at == world.clock.now()


@pytest.mark.parametrize(
    "data",
    [
        _odd({"introduced": "2.0"}, {"fixed": "1.0"}),
        {"id": "ODD-1", "modified": "2026-01-01T10:00:00Z"},
        {"id": "ODD-1", "modified": "2026-01-01T10:00:00Z", "affected": []},
        _odd(),
        {
            "id": "ODD-1",
            "modified": "2026-01-01T10:00:00Z",
            "affected": [{"package": {"ecosystem": "PyPI", "name": "acme-pdf"}}],
        },
        {
            "id": "ODD-1",
            "modified": "2026-01-01T10:00:00Z",
            "affected": [{"package": {"ecosystem": "Moon", "name": "acme-pdf"}, "versions": ["1.4.0"]}],
        },
        {"id": "ODD-1", "modified": "2026-01-01T10:00:00Z", "affected": ["acme-pdf", None, 7, {"package": 3}]},
    ],
    ids=[
        "introduced after fixed",
        "nothing",
        "nothing affected",
        "no events",
        "no ranges",
        "unknown ecosystem",
        "no packages",
    ],
)
def test_an_odd_record_is_kept_and_what_is_wrong_with_it_is_said(world: World, data: dict[str, Any]) -> None:
    world.ship("shop", "1", BAD)
    outcome = world.push(data)
    assert outcome.changed
    assert outcome.matched == 0
    with world.store.read(world.org) as tx:
        assert tx.advisories.get("ODD-1").revision == 1
    assert world.recompute() == []


def test_what_is_wrong_with_a_record_is_in_its_answer_and_the_rest_counts(world: World) -> None:
    world.ship("shop", "1", BAD)
    data = ADVISORY | {"affected": [7, *ADVISORY["affected"], {"package": {"ecosystem": "PyPI"}}]}
    outcome = world.push(data)
    assert outcome.matched == 1
    assert outcome.problems


def test_two_events_at_one_version_close_before_they_open_where_open(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.ship("till", "1", "pkg:pypi/acme-pdf@1.3")
    world.push(_odd({"introduced": "1.0"}, {"fixed": "1.4.0"}, {"introduced": "1.4.0"}, {"fixed": "1.5"}))
    assert {name for name, _ in world.live()} == {"shop", "till"}
    assert world.recompute() == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b'{"id": ""}',
        b'{"id": 7}',
        b'{"id": "A\\u0000B", "affected": []}',
        b'{"id": "' + b"A" * 10_000 + b'"}',
        b'{"affected": []}',
        b"[" * 100_000,
        b'{"id": "A", "affected": ' + b'{"a":' * 50_000,
    ],
)
def test_what_is_no_record_is_refused_and_nothing_is_written(world: World, data: bytes) -> None:
    before = world.kinds()
    with pytest.raises(ControlError):
        world.push(data)
    assert world.kinds() == before


def test_hostile_words_in_a_record_reach_the_store_as_words(store: Store) -> None:
    world = World(store)
    world.ship("shop", "1", BAD)
    hostile = "<script>alert(1)</script> \x1b[31m =cmd|'/C calc'!A0 \u202e \U0001f600"
    world.push(ADVISORY | {"summary": hostile, "details": hostile * 100})
    (exposure,) = world.live().values()
    assert exposure.summary.startswith("<script>")


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_text_that_no_store_can_hold_is_refused_or_left_out(store: Store, text: str) -> None:
    world = World(store)
    world.ship("shop", "1", BAD)
    hostile = ADVISORY | {"summary": text, "aliases": [text], "details": text, "references": [{"url": text}]}
    try:
        world.push(hostile)
    except ControlError:
        assert world.live() == {}
    else:
        assert len(world.live()) == 1
    with pytest.raises(ControlError):
        world.push(ADVISORY | {"id": text})


def test_a_record_with_hostile_versions_matches_by_its_good_ones(store: Store) -> None:
    world = World(store)
    world.ship("shop", "1", BAD)
    events = [{"introduced": "\x00"}, {"introduced": "9" * 10_000}, {"fixed": "v" * 600}]
    affected = {
        "package": {"ecosystem": "PyPI", "name": "acme-pdf"},
        "versions": ["\x00", "1" * 10_000, "1.4.0"],
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    outcome = world.push({"id": "ODD-1", "modified": "2026-01-01T10:00:00Z", "affected": [affected]})
    assert outcome.matched == 1


def test_pushing_needs_the_permission(world: World) -> None:
    with pytest.raises(ForbiddenError, match="advisories:write"), world.turn(world.token(Permission.READ)) as turn:
        push_advisory(turn, ADVISORY)
