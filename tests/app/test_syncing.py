"""Syncing a data folder's feed: what a sync that was cut had stored is judged by the next one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from holdfast.app.house import House, open_house
from holdfast.app.schedule import Schedule
from holdfast.app.settings import ORG, read_settings
from holdfast.app.syncing import COMPILED, judge_what_is_left, sync_everything
from holdfast.edges.providers.compiled import open_compiled
from holdfast.loop.unjudged import find_unjudged
from tests.edges.providers.bucket import record, write_bucket
from tests.loop.world import World
from tests.waiting import wait_until


class Cut(BaseException):
    """The process ends here."""


def _cut(_ecosystem: str, _read: int, _expected: int | None) -> NoReturn:
    raise Cut


def _silent(_ecosystem: str, _read: int, _expected: int | None) -> None:
    """Tell nobody."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    feed = write_bucket(tmp_path / "osv", {"PyPI": [record("L-1", aliases=["CVE-2026-1"])]})
    opened = open_house(
        read_settings(tmp_path / "data", feed=str(feed), environ={"HOLDFAST_KEV": "none", "HOLDFAST_EPSS": "none"})
    )
    yield opened
    opened.close()


@pytest.fixture
def world(house: House) -> World:
    """Something that runs and is affected, as soon as the feed is synced."""
    made = World(house.store, org=ORG)
    made.ship("shop", "1", "pkg:pypi/lamp@1.0")
    return made


def _sync_and_cut(house: House) -> None:
    """Sync until the records are stored, and no further."""
    with pytest.raises(Cut):
        sync_everything(house, _cut, enrich=False)


def test_what_a_cut_sync_had_stored_is_judged_by_the_next(house: House, world: World) -> None:
    _sync_and_cut(house)
    assert world.exposures() == []
    assert sync_everything(house, _silent, enrich=False) == []
    assert [one.advisories for one in world.exposures()] == [("CVE-2026-1", "L-1")]


def test_what_a_cut_sync_had_stored_is_judged_though_the_feed_is_away(house: House, world: World) -> None:
    _sync_and_cut(house)
    for one in (house.settings.data.parent / "osv").rglob("*"):
        if one.is_file():
            one.unlink()
    assert sync_everything(house, _silent, enrich=False) != []
    assert len(world.exposures()) == 1


def test_scans_have_what_a_cut_sync_had_stored(house: House, world: World) -> None:
    sync_everything(house, _silent, enrich=False)
    osv = house.settings.data.parent / "osv"
    write_bucket(osv, {"PyPI": [record("L-1", aliases=["CVE-2026-1"]), record("L-2", modified="2026-02-01T00:00:00Z")]})
    _sync_and_cut(house)
    sync_everything(house, _silent, enrich=False)
    compiled = open_compiled(house.settings.data / COMPILED)
    assert set(compiled.facts(["L-1", "L-2"])) == {"L-1", "L-2"}
    compiled.close()
    assert len(world.exposures()) == 2


def test_what_is_left_is_judged_without_a_feed_and_once(house: House, world: World) -> None:
    _sync_and_cut(house)
    judge_what_is_left(house)
    (found,) = world.exposures()
    assert found.advisories == ("CVE-2026-1", "L-1")
    assert not find_unjudged(house.store, house.clock, house.ids).is_left


def test_a_server_without_a_feed_judges_what_is_left(house: House, world: World) -> None:
    _sync_and_cut(house)
    house.settings = replace(house.settings, feed=None)
    jobs = Schedule(house)
    try:
        jobs.start()
        wait_until(lambda: bool(world.exposures()), "what was left is judged")
    finally:
        jobs.stop()
    assert len(world.exposures()) == 1
