"""Whose fix moves when another record of the same package changes."""

from collections.abc import Iterator

import pytest

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.loop.alias_clusters import keep_records
from holdfast.loop.refresh import judge_clusters
from holdfast.model.tenancy import PUBLIC
from tests.loop.test_advisory_facts import debian, install, of
from tests.loop.world import World, open_world


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def sync(world: World, record: dict[str, object]) -> int:
    """Take a record into the public layer as a feed does, and judge."""
    now = world.clock.now()
    with world.store.write(PUBLIC, now) as tx:
        kept = keep_records(tx, [compile_advisory(parse_osv(record))], now, ecosystem="Debian")
    return judge_clusters(world.store, world.clock, world.ids, sorted(kept.clusters))


def later(advisory_id: str, introduced: str, fixed: str) -> dict[str, object]:
    """Return a record of the source `openssl` that touches nothing that runs."""
    events = [{"introduced": introduced}, {"fixed": fixed}]
    ranges = [{"type": "ECOSYSTEM", "events": events}]
    affected = {"package": {"ecosystem": "Debian:12", "name": "openssl"}, "ranges": ranges}
    cve = advisory_id.removeprefix("DEBIAN-")
    return {"id": advisory_id, "upstream": [cve], "modified": "2026-01-01T10:00:00Z", "affected": [affected]}


@pytest.mark.parametrize("by_feed", [True, False])
def test_a_record_of_its_source_moves_the_fix_of_a_package_of_another_name(world: World, *, by_feed: bool) -> None:
    """`libssl3` is built from `openssl`, and runs in 3.0.1-1."""
    install(world)
    sync(world, debian("DEBIAN-CVE-2024-1", "3.0.2-1"))
    assert of(world, "CVE-2024-1").risk.fix_version == "3.0.2-1"
    other = later("DEBIAN-CVE-2024-5", "3.0.2-1", "3.0.3-1")
    if by_feed:
        sync(world, other)
    else:
        world.push(other)
    assert of(world, "CVE-2024-1").risk.fix_version == "3.0.3-1"
    assert world.recompute() == []
