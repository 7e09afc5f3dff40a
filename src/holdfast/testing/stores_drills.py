"""What every store does with drills, and with what they make."""

# ruff: noqa: S101 - a suite of tests

import json
from dataclasses import replace

import pytest

from holdfast.errors import NotFoundError, UsageError
from holdfast.findings.journal_body import exposure_to_json
from holdfast.metrics.recompute import exposures_from_journal
from holdfast.metrics.summary import summarize
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome, DrillStep
from holdfast.model.run import RunState
from holdfast.ports.queries import ExposureFilter
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER, at
from holdfast.testing.stores_findings import SHOP, exposure, run


def drill(number: int, **fields: object) -> DrillEvidence:
    """Return a drill that passed."""
    evidence = DrillEvidence(
        org=ORG,
        id=f"drl_{number:03d}",
        service_id="svc_shop",
        service="shop",
        environment="production",
        plan="receipts-off",
        plan_digest="sha256:" + "0" * 64,
        level=DrillLevel.L1,
        outcome=DrillOutcome.PASSED,
        started_at=at(number),
        ended_at=at(number + 0.01),
        requested_by="holdfast",
        inputs=(("plan", "0" * 64),),
        steps=(DrillStep("compiles", True, "it does", at(number), 0.002),),
        propagation_s=0.031,
        faults=("stream-cut",),
        envelope='{"payload": "…"}',
    )
    return replace(evidence, **fields)  # type: ignore[arg-type]  # names are checked by `replace`


