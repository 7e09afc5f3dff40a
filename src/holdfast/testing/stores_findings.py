"""What every store does with findings and mitigations: exposures, runs, flags, the journal."""

# ruff: noqa: S101 - a suite of tests

import contextlib
from dataclasses import replace

import pytest

from holdfast.errors import ConflictError, JournalError, NotFoundError, UsageError
from holdfast.model.component import Location
from holdfast.model.exposure import Clocks, Exposure, Risk, State, Subject
from holdfast.model.flag import FlagDefinition, Overlay
from holdfast.model.inventory import Reach
from holdfast.model.journal import GENESIS, entry_hash
from holdfast.model.plan import Autonomy, Coverage, Plan, Probe, Step
from holdfast.model.run import Run, RunState, RunStep, StepState
from holdfast.ports.queries import ExposureFilter
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import (
    ORG,
    OTHER,
    at,
)

SHOP = Subject("service", "svc_shop", "shop")


def exposure(
    number: int, *, episode: int = 1, fingerprint: str | None = None, severity: float | None = 5.0
) -> Exposure:
    """Return an open exposure."""
    return Exposure(
        ORG,
        f"exp_{number:03d}",
        fingerprint or f"1:{number:03d}",
        episode,
        SHOP,
        "production",
        "PyPI",
        f"package-{number}",
        f"clu_{number}",
        (f"A-{number}",),
        ("1.0",),
        State.OPEN,
        Clocks(at(-1), at(-2), at(-2), at(0), at(-3)),
        Risk(severity, "CVSS:3.1/…", number == 1, 0.1, Reach.INTERNET, "2.0"),
        backlog=False,
        team="payments",
        locations=(Location("uv.lock", 3),),
        summary="a hole\0 in it",
    )


