"""Of what runs, a distribution's own word is told: what gets a fix, what gets none, and when that changes."""

from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.findings.rank import explain_rank
from holdfast.loop.intake import record_host
from holdfast.loop.requests import HostRequest
from holdfast.model.advisory import PackageState
from holdfast.model.component import Component, Location, Occurrence, Sbom
from holdfast.model.exposure import Ending, Exposure, State
from holdfast.model.inventory import HostFacts
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.queries import ExposureFilter
from tests.loop.world import World, open_world


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def install(world: World, release: str = "Debian:12") -> None:
    """Let a machine report one package, which is built from a source of another name."""
    qualifiers = (("arch", "amd64"), ("distro", release.lower().replace(":", "-")))
    library = Component(release, "libssl3", "3.0.1-1", qualifiers=qualifiers, source_package="openssl")
    place = (Location("var/lib/dpkg/status", 3),)
    facts = HostFacts("m1", "m1", release, "6.1", "x86_64")
    with world.turn() as turn:
        record_host(turn, HostRequest(facts, Sbom((Occurrence(library, place, None),)), "hosts", 900.0))


def debian(
    advisory_id: str, fixed: str | None = None, *, urgency: str = "", release: str = "Debian:12", name: str = "openssl"
) -> dict[str, Any]:
    """Return a record of Debian's about one CVE in a source package."""
    events: list[dict[str, str]] = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    affected: dict[str, Any] = {
        "package": {"ecosystem": release, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    if urgency:
        affected["ecosystem_specific"] = {"urgency": urgency}
    cve = advisory_id.removeprefix("DEBIAN-")
    return {"id": advisory_id, "upstream": [cve], "modified": "2026-01-01T10:00:00Z", "affected": [affected]}


def of(world: World, advisory_id: str) -> Exposure:
    """Return the one exposure of a record."""
    (found,) = [one for one in world.exposures() if advisory_id in one.advisories]
    return found


def test_what_a_distribution_says_of_its_package_stands_with_the_exposure(world: World) -> None:
    install(world)
    world.push(debian("DEBIAN-CVE-2024-1", "3.0.2-1"))
    world.push(debian("DEBIAN-CVE-2024-2"))
    world.push(debian("DEBIAN-CVE-2024-3", urgency="unimportant"))
    world.push(debian("DEBIAN-CVE-2024-4", urgency="end-of-life"))
    found = {number: of(world, f"CVE-2024-{number}") for number in (1, 2, 3, 4)}
    assert {number: one.package_state for number, one in found.items()} == {
        1: PackageState.FIXED,
        2: PackageState.AFFECTED,
        3: PackageState.WILL_NOT_FIX,
        4: PackageState.END_OF_LIFE,
    }
    assert explain_rank(found[2])[-1] == "no fix yet"
    assert explain_rank(found[3])[-1] == "Debian will not fix it"
    assert explain_rank(found[4])[-1] == "Debian maintains it no more"
    assert world.recompute() == []


def test_a_fix_counts_although_something_else_of_the_package_gets_none(world: World) -> None:
    install(world)
    world.push(debian("DEBIAN-CVE-2024-3", urgency="unimportant"))
    world.push(debian("DEBIAN-CVE-2024-1", "3.0.2-1"))
    assert of(world, "CVE-2024-1").risk.fix_version == "3.0.2-1"
    assert of(world, "CVE-2024-3").risk.fix_version is None


def test_what_gets_no_fix_comes_last_of_its_equals_and_can_be_asked_for(world: World) -> None:
    install(world)
    for number, urgency in ((3, "unimportant"), (2, "")):
        world.push(debian(f"DEBIAN-CVE-2024-{number}", urgency=urgency))
        world.clock.tick(60)
    world.push(debian("DEBIAN-CVE-2024-1", "3.0.2-1"))
    with world.store.read(world.org) as tx:
        ranked = tx.queries.exposures(ExposureFilter(), as_of=None, after=None, limit=9).rows
        assert [one.advisories[0][-1] for one in ranked] == ["1", "2", "3"]
        never = ExposureFilter(package_states=("will_not_fix", "end_of_life"))
        assert [one.id for one in tx.queries.exposures(never, as_of=None, after=None, limit=9).rows] == [ranked[2].id]


def test_a_state_changes_with_the_record_and_is_journaled(world: World) -> None:
    install(world)
    world.push(debian("DEBIAN-CVE-2024-3", urgency="unimportant"))
    before = of(world, "CVE-2024-3")
    world.clock.tick(60)
    world.push(debian("DEBIAN-CVE-2024-3", "3.0.2-1", urgency="unimportant") | {"modified": "2026-02-01T10:00:00Z"})
    after = of(world, "CVE-2024-3")
    assert (after.id, after.package_state, after.risk.fix_version) == (before.id, PackageState.FIXED, "3.0.2-1")
    with world.store.read(world.org) as tx:
        (*_, entry) = [one for one in tx.journal.about(before.id) if one.kind == "exposure.updated"]
    assert '"package_state":"fixed"' in entry.body


def test_what_its_distribution_comes_to_call_not_affected_is_over(world: World) -> None:
    install(world)
    world.push(debian("DEBIAN-CVE-2024-2"))
    world.clock.tick(60)
    world.push(debian("DEBIAN-CVE-2024-2", "0") | {"modified": "2026-02-01T10:00:00Z"})
    over = of(world, "CVE-2024-2")
    assert (over.state, over.ending) == (State.RESOLVED, Ending.WITHDRAWN)


def test_what_has_no_fix_in_a_release_that_ended_will_get_none(world: World) -> None:
    install(world, "Debian:10")
    world.push(debian("DEBIAN-CVE-2024-2", release="Debian:10"))
    world.push(debian("DEBIAN-CVE-2024-1", "3.0.2-1", release="Debian:10"))
    assert of(world, "CVE-2024-2").package_state is PackageState.END_OF_LIFE
    assert of(world, "CVE-2024-1").package_state is PackageState.FIXED


def test_a_language_package_has_no_state_of_a_distribution(world: World) -> None:
    world.ship("shop", "1", "pkg:pypi/acme-pdf@1.4.0")
    affected = {"package": {"ecosystem": "PyPI", "name": "acme-pdf"}, "versions": ["1.4.0"]}
    world.push({"id": "A-1", "modified": "2026-01-01T10:00:00Z", "affected": [affected]})
    assert of(world, "A-1").package_state is None


def test_a_notice_is_exploited_where_one_of_its_cves_is(world: World) -> None:
    with world.store.write(PUBLIC, world.clock.now()) as tx:
        tx.enrichments.save("kev", {"CVE-2024-8": {"known_exploited": True}}, world.at(0), "kev")
    install(world)
    notice = debian("DSA-1-1", "3.0.2-1") | {"upstream": ["CVE-2024-7", "CVE-2024-8"]}
    world.push(notice)
    assert of(world, "DSA-1-1").risk.known_exploited is True
