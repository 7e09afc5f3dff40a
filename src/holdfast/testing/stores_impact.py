"""What every store does with impact: what runs inside an interval, and what nobody can tell."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace

from holdfast.model.advisory import Interval
from holdfast.model.component import Location
from holdfast.model.inventory import Host, Status
from holdfast.ports.queries import ImpactRow
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
