"""What every store does with facts: services, releases, compositions, deployments, hosts, tenants."""

# ruff: noqa: S101 - a suite of tests

from contextlib import suppress
from dataclasses import replace

import pytest

from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.model.advisory import Interval
from holdfast.model.component import Component, Location, Occurrence, Sbom, Source
from holdfast.model.inventory import Artifact, Environment, Host, Reach, Status
from holdfast.model.tenancy import Group, Org, Permission, Team, Token
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import (
    ORG,
    OTHER,
    at,
    component,
    deployment,
    release,
    run_service,
    save_release,
    sbom,
    service,
)


class TenantSuite:
    """Orgs, tokens, settings, teams."""

    def test_an_org_and_its_token_are_found_before_the_org_is_known(self, store: Store) -> None:
        store.tenants.save_org(Org(ORG, "Acme", START))
        token = Token(ORG, "tok1", "ci", "digest", frozenset({Permission.READ}), START, at(1), team="t")
        store.tenants.save_token(token)
        assert list(store.tenants.orgs()) == [Org(ORG, "Acme", START)]
        assert store.tenants.find_token("tok1") == token
        assert store.tenants.tokens(OTHER) == []

    def test_a_revoked_token_says_so(self, store: Store) -> None:
        token = Token(ORG, "tok1", "ci", "digest", frozenset({Permission.ADMIN}), START, None)
        store.tenants.save_token(token)
        store.tenants.save_token(replace(token, revoked_at=at(2)))
        assert store.tenants.tokens(ORG) == [replace(token, revoked_at=at(2))]

    def test_a_token_never_changes_its_org(self, store: Store) -> None:
        token = Token(ORG, "tok1", "ci", "digest", frozenset(), START, None)
        store.tenants.save_token(token)
        with pytest.raises(ConflictError):
            store.tenants.save_token(replace(token, org=OTHER))

    def test_settings_belong_to_their_org(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.settings.set("paused", "yes \0 \ud800")
        with store.write(OTHER, START) as tx:
            assert tx.settings.get("paused") is None
        with store.write(ORG, START) as tx:
            assert tx.settings.get("paused") == "yes \ufffd \ufffd"
            tx.settings.set("paused", None)
            assert tx.settings.get("paused") is None

    def test_an_idempotent_answer_is_recalled_until_forgotten(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.settings.remember("k", "digest", "answer", START)
            tx.settings.remember("k", "digest", "another", at(1))
            assert tx.settings.recall("k") == ("digest", "answer")
            with pytest.raises(ConflictError):
                tx.settings.remember("k", "other", "answer", START)
            assert tx.settings.forget(at(1)) == 1
            assert tx.settings.recall("k") is None

    def test_teams_live_in_groups_that_exist(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.teams.save_group(Group(ORG, "grp1", "Platform", None))
            tx.teams.save_team(Team(ORG, "team1", "payments", "grp1"))
            assert tx.teams.find_team("payments") == Team(ORG, "team1", "payments", "grp1")
            assert [group.name for group in tx.teams.groups()] == ["Platform"]
            with pytest.raises(NotFoundError):
                tx.teams.save_team(Team(ORG, "team2", "search", "nowhere"))

    def test_two_teams_never_share_a_name(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.teams.save_team(Team(ORG, "team1", "payments"))
        with pytest.raises(ConflictError), store.write(ORG, START) as tx:
            tx.teams.save_team(Team(ORG, "team2", "payments"))
        with store.read(ORG) as tx:
            assert [team.id for team in tx.teams.teams()] == ["team1"]


class InventorySuite:
    """Services, releases, deployments."""

    def test_a_service_keeps_its_manifest_when_none_is_given(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.services.save(service("shop"), {"name": "shop"})
            tx.services.save(replace(service("shop"), team="other"))
            assert tx.services.find("shop") == replace(service("shop"), team="other")
            assert tx.services.manifest("svc_shop") == {"name": "shop"}
            assert tx.services.manifest("svc_none") is None
            with pytest.raises(NotFoundError):
                tx.services.get("svc_none")

    def test_all_declarations_are_read_at_once(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.services.save(service("shop"), {"name": "shop"})
            tx.services.save(service("silent"))
            assert tx.services.manifests() == {"svc_shop": {"name": "shop"}}
        with store.write(OTHER, START) as tx:
            assert tx.services.manifests() == {}

    def test_a_renamed_service_keeps_its_history(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("a", "1"))})
        with store.write(ORG, START) as tx:
            tx.services.save(replace(service("shop"), name="store"))
            wanted = [(None, Interval("PyPI", "a", b"", None))]
            names = [row.subject for row in tx.queries.impact(wanted, [], as_of=None, after=None, limit=9).rows]
            tx.deployments.end({"dep_shop_1_production_eu": None})
            names += [row.subject for row in tx.queries.impact(wanted, [], as_of=None, after=None, limit=9).rows]
        assert names == ["store", "store"]

    def test_what_no_store_can_hold_is_not_found(self, store: Store) -> None:
        odd = "a\0b \ud800 %s :x ? '"
        with store.write(ORG, START) as tx:
            assert tx.services.find(odd) is None
            assert tx.releases.find(service=odd, digest=odd) == []
            assert tx.clusters.of([odd, "b"]) == {}
            assert tx.clusters.members([odd]) == {}
            assert tx.journal.about(odd) == []
            assert tx.overlays.active(odd, odd) == []
            tx.services.save(replace(service("odd"), name=odd))
            assert [one.name for one in tx.services.list()] == ["a\ufffdb \ufffd %s :x ? '"]

    def test_services_come_in_pages_by_name(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for name in ("b", "a", "Z", "c"):
                tx.services.save(service(name))
            assert [one.name for one in tx.services.list(limit=2)] == ["Z", "a"]
            assert [one.name for one in tx.services.list(after="a")] == ["b", "c"]

    def test_a_value_of_another_org_is_refused(self, store: Store) -> None:
        with pytest.raises(UsageError), store.write(ORG, START) as tx:
            tx.services.save(service("shop", OTHER))

    def test_another_orgs_service_is_not_found(self, store: Store) -> None:
        run_service(store, "shop", {"1": sbom(component("a", "1"))})
        with store.read(OTHER) as tx:
            assert tx.services.find("shop") is None
            assert tx.releases.find(service="shop") == []
            assert not tx.sboms.has("sha256:sbom-shop-1")
            with pytest.raises(NotFoundError):
                tx.deployments.get("dep_shop_1_production_eu")

    def test_a_release_is_found_by_every_digest_of_it(self, store: Store) -> None:
        first = release("shop", "1", None)
        second = replace(first, id="rel_other", artifacts=(Artifact("sha256:arm", "image", "linux/arm64"),))
        with store.write(ORG, START) as tx:
            tx.releases.save(first, "shop|1", {"a": 1})
            tx.releases.save(second, "shop|1", None)
            whole = replace(first, artifacts=first.artifacts + second.artifacts)
            assert tx.releases.find(digest="sha256:arm") == [whole]
            assert tx.releases.find(service="shop", version="1", commit="c0ffee") == [whole]
            assert tx.releases.find(service="shop", limit=1) == tx.releases.find(service="shop")[:1]
            assert tx.releases.find(identity="shop|2") == []
            assert tx.releases.manifest(first.id) == {"a": 1}
            assert tx.releases.list("svc_shop") == [whole]

    def test_what_may_follow_a_release_is_kept_once_told(self, store: Store) -> None:
        told = replace(release("shop", "1", None), min_compatible="0.9")
        with store.write(ORG, START) as tx:
            tx.releases.save(release("shop", "1", None), "shop|1", None)
            assert tx.releases.get(told.id).min_compatible is None
            tx.releases.save(told, "shop|1", None)
            assert tx.releases.get(told.id) == told
            tx.releases.save(release("shop", "1", None), "shop|1", None)
            assert tx.releases.get(told.id) == told

    def test_a_release_never_changes_its_composition(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.sboms.save("sha256:1", sbom(component("a", "1")))
            tx.releases.save(release("shop", "1", "sha256:1"), "shop|1", None)
            with pytest.raises(ConflictError):
                tx.releases.save(release("shop", "1", "sha256:2"), "shop|1", None)

    def test_a_composition_is_read_back_as_it_was(self, store: Store) -> None:
        local = Component("PyPI", "mine", "", Source.PATH)
        deb = Component(
            "Debian:12", "libssl3", "3.0.1-1+b1", Source.REGISTRY, (("arch", "amd64"),), "openssl", "3.0.1-1"
        )
        kept = sbom(component("zebra", "1.0"), local, deb, component("alpha", "not a version"))
        with store.write(ORG, START) as tx:
            tx.sboms.save("sha256:1", kept)
            tx.sboms.save("sha256:1", sbom())
            assert tx.sboms.load("sha256:1") == kept
            tx.sboms.save("sha256:0", sbom())
            assert tx.sboms.load("sha256:0") == sbom()
            with pytest.raises(NotFoundError):
                tx.sboms.load("sha256:none")

    def test_a_component_told_twice_has_the_places_of_both(self, store: Store) -> None:
        one = component("a", "1")
        owned = Location("y", None, "pkg:deb/debian/a@1-1?distro=debian-12")
        twice = Sbom((Occurrence(one, (Location("x", 1),)), Occurrence(one, (owned,))))
        with store.write(ORG, START) as tx:
            tx.sboms.save("sha256:1", twice)
            loaded = tx.sboms.load("sha256:1")
        assert loaded.occurrences == (Occurrence(one, (Location("x", 1), owned)),)

    def test_a_slot_holds_its_deployments_by_valid_time(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            late = deployment("shop", "2", at(5))
            early = deployment("shop", "1", at(1), status=Status.IN_PROGRESS)
            tx.deployments.save(late)
            tx.deployments.save(early)
            tx.deployments.save(replace(early, status=Status.SUCCEEDED))
            tx.deployments.end({early.id: at(5)})
            slot = tx.deployments.slot("svc_shop", "production", "eu")
            assert slot == [replace(early, status=Status.SUCCEEDED, ended_at=at(5)), late]
            assert [one.id for one in tx.deployments.runs("svc_shop", "production", at(4))] == [early.id]
            assert [one.id for one in tx.deployments.runs("svc_shop", "production", at(5))] == [late.id]
            assert tx.deployments.runs("svc_shop", "staging", at(5)) == []

    def test_environments_are_found_by_name(self, store: Store) -> None:
        staging = Environment(ORG, "env_1", "staging", None, Reach.INTERNAL)
        with store.write(ORG, START) as tx:
            tx.environments.save(staging)
            assert tx.environments.find("staging") == staging
            assert tx.environments.find("production") is None
            assert tx.environments.list() == [staging]


def _host(digest: str, seen: float, lease: float = 24) -> Host:
    return Host(
        ORG, "host_1", "web1", "production", "Debian:12", "6.1", "x86_64", digest, START, at(seen), at(seen + lease)
    )


class HostSuite:
    """Hosts under leases."""

    def _ready(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for digest in ("sha256:1", "sha256:2"):
                tx.sboms.save(digest, sbom(component("a", digest[-1])))

    def test_a_changed_composition_begins_a_new_state(self, store: Store) -> None:
        self._ready(store)
        with store.write(ORG, START) as tx:
            tx.hosts.save(_host("sha256:1", 0), "machine-1")
        with store.write(ORG, at(5)) as tx:
            tx.hosts.save(_host("sha256:2", 5), "machine-1")
            assert [host.sbom for host in tx.hosts.list()] == ["sha256:2"]
            assert [host.sbom for host in tx.hosts.list(at(4))] == ["sha256:1"]
            assert [host.sbom for host in tx.hosts.list(at(5))] == ["sha256:2"]
            assert tx.hosts.list(at(-1)) == []
            assert tx.hosts.get("host_1") == tx.hosts.find("machine-1")

    def test_a_host_that_fell_silent_ends_with_its_lease(self, store: Store) -> None:
        self._ready(store)
        with store.write(ORG, START) as tx:
            tx.hosts.save(_host("sha256:1", 0), "machine-1")
            assert tx.hosts.expire(at(23)) == []
            assert [host.id for host in tx.hosts.expire(at(30))] == ["host_1"]
            assert tx.hosts.expire(at(30)) == []
            assert tx.hosts.list(at(25)) == []
            tx.hosts.save(_host("sha256:1", 48), "machine-1")
            assert tx.hosts.list(at(30)) == []
            assert [host.id for host in tx.hosts.list(at(48))] == ["host_1"]

    def test_a_host_seen_after_its_lease_had_a_gap(self, store: Store) -> None:
        self._ready(store)
        with store.write(ORG, START) as tx:
            tx.hosts.save(_host("sha256:1", 0), "machine-1")
            tx.hosts.save(_host("sha256:1", 10), "machine-1")
            tx.hosts.save(_host("sha256:1", 48), "machine-1")
            seen = [len(tx.hosts.list(at(hours))) for hours in (0, 33, 34, 47, 48)]
        assert seen == [1, 1, 0, 0, 1]

    def test_an_older_sight_of_a_host_changes_nothing(self, store: Store) -> None:
        self._ready(store)
        with store.write(ORG, START) as tx:
            tx.hosts.save(_host("sha256:2", 5), "machine-1")
            tx.hosts.save(_host("sha256:1", 4), "machine-1")
            assert tx.hosts.get("host_1").sbom == "sha256:2"

    def test_running_hosts_tell_their_size(self, store: Store) -> None:
        self._ready(store)
        with store.write(ORG, START) as tx:
            tx.hosts.save(_host("sha256:1", 0), "machine-1")
            _, hosts = tx.queries.running()
            assert [(one.host.name, one.components, len(one.unparsed)) for one in hosts] == [("web1", 1, 1)]


class TransactionSuite:
    """What holds for every transaction."""

    def test_nothing_of_a_failed_transaction_stays(self, store: Store) -> None:
        with suppress(ZeroDivisionError), store.write(ORG, START) as tx:
            tx.services.save(service("shop"))
            save_release(tx, release("shop", "1", "sha256:1"), sbom(component("a", "1")))
            tx.journal.append("service.saved", {"id": "svc_shop"})
            raise ZeroDivisionError
        with store.read(ORG) as tx:
            assert tx.services.find("shop") is None
            assert not tx.sboms.has("sha256:1")
            assert tx.journal.head()[0] == 0

    def test_a_conflict_that_was_caught_still_undoes_the_transaction(self, store: Store) -> None:
        with suppress(ConflictError), store.write(ORG, START) as tx:
            tx.services.save(service("shop"))
            with suppress(ConflictError):
                tx.services.save(replace(service("shop"), id="svc_other"))
        with store.read(ORG) as tx:
            assert tx.services.list() == []

    def test_a_read_transaction_refuses_writes(self, store: Store) -> None:
        with store.read(ORG) as tx, pytest.raises(UsageError):
            tx.services.save(service("shop"))
        with store.read(ORG) as tx, pytest.raises(UsageError):
            tx.journal.append("x", {})

    def test_a_read_transaction_sees_one_instant(self, store: Store) -> None:
        with store.read(ORG) as before:
            assert before.services.list() == []
            with store.write(ORG, START) as tx:
                tx.services.save(service("shop"))
            assert before.services.list() == []
        with store.read(ORG) as after:
            assert [one.name for one in after.services.list()] == ["shop"]

    def test_an_instant_without_offset_is_refused(self, store: Store) -> None:
        naive = replace(service("shop"), declared_at=START.replace(tzinfo=None))
        with pytest.raises(Exception, match="offset"), store.write(ORG, START) as tx:
            tx.services.save(naive)