class DrillSuite:
    """Evidence of rehearsals, and that what they make is kept apart."""

    def test_evidence_is_read_back_as_it_was(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.drills.save(drill(1))
        with store.read(ORG) as tx:
            assert tx.drills.get("drl_001") == drill(1)
            with pytest.raises(NotFoundError):
                tx.drills.get("drl_002")

    def test_drill_that_runs_is_changed_until_it_ends(self, store: Store) -> None:
        running = drill(1, outcome=DrillOutcome.RUNNING, ended_at=None, envelope="", steps=())
        with store.write(ORG, START) as tx:
            tx.drills.save(running)
            assert tx.drills.newest() == []
            tx.drills.save(drill(1))
            assert tx.drills.list() == [drill(1)]

    def test_drills_of_a_plan_come_newest_first(self, store: Store) -> None:
        some = [drill(1), drill(2, environment="staging"), drill(3, plan="other"), drill(4)]
        with store.write(ORG, START) as tx:
            for one in some:
                tx.drills.save(one)
            assert [one.id for one in tx.drills.of_plan("svc_shop", "receipts-off")] == [
                "drl_004",
                "drl_002",
                "drl_001",
            ]
            here = tx.drills.of_plan("svc_shop", "receipts-off", "production", limit=1)
            assert [one.id for one in here] == ["drl_004"]

    def test_newest_is_one_of_each_plan_place_and_level(self, store: Store) -> None:
        some = [drill(1), drill(2), drill(3, level=DrillLevel.L0), drill(4, environment="staging")]
        some.append(drill(5, outcome=DrillOutcome.RUNNING))
        with store.write(ORG, START) as tx:
            for one in some:
                tx.drills.save(one)
            assert [one.id for one in tx.drills.newest()] == ["drl_004", "drl_003", "drl_002"]

    def test_list_goes_on_after_a_drill(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for number in range(1, 4):
                tx.drills.save(drill(number))
            assert [one.id for one in tx.drills.list(limit=2)] == ["drl_003", "drl_002"]
            assert [one.id for one in tx.drills.list("drl_002")] == ["drl_001"]

    def test_drills_of_another_org_are_not_there(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.drills.save(drill(1))
        with store.write(OTHER, START) as tx:
            assert (list(tx.drills.list()), list(tx.drills.newest())) == ([], [])
            with pytest.raises(UsageError):
                tx.drills.save(drill(2))

    def test_what_a_drill_made_is_not_among_what_is_real(self, store: Store) -> None:
        real, synthetic = exposure(1), replace(exposure(2), drill="drl_001")
        with store.write(ORG, START) as tx:
            tx.exposures.save([real, synthetic])
        with store.read(ORG) as tx:
            for every in (tx.exposures.all(), tx.exposures.all(current=False)):
                assert [one.id for one in every] == [real.id]
            assert [one.id for one in tx.exposures.of_subjects([(SHOP, "production")])] == [real.id]
            assert [one.id for one in tx.exposures.of_clusters([real.cluster, synthetic.cluster])] == [real.id]
            assert tx.queries.counts().by_state == {"open": 1}
            page = tx.queries.exposures(ExposureFilter(), as_of=None, after=None, limit=10)
            then = tx.queries.exposures(ExposureFilter(states=("open",)), as_of=at(1), after=None, limit=10)
            assert (page.total, then.total) == (1, 1)

    def test_what_a_drill_made_is_found_by_who_asks_for_it(self, store: Store) -> None:
        synthetic = replace(exposure(2), drill="drl_001")
        with store.write(ORG, START) as tx:
            tx.exposures.save([exposure(1), synthetic])
        with store.read(ORG) as tx:
            assert tx.exposures.get(synthetic.id).drill == "drl_001"
            assert [one.id for one in tx.exposures.of_drill("drl_001")] == [synthetic.id]
            page = tx.queries.exposures(ExposureFilter(drills=True), as_of=None, after=None, limit=10)
            assert page.total == 2

    def test_figures_of_what_a_drill_made_are_none(self, store: Store) -> None:
        synthetic = replace(exposure(2), drill="drl_001")
        with store.write(ORG, START) as tx:
            for one in (exposure(1), synthetic):
                tx.journal.append("exposure.opened", json.loads(exposure_to_json(one)))
        with store.read(ORG) as tx:
            recomputed = exposures_from_journal(tx.journal.read())
        assert [one.id for one in recomputed] == ["exp_001"]
        assert summarize([exposure(1), synthetic], at(5))[0].n == 1

    def test_runs_of_drills_are_listed_for_who_asks_for_them(self, store: Store) -> None:
        synthetic = replace(exposure(2), drill="drl_001")
        real, rehearsed = run(1, RunState.EFFECTIVE), run(2, RunState.EFFECTIVE)
        with store.write(ORG, START) as tx:
            tx.exposures.save([exposure(1), synthetic])
            tx.runs.save(replace(real, exposure="exp_001"))
            tx.runs.save(replace(rehearsed, exposure=synthetic.id, drill="drl_001"))
        with store.read(ORG) as tx:
            assert [one.id for one in tx.runs.list()] == [real.id]
            assert [one.id for one in tx.runs.list(drills=True)] == [rehearsed.id, real.id]

    def test_runs_are_counted_by_state(self, store: Store) -> None:
        states = (RunState.EFFECTIVE, RunState.EFFECTIVE, RunState.FAILED, RunState.UNDONE)
        with store.write(ORG, START) as tx:
            tx.exposures.save([exposure(1), replace(exposure(2), drill="drl_001")])
            for number, state in enumerate(states):
                tx.runs.save(replace(run(number, state), exposure="exp_001"))
            tx.runs.save(replace(run(9, RunState.FAILED), exposure="exp_002", drill="drl_001"))
        asked = (RunState.EFFECTIVE, RunState.FAILED, RunState.ACTING)
        with store.read(ORG) as tx:
            assert tx.runs.count(asked) == {RunState.EFFECTIVE: 2, RunState.FAILED: 1}
            assert tx.runs.count(asked, drills=True) == {RunState.EFFECTIVE: 2, RunState.FAILED: 2}
        with store.read(OTHER) as tx:
            assert tx.runs.count(asked, drills=True) == {}

    def test_nothing_real_waits_for_a_drill(self, store: Store) -> None:
        synthetic = replace(exposure(2), drill="drl_001")
        with store.write(ORG, START) as tx:
            tx.exposures.save([exposure(1), synthetic])
            tx.runs.save(replace(run(1, RunState.ACTING), exposure="exp_001"))
            tx.runs.save(replace(run(2, RunState.ACTING), exposure=synthetic.id, drill="drl_001"))
        with store.read(ORG) as tx:
            assert [one.run for one in tx.runs.at_work()] == ["run_1"]