class ExposureSuite:
    """Episodes of exposures, and lists of them."""

    def test_an_exposure_is_read_back_as_it_was(self, store: Store) -> None:
        one = exposure(1)
        with store.write(ORG, START) as tx:
            tx.exposures.save([one], {"0:old": one.id})
            assert tx.exposures.get(one.id) == one
            assert tx.exposures.of_subjects([(SHOP, "production")]) == [one]
            assert tx.exposures.of_subjects([(SHOP, "staging")]) == []
            assert tx.exposures.of_clusters(["clu_1", "clu_2"]) == [one]
        with store.read(OTHER) as tx, pytest.raises(NotFoundError):
            tx.exposures.get(one.id)

    def test_the_highest_episode_is_the_current_one(self, store: Store) -> None:
        first, second = exposure(1, fingerprint="1:x"), exposure(2, fingerprint="1:x", episode=2)
        with store.write(ORG, START) as tx:
            tx.exposures.save([second])
            tx.exposures.save([replace(first, state=State.RESOLVED)])
            assert list(tx.exposures.all()) == [second]
            assert len(list(tx.exposures.all(current=False))) == 2
        with pytest.raises(ConflictError), store.write(ORG, START) as tx:
            tx.exposures.save([exposure(3, fingerprint="1:x", episode=2)])

    def test_exposures_come_by_rank_page_by_page(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.exposures.save([exposure(n, severity=float(n % 10)) for n in range(1, 26)])
            seen: list[str] = []
            after = None
            while True:
                page = tx.queries.exposures(ExposureFilter(), as_of=None, after=after, limit=10)
                assert page.total == 25
                seen += [one.id for one in page.rows]
                after = page.next
                if after is None:
                    break
            assert len(set(seen)) == len(seen) == 25
            assert seen[:2] == ["exp_001", "exp_009"]
            with pytest.raises(UsageError):
                tx.queries.exposures(ExposureFilter(), as_of=None, after="nonsense", limit=10)

    def test_filters_narrow_the_list(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.exposures.save([exposure(1), replace(exposure(2, severity=None), state=State.MITIGATED, team=None)])
            for where, count in (
                (ExposureFilter(states=("open",)), 1),
                (ExposureFilter(services=("shop",)), 2),
                (ExposureFilter(teams=("payments",)), 1),
                (ExposureFilter(text="PACKAGE-2"), 1),
                (ExposureFilter(text="package_"), 0),
                (ExposureFilter(min_severity=4), 1),
                (ExposureFilter(known_exploited=True), 1),
                (ExposureFilter(fix_available=False), 0),
                (ExposureFilter(kind="host"), 0),
                (ExposureFilter(environments=("production", "x"), backlog=False), 2),
            ):
                assert tx.queries.exposures(where, as_of=None, after=None, limit=10).total == count, where

    def test_exposures_of_then_are_those_known_and_live_then(self, store: Store) -> None:
        one = exposure(1)
        over = replace(one, state=State.RESOLVED, clocks=replace(one.clocks, resolved_at=at(5)))
        with store.write(ORG, START) as tx:
            tx.exposures.save([over])
            totals = [
                tx.queries.exposures(ExposureFilter(), as_of=at(hours), after=None, limit=10).total
                for hours in (-0.5, 0, 4, 5)
            ]
        assert totals == [0, 1, 1, 0]


def run(number: int, state: RunState, *, released: bool = False) -> Run:
    step = Step("flag", (("flag", "beta"), ("variant", "off")))
    probe = Probe("http", "http://127.0.0.1/", expect_json=(("/a", "1"),))
    plan = Plan("off", "true", 3, 7, (step,), Coverage.FULL, (probe,), (("default", Autonomy.AUTO),))
    steps = (RunStep(1, step, f"key-{number}", StepState.INTENT, at(1), "…"),)
    run_id = f"run_{number}"
    return Run(
        ORG, run_id, "exp_001", "svc_shop", "shop", "production", plan, "digest", state, Autonomy.AUTO, steps,
        at(number), "system", released=released,
    )  # fmt: skip


class MitigationSuite:
    """Runs, flags, overlays."""

    def test_a_run_is_read_back_as_it_was(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.runs.save(run(1, RunState.ACTING))
            tx.runs.save(run(1, RunState.VERIFYING))
            assert tx.runs.get("run_1") == run(1, RunState.VERIFYING)
            assert tx.runs.of_exposures(["exp_001"]) == [run(1, RunState.VERIFYING)]
            with pytest.raises(NotFoundError):
                tx.runs.get("run_2")

    def test_unfinished_runs_are_those_an_engine_must_go_on_with(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for number, state in enumerate(RunState):
                tx.runs.save(run(number, state))
            tx.runs.save(run(90, RunState.EFFECTIVE, released=True))
            tx.runs.save(run(91, RunState.UNDONE, released=True))
            states = [run.state.value for run in tx.runs.unfinished()]
            assert states == ["approved", "acting", "verifying", "undoing", "effective"]
            assert [run.id for run in tx.runs.list(limit=2)] == ["run_91", "run_90"]
            assert [run.id for run in tx.runs.list(after="run_90", limit=1)] == ["run_9"]

    def test_a_flags_revision_rises_with_every_change(self, store: Store) -> None:
        flag = FlagDefinition(ORG, "production", "beta", '{"state": "ENABLED"}', 1, START)
        overlay = Overlay(ORG, "ovl_1", "production", "beta", "off", "exp_001", "run_1", START)
        with store.write(ORG, START) as tx:
            revisions = [tx.flags.revision("production")]
            for _ in range(2):
                tx.flags.save(flag)
                revisions.append(tx.flags.revision("production"))
            for _ in range(2):
                tx.overlays.save(overlay)
                revisions.append(tx.flags.revision("production"))
            for hours in (1, 2):
                tx.overlays.lift("ovl_1", at(hours))
                revisions.append(tx.flags.revision("production"))
            assert revisions == [0, 1, 1, 2, 2, 3, 3]
            assert tx.flags.revision("staging") == 0
            assert tx.flags.list("production") == [flag] == [tx.flags.find("production", "beta")]

    def test_all_flags_are_those_that_were_committed(self, store: Store) -> None:
        one, other = (FlagDefinition(ORG, "production", key, "{}", 1, START) for key in ("alpha", "beta"))
        with store.write(ORG, START) as tx:
            tx.flags.save(one)
            assert tx.flags.list("production") == [one]
        with contextlib.suppress(ZeroDivisionError), store.write(ORG, START) as tx:
            tx.flags.save(other)
            assert tx.flags.list("production") == [one, other]
            raise ZeroDivisionError
        for expected in ([one], [one, other], [other]):
            with store.write(ORG, START) as tx:
                for flag in expected:
                    tx.flags.save(flag)
                if one not in expected:
                    tx.flags.remove("production", "alpha")
                assert tx.flags.list("production") == expected
            for _ in range(2):
                with store.read(ORG) as tx:
                    assert tx.flags.list("production") == expected
                    assert tx.flags.list("staging") == []

    def test_overlays_stack_until_all_are_lifted(self, store: Store) -> None:
        first = Overlay(ORG, "ovl_1", "production", "beta", "off", "…", "run_1", at(1))
        second = Overlay(ORG, "ovl_2", "production", "beta", "off", "…", None, at(2))
        with store.write(ORG, START) as tx:
            tx.overlays.save(second)
            tx.overlays.save(first)
            assert tx.overlays.active("production", "beta") == [first, second]
            tx.overlays.lift("ovl_1", at(3))
            assert tx.overlays.active("production") == [second]
            assert tx.overlays.of_run("run_1") == [replace(first, lifted_at=at(3))]
            assert tx.overlays.active("production", "other") == []


class JournalSuite:
    """The chain."""

    def test_entries_form_a_chain_in_order(self, store: Store) -> None:
        for number in range(3):
            with store.write(ORG, at(number)) as tx:
                tx.journal.append("a.b", {"id": f"x{number}", "text": "é \0 \ud800"})
                tx.journal.append("c.d", {"about": ["x0", f"y{number}"]})
        with store.read(ORG) as tx:
            entries = list(tx.journal.read())
            previous = GENESIS
            for number, entry in enumerate(entries, 1):
                assert entry.seq == number
                assert entry.hash == entry_hash(previous, ORG, number, entry.at, entry.kind, entry.body)
                previous = entry.hash
            assert tx.journal.head() == (6, previous)
            assert [entry.seq for entry in tx.journal.read(after=2, limit=2)] == [3, 4]
            assert [entry.seq for entry in tx.journal.about("x0")] == [1, 2, 4, 6]
            assert [entry.seq for entry in tx.journal.about("x0", limit=1)] == [6]

    def test_each_org_has_a_chain_of_its_own(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.journal.append("a", {"id": "x"})
        with store.write(OTHER, START) as tx:
            assert tx.journal.head() == (0, GENESIS)
            assert tx.journal.about("x") == []

    def test_a_body_that_is_not_json_is_refused(self, store: Store) -> None:
        with store.write(ORG, START) as tx, pytest.raises(JournalError):
            tx.journal.append("a", {"id": object()})
        with store.read(ORG) as tx:
            assert list(tx.journal.read()) == []
