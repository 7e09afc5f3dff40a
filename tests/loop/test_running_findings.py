"""What runs, as the findings that a gate would see."""

from holdfast.loop.gate_side import side_of
from holdfast.loop.running_findings import RunningFindings, may_be_notice
from holdfast.loop.scan import scan
from holdfast.loop.store_lookup import StoreLookup
from tests.loop.test_heard import BAD, expose, notice, only
from tests.loop.world import open_world, sbom


def test_an_exposure_is_the_finding_that_a_gate_sees() -> None:
    with open_world() as world:
        expose(world)
        one = only(world)
        with world.store.read(world.org) as tx:
            (seen,) = side_of(scan(sbom(BAD), StoreLookup(tx), world.clock.now())).findings
            assert seen.component is not None
            ours = RunningFindings(tx, [one]).of(one, seen.component, one.risk)
        assert (ours.kind, ours.ids, ours.whole, ours.keys) == (seen.kind, seen.ids, seen.whole, seen.keys)
        assert seen.fix is not None
        assert ours.fix is not None
        assert ours.fix.version == seen.fix.version
        assert not may_be_notice(one)


def test_a_notice_is_spoken_of_by_what_it_mends() -> None:
    with open_world() as world:
        notice(world, "CVE-2026-1", "CVE-2026-2")
        one = only(world)
        assert may_be_notice(one)
        with world.store.read(world.org) as tx:
            found = RunningFindings(tx, [one])
            assert found.names(one) == {"RHSA-2026:1", "CVE-2026-1", "CVE-2026-2"}
