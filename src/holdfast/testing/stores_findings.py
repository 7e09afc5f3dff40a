"""What every store does with findings and mitigations: exposures, impact, runs, flags, the journal."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace

import pytest

from holdfast.errors import ConflictError, JournalError, NotFoundError, UsageError
from holdfast.model.advisory import Interval
from holdfast.model.component import Location
from holdfast.model.exposure import Clocks, Exposure, Risk, State, Subject
from holdfast.model.inventory import Host, Reach, Status
from holdfast.model.journal import GENESIS, entry_hash
from holdfast.model.plan import (
    Autonomy,
    Coverage,
    FlagDefinition,
    Overlay,
    Plan,
    Probe,
    Run,
    RunState,
    RunStep,
    Step,
    StepState,
)
from holdfast.ports.queries import ExposureFilter, ImpactRow
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import (
    ORG,
    OTHER,
    at,
    component,
    deployment,
    key,
    publish,
    release,
    run_service,
    save_release,
    sbom,
    service,
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


class ImpactSuite:
    """What runs inside an interval."""

    def test_impact_counts_all_and_pages_through(self, store: Store) -> None:
        for name in ("c", "a", "b"):
            run_service(
                store, name, {"1": sbom(component("jinja2", "3.0"), component("jinja2", "3.1"), component("x", "1"))}
            )
        wanted = [("A-1", Interval("PyPI", "jinja2", key("3.0"), key("4.0")))]
        with store.read(ORG) as tx:
            rows: list[ImpactRow] = []
            after = None
            while True:
                page = tx.queries.impact(wanted, [], as_of=None, after=after, limit=2)
                rows += page.rows
                assert page.total == 6
                after = page.next
                if after is None:
                    break
            assert [(row.subject, row.component_version) for row in rows] == [
                (name, version) for name in "abc" for version in ("3.0", "3.1")
            ]
            first = rows[0]
            assert (first.advisory, first.team, first.tier, first.version) == ("A-1", "payments", 1, "1")
            assert (first.purl, first.locations) == ("pkg:pypi/jinja2@3.0", (Location("uv.lock", 1),))
        with store.read(OTHER) as tx:
            assert tx.queries.impact(wanted, [], as_of=None, after=None, limit=2).total == 0

    def test_impact_walks_many_rows_in_order(self, store: Store) -> None:
        several = sbom(*(component("jinja2", f"3.{minor}") for minor in range(40)))
        for number in range(30):
            run_service(store, f"s{number:02d}", {"1": several})
        wanted = [("A-1", Interval("PyPI", "jinja2", key("3.0"), None))]
        with store.read(ORG) as tx:
            rows: list[tuple[str, str]] = []
            after = None
            while True:
                page = tx.queries.impact(wanted, [], as_of=None, after=after, limit=333)
                rows += [(row.subject, row.purl) for row in page.rows]
                after = page.next
                if after is None:
                    break
        assert page.total == len(rows) == len(set(rows)) == 1200
        assert rows == sorted(rows)

    def test_impact_finds_versions_that_have_no_key(self, store: Store) -> None:
        from holdfast.controls.advisories import compile_advisory, parse_osv

        run_service(store, "shop", {"1": sbom(component("a", "1.0", "npm"), component("a", "2.0.0", "npm"))})
        affected = {
            "package": {"ecosystem": "npm", "name": "a"},
            "versions": ["1.0"],
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "3.0.0"}]}],
        }
        record = compile_advisory(parse_osv({"id": "A-1", "modified": "2025-01-01T00:00:00Z", "affected": [affected]}))
        publish(store, record)
        with store.read(ORG) as tx:
            page = tx.queries.impact([("A-1", one) for one in record.intervals], [], as_of=None, after=None, limit=9)
            spans = {(span.version, span.confidence) for span in tx.spans.all()}
        assert {(row.component_version, row.confidence) for row in page.rows} == spans
        assert ("2.0.0", "high") in spans

    def test_impact_as_of_an_instant_is_that_of_then(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("jinja2", "3.0")), "2": sbom(component("jinja2", "3.2"))})
        wanted = [(None, Interval("PyPI", "jinja2", key("3.0"), key("3.1")))]
        with store.read(ORG) as tx:
            totals = [
                tx.queries.impact(wanted, [], as_of=as_of, after=None, limit=9).total
                for as_of in (None, at(-1), at(0), at(23.9), at(24))
            ]
        assert totals == [0, 0, 1, 1, 0]

    def test_impact_counts_the_places_that_are_not_known_whole(self, store: Store) -> None:
        """`shop` was read in part, then whole; `part` in part, twice; `bare` has no SBOM; `failed` never ran."""
        partial = sbom(component("a", "1"))
        whole = replace(partial, unparsed=())
        run_service(store, "shop", {"1": partial, "2": whole})
        run_service(store, "part", {"1": partial})
        with store.write(ORG, START) as tx:
            tx.deployments.save(deployment("part", "1", at(0), target="us"))
            for name, status in (("bare", Status.SUCCEEDED), ("failed", Status.FAILED)):
                tx.services.save(service(name))
                save_release(tx, release(name, "1", None), whole)
                tx.deployments.save(deployment(name, "1", at(12), status=status))
            for machine, composition in (("m1", partial), ("m2", whole)):
                tx.sboms.save(f"sha256:{machine}", composition)
                system = (machine, "production", "Debian:12", "6.1", "x86_64")
                tx.hosts.save(Host(ORG, machine, *system, f"sha256:{machine}", at(6), at(6), at(72)), machine)
        wanted = [(None, Interval("PyPI", "a", b"", None))]
        with store.read(ORG) as tx:
            unknown = [
                tx.queries.impact(rules, [], as_of=as_of, after=None, limit=9).unknown
                for rules in (wanted, [])
                for as_of in (None, at(-1), at(0), at(6), at(12), at(30))
            ]
        assert unknown == [4, 0, 3, 4, 5, 4] * 2
        with store.read(OTHER) as tx:
            assert tx.queries.impact(wanted, [], as_of=None, after=None, limit=9).unknown == 0

    def test_running_shows_what_occupies_each_target(self, store: Store) -> None:
        run_service(
            store, "shop", {"1": sbom(component("a", "1")), "2": sbom(component("a", "1"), component("b", "1"))}
        )
        with store.read(ORG) as tx:
            ((now,), hosts) = tx.queries.running()
            ((then,), _) = tx.queries.running(at(1), "shop")
            counts = tx.queries.counts()
            coverage = tx.queries.coverage("svc_shop")
        assert (now.release.version, now.components, len(now.unparsed)) == ("2", 2, 1)
        assert (then.release.version, then.components, then.service.name, hosts) == ("1", 1, "shop", [])
        assert (counts.services, counts.releases, counts.deployments, counts.components) == (1, 2, 1, 2)
        assert [(one.ecosystem, one.source, one.components) for one in coverage] == [("PyPI", "registry", 2)]


def _run(number: int, state: RunState, *, released: bool = False) -> Run:
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
            tx.runs.save(_run(1, RunState.ACTING))
            tx.runs.save(_run(1, RunState.VERIFYING))
            assert tx.runs.get("run_1") == _run(1, RunState.VERIFYING)
            assert tx.runs.of_exposures(["exp_001"]) == [_run(1, RunState.VERIFYING)]
            with pytest.raises(NotFoundError):
                tx.runs.get("run_2")

    def test_unfinished_runs_are_those_an_engine_must_go_on_with(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for number, state in enumerate(RunState):
                tx.runs.save(_run(number, state))
            tx.runs.save(_run(90, RunState.EFFECTIVE, released=True))
            tx.runs.save(_run(91, RunState.UNDONE, released=True))
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
