"""What every store does with advisories: revisions, layers, clusters, spans."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace

import pytest

from holdfast.errors import NotFoundError
from holdfast.model.advisory import Affected, Compiled, Enrichment, Event, Interval, Pairwise, Range, Snapshot
from holdfast.model.component import Component, Source
from holdfast.model.exposure import Subject
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.queries import Undecided
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER, advisory, at, component, key, publish, run_service, sbom

SHOP = Subject("service", "svc_shop", "shop")


class AdvisorySuite:
    """Records by revision, in layers."""

    def test_only_new_and_changed_records_are_told(self, store: Store) -> None:
        with store.write(PUBLIC, START) as tx:
            one = advisory("A-1", ("jinja2", "0", "3.1.4"))
            assert tx.advisories.save([one, advisory("A-2")], START) == ["A-1", "A-2"]
            assert tx.advisories.save([one], at(1)) == []
            assert tx.advisories.save([advisory("A-1", ("jinja2", "0", "3.1.5"), digest="2")], at(2)) == ["A-1"]
            assert (tx.advisories.get("A-1").revision, tx.advisories.get("A-1").recorded_at) == (2, at(2))
            rules = tx.advisories.rules("PyPI", "jinja2")
            assert rules.fixes == ("3.1.5",)
            with pytest.raises(NotFoundError):
                tx.advisories.get("A-3")

    def test_known_names_what_came_with_a_feed(self, store: Store) -> None:
        with store.write(PUBLIC, START) as tx:
            tx.advisories.save([advisory("A-1")], START, "PyPI")
            assert tx.advisories.known("PyPI") == {"A-1": at(-48)}
            assert tx.advisories.known("npm") == {}

    def test_an_orgs_own_record_wins_over_the_public_one(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("jinja2", "3.1.0"))})
        publish(store, advisory("A-1", ("jinja2", "0", "3.1.4")))
        publish(store, advisory("A-1", ("jinja2", "9", None), digest="own"), org=ORG)
        with store.read(ORG) as tx:
            assert tx.advisories.get("A-1").org == ORG
            assert list(tx.spans.all()) == []
            assert [hi for _, _, hi in tx.advisories.rules("PyPI", "jinja2").intervals if hi] == []
        with store.read(OTHER) as tx:
            assert tx.advisories.get("A-1").org == PUBLIC

    def test_another_orgs_record_matches_nothing_here(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("jinja2", "3.1.0"))})
        publish(store, advisory("A-1", ("jinja2", "0", "3.1.4")), org=OTHER)
        with store.read(ORG) as tx:
            assert list(tx.spans.all()) == []
            assert tx.spans.of_subjects([(SHOP, "production")]) == []

    def test_a_forgotten_record_matches_nothing_until_it_returns(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("jinja2", "3.1.0"))})
        one = advisory("A-1", ("jinja2", "0", "3.1.4"))
        publish(store, one)
        with store.write(PUBLIC, at(1)) as tx:
            tx.feeds.forget("PyPI", ["A-1"], at(1))
            assert tx.advisories.get("A-1").withdrawn == at(1)
            assert tx.advisories.rules("PyPI", "jinja2").fixes == ()
        with store.read(ORG) as tx:
            assert list(tx.spans.all()) == []
        publish(store, one, hours=2)
        with store.read(ORG) as tx:
            assert len(list(tx.spans.all())) == 1

    def test_clusters_are_merged_for_the_org_that_merged_them(self, store: Store) -> None:
        publish(store, advisory("A-1", aliases=("CVE-1",)), advisory("B-1"))
        with store.write(ORG, START) as tx:
            tx.clusters.assign("clu_own", ["A-1", "B-1", "CVE-1"], at(3))
            assert set(tx.clusters.of(["A-1", "B-1", "CVE-1", "X"]).values()) == {"clu_own"}
            assert tx.clusters.members(["clu_own", "clu_A-1"]) == {"clu_own": ["A-1", "B-1", "CVE-1"]}
            assert tx.clusters.edges(["clu_own"]) == [("A-1", ("CVE-1",)), ("B-1", ())]
            assert tx.clusters.created(["clu_own"]) == {"clu_own": at(3)}
            assert [row.id for row in tx.advisories.of_clusters(["clu_own"])["clu_own"]] == ["A-1", "B-1"]
        with store.read(OTHER) as tx:
            assert tx.clusters.members(["clu_A-1"]) == {"clu_A-1": ["A-1", "CVE-1"]}

    def test_an_absent_enrichment_is_not_a_no(self, store: Store) -> None:
        with store.write(PUBLIC, START) as tx:
            assert tx.enrichments.of(["CVE-1"]) == {"CVE-1": Enrichment()}
            tx.enrichments.save("kev", {"CVE-1": {"added": "2024-01-01"}, "CVE-9": {}}, START, "file")
            tx.enrichments.save("epss", {"CVE-1": {"epss": 0.5}}, START, "file")
            tx.enrichments.save("kev", {"CVE-1": {}}, at(1), "file")
            found = tx.enrichments.of(["CVE-1", "CVE-9"])
            assert found == {"CVE-1": Enrichment(True, 0.5), "CVE-9": Enrichment(False)}
            assert tx.enrichments.state()["kev"] == ("file", at(1))

    def test_feeds_are_wanted_for_what_the_inventory_has(self, store: Store) -> None:
        local = Component("npm", "mine", "1", Source.PATH)
        deb = component("openssl", "3.0", "Debian:12")
        run_service(store, "shop", {"1": sbom(component("a", "1"), local, deb)})
        snapshot = Snapshot("PyPI", "folder", START, None, 3, "etag")
        with store.write(PUBLIC, START) as tx:
            tx.feeds.save(snapshot)
            assert tx.feeds.list() == [snapshot]
            assert tx.feeds.wanted() == ["Debian", "PyPI"]

    def test_feeds_that_builds_wish_for_are_wanted_until_nobody_does(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("a", "1"), component("openssl", "3.0", "Debian:12"))})
        with store.write(OTHER, START) as tx:
            tx.feeds.wish(["Go"], at(2))
            tx.feeds.wish(["Go"], at(3))
        with store.write(ORG, START) as tx:
            tx.feeds.wish(["npm", "PyPI"], at(1))
            assert tx.feeds.wanted() == ["Debian", "Go", "PyPI", "npm"]
            tx.feeds.wish(["npm"], at(24 * 89))
            tx.feeds.wish([], at(24 * 100))
            assert tx.feeds.wanted() == ["Debian", "Go", "PyPI", "npm"]
            tx.feeds.wish(["PyPI"], at(24 * 180))
            assert tx.feeds.wanted() == ["Debian", "Go", "PyPI"]

    def test_releases_are_those_that_a_record_in_sight_speaks_of(self, store: Store) -> None:
        lo = key("1-1.el9", "AlmaLinux:9")
        nine = replace(advisory("A-1"), intervals=(Interval("AlmaLinux:9", "bash", lo, None),))
        rule = Pairwise("AlmaLinux:8", "bash", Range("ECOSYSTEM", (Event("introduced", "0"),)))
        publish(store, nine, advisory("A-2", pairwise=(rule,)), advisory("A-3", ("flask", "0", None)))
        publish(store, replace(advisory("B-1"), intervals=(Interval("Debian:12", "bash", lo, None),)), org=ORG)
        publish(store, _naming("B-2", "Debian:13", "bash"), org=OTHER)
        seen = {}
        for org in (ORG, OTHER, PUBLIC):
            with store.read(org) as tx:
                seen[org] = tx.feeds.releases()
        alma = {"AlmaLinux:8", "AlmaLinux:9"}
        assert seen == {ORG: alma | {"Debian:12"}, OTHER: alma | {"Debian:13"}, PUBLIC: alma}

    def test_a_record_without_versions_is_vague_until_it_names_some(self, store: Store) -> None:
        vague, sure = _naming("A-1", "PyPI", "jinja2"), _naming("A-1", "PyPI", "jinja2", ("jinja2", "0", "3.1.4"))
        sure = replace(sure, advisory=replace(sure.advisory, digest="2"))
        found = []
        for hours, one in enumerate((vague, sure, replace(vague, advisory=replace(vague.advisory, digest="3")))):
            publish(store, one, hours=hours)
            with store.read(ORG) as tx:
                found.append(tx.advisories.rules("PyPI", "jinja2").vague)
        with store.write(PUBLIC, at(4)) as tx:
            tx.feeds.forget("PyPI", ["A-1"], at(4))
            found.append(tx.advisories.rules("PyPI", "jinja2").vague)
        assert found == [("A-1",), (), ("A-1",), ()]

    def test_what_is_undecided_is_told_by_composition(self, store: Store) -> None:
        old, new = sbom(component("jinja2", "3.1.0")), sbom(component("jinja2", "3.1.4"), component("flask", "1"))
        run_service(store, "shop", {"1": old, "2": new})
        run_service(store, "till", {"1": new}, org=OTHER)
        publish(store, _naming("A-1", "PyPI", "jinja2"), _naming("A-2", "npm", "flask"))
        first, second = Undecided("A-1", "jinja2", "3.1.0"), Undecided("A-1", "jinja2", "3.1.4")
        with store.read(ORG) as tx:
            assert tx.queries.undecided(running=True) == {"sha256:sbom-shop-2": [second]}
            assert tx.queries.undecided(running=False) == {
                "sha256:sbom-shop-1": [first],
                "sha256:sbom-shop-2": [second],
            }
        publish(store, advisory("A-1", ("jinja2", "0", "3"), digest="own"), org=ORG)
        with store.read(ORG) as tx:  # its own word hides the public one
            assert tx.queries.undecided(running=False) == {}
        with store.read(OTHER) as tx:
            assert tx.queries.undecided(running=True) == {"sha256:sbom-till-1": [second]}


def _naming(advisory_id: str, ecosystem: str, name: str, *ranges: tuple[str, str, str | None]) -> Compiled:
    """Return a record that names a package."""
    one = advisory(advisory_id, *ranges)
    return replace(one, advisory=replace(one.advisory, affected=(Affected(ecosystem, name, (), ()),)))


class SpanSuite:
    """Matches, expanded over what ran."""

    def test_a_span_runs_from_start_to_end_of_its_deployment(self, store: Store) -> None:
        bad, good = sbom(component("root", "1"), component("jinja2", "3.1.0")), sbom(component("jinja2", "3.1.4"))
        run_service(store, "shop", {"1": bad, "2": good})
        publish(store, advisory("A-1", ("jinja2", "3.0", "3.1.4")))
        with store.read(ORG) as tx:
            (span,) = tx.spans.of_subjects([(SHOP, "production")])
            assert (span.subject, span.environment, span.target, span.release_id) == (
                SHOP,
                "production",
                "eu",
                "rel_shop_1",
            )
            assert (span.ecosystem, span.name, span.version) == ("PyPI", "jinja2", "3.1.0")
            assert (span.advisory, span.cluster, span.confidence) == ("A-1", "clu_A-1", "high")
            assert (span.started_at, span.ended_at, span.applicable_at) == (at(0), at(24), at(-72))
            assert (span.direct, span.path) == (False, ("root",))
            assert list(tx.spans.all()) == [span]
            assert list(tx.spans.of_clusters(["clu_A-1"])) == [span]
            assert tx.spans.of_subjects([(SHOP, "staging")]) == []
            assert tx.spans.of_clusters(["clu_none"]) == []

    def test_what_failed_or_never_ran_gives_no_span(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("jinja2", "3.1.0"))})
        publish(store, advisory("A-1", ("jinja2", "0", None)))
        with store.write(ORG, at(1)) as tx:
            (span,) = tx.spans.all()
            tx.deployments.end({"dep_shop_1_production_eu": span.started_at})
            assert list(tx.spans.all()) == []
            tx.deployments.end({"dep_shop_1_production_eu": None})
            assert list(tx.spans.all()) == [span]

    def test_a_component_that_is_not_from_a_registry_gives_no_span(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(Component("PyPI", "jinja2", "3.1.0", Source.VCS))})
        publish(store, advisory("A-1", ("jinja2", "0", None)))
        with store.read(ORG) as tx:
            assert list(tx.spans.all()) == []

    def test_a_revision_that_covers_more_applies_from_its_own_date(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("jinja2", "3.1.0"), component("flask", "1.0"))})
        publish(store, advisory("A-1", ("jinja2", "0", "4")))
        publish(store, advisory("A-1", ("jinja2", "3", "5"), ("flask", "0", None), digest="2", modified=at(3)), hours=4)
        with store.read(ORG) as tx:
            spans = {span.name: span.applicable_at for span in tx.spans.all()}
        assert spans == {"jinja2": at(-72), "flask": at(3)}

    def test_a_withdrawn_record_gives_no_span(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("jinja2", "3.1.0"))})
        publish(store, advisory("A-1", ("jinja2", "0", None)))
        publish(store, advisory("A-1", ("jinja2", "0", None), digest="2", withdrawn=at(1)), hours=2)
        with store.read(ORG) as tx:
            assert list(tx.spans.all()) == []
            assert tx.advisories.rules("PyPI", "jinja2").intervals == ()

    def test_a_rule_without_keys_is_compared_pairwise(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("a", "1.0", "npm"), component("a", "2.0.0", "npm"))})
        rule = Pairwise("npm", "a", Range("SEMVER", (Event("introduced", "0"),)), ("1.0",))
        publish(store, advisory("A-1", pairwise=(rule,)))
        with store.read(ORG) as tx:
            found = {(span.version, span.confidence) for span in tx.spans.all()}
            assert ("2.0.0", "low") in found
            assert set(tx.spans.of_clusters(["clu_A-1"])) == set(tx.spans.all())

    def test_both_directions_find_the_same(self, store: Store) -> None:
        run_service(store, "shop", {v: sbom(component("jinja2", f"3.1.{v}"), component("flask", v)) for v in "123456"})
        publish(store, *(advisory(f"A-{n}", ("jinja2", "0", f"3.1.{n}"), ("flask", f"{n}", None)) for n in range(1, 6)))
        with store.read(ORG) as tx:
            everything = set(tx.spans.all())
            assert len(everything) == sum(1 for v in range(1, 7) for n in range(1, 6) for hit in (v < n, v >= n) if hit)
            assert set(tx.spans.of_subjects([(SHOP, "production")])) == everything
            assert set(tx.spans.of_clusters([f"clu_A-{n}" for n in range(1, 6)])) == everything

    def test_a_span_names_the_component_and_its_source_package(self, store: Store) -> None:
        deb = Component("Debian:12", "libssl3", "3.0.1-1+b1", Source.REGISTRY, (), "openssl", "3.0.1-1")
        run_service(store, "shop", {"1": sbom(deb)})
        interval = Interval("Debian:12", "openssl", key("0", "Debian"), key("3.0.2-1", "Debian"))
        publish(store, replace(advisory("D-1"), intervals=(interval,)))
        with store.read(ORG) as tx:
            (span,) = tx.spans.all()
            places = tx.spans.places([(SHOP, "production")], [("Debian:12", "libssl3")], at(1))
        assert (span.name, span.version) == ("libssl3", "3.0.1-1+b1")
        assert (span.package, span.package_version) == ("openssl", "3.0.1-1")
        assert places["svc_shop", "production"].components == {("Debian:12", "libssl3", "3.0.1-1+b1")}

    def test_places_tell_since_when_and_what_runs_there(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("jinja2", "3.0")), "2": sbom(component("flask", "1"))})
        wanted = [(SHOP, "production"), (SHOP, "staging")]
        with store.read(ORG) as tx:
            before, then, now = (
                tx.spans.places(wanted, [("PyPI", "jinja2"), ("PyPI", "x")], at(hours)) for hours in (-1, 1, 30)
            )
        place = ("svc_shop", "production")
        assert set(now) == {place}
        assert (before[place].still_runs, then[place].still_runs, now[place].still_runs) == (False, True, True)
        assert then[place].components == {("PyPI", "jinja2", "3.0")}
        assert now[place].components == frozenset()
        assert now[place].watched_since == START
