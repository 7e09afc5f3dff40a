"""VEX documents that a server keeps clear what runs, mark it, and let it be open again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.findings.heard import CLEARED, REOPENED
from holdfast.loop.heard import builds_of
from holdfast.loop.intake import register_release
from holdfast.loop.judging import judge_due, mark_the_day
from holdfast.loop.policy_change import change_policy
from holdfast.loop.requests import ReleaseRequest
from holdfast.loop.vex_documents import read_named, remove_vex, set_vex
from holdfast.model.build import Level
from holdfast.model.exposure import Exposure, State
from holdfast.model.inventory import Artifact
from holdfast.model.tenancy import PUBLIC
from tests.loop.test_advisory_facts import debian, install
from tests.loop.world import World, open_world, record, sbom

BAD, WORSE, FIXED = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-pdf@1.3.0", "pkg:pypi/acme-pdf@1.5.0"
IMAGE, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def statement(status: str = "not_affected", product: str = BAD, vulnerability: str = "CVE-1", **more: Any) -> Any:
    """Return a statement of OpenVEX."""
    why = {"justification": "vulnerable_code_not_present"} if status == "not_affected" else {}
    return {"vulnerability": {"name": vulnerability}, "products": [{"@id": product}], "status": status} | why | more


def document(*statements: Any, author: str = "Vendor", name: str = "1") -> str:
    """Return a document of OpenVEX."""
    head = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"https://vex.example/{name}",
        "author": author,
        "timestamp": "2025-01-01T00:00:00Z",
        "version": 1,
    }
    return json.dumps(head | {"statements": list(statements)})


def judge(world: World) -> int:
    """Judge what waits, as the background does."""
    return judge_due(world.store, world.clock, world.ids, world.org)


def keep(world: World, *statements: Any, name: str = "vendor", **more: str) -> int:
    """Keep a document and let the background judge."""
    world.clock.tick(60)
    with world.turn() as turn:
        set_vex(turn, read_named(name, document(*statements, name=name, **more)))
    return judge(world)


def drop(world: World, name: str = "vendor") -> int:
    """Take a document away and let the background judge."""
    world.clock.tick(60)
    with world.turn() as turn:
        remove_vex(turn, name)
    return judge(world)


def expose(world: World, *purls: str, **more: Any) -> None:
    """Let a release run that a record affects."""
    world.release("shop", "1", *(purls or (BAD,)), **more)
    world.deploy("shop", "1")
    world.push(record("GHSA-1", ("0", "1.5.0"), aliases=["CVE-1"]))


def only(world: World) -> Exposure:
    """Return the one exposure."""
    (found,) = world.exposures()
    return found


def kinds_of(world: World, exposure: Exposure) -> list[str]:
    """Return what the journal says of an exposure, in order."""
    with world.store.read(world.org) as tx:
        return [entry.kind for entry in tx.journal.about(exposure.id)]


@pytest.mark.parametrize("status", ["not_affected", "fixed"])
def test_a_document_clears_what_it_names_exactly_and_nothing_else(world: World, status: str) -> None:
    expose(world)
    world.push(record("GHSA-2", ("0", "1.5.0"), aliases=["CVE-2"]))
    assert keep(world, statement(status)) == 1
    live = world.live()
    one, other = live["shop", "CVE-1+GHSA-1"], live["shop", "CVE-2+GHSA-2"]
    assert (one.state, one.clocks.cleared_at) == (State.CLEARED, world.clock.now())
    assert one.said is not None
    with world.store.read(world.org) as tx:
        kept = tx.vex.find("vendor")
    assert kept is not None
    assert (one.said.document, one.said.digest, one.said.author) == ("vendor", kept.digest, "Vendor")
    assert (other.state, other.said) == (State.OPEN, None)
    assert kinds_of(world, one)[-1] == CLEARED
    assert world.recompute() == []


@pytest.mark.parametrize(
    "product", [WORSE, "pkg:pypi/acme", "pkg:npm/acme-pdf@1.4.0", "cpe:/a:acme:pdf", BAD + "?arch=x86_64", IMAGE]
)
def test_what_is_named_otherwise_says_nothing(world: World, product: str) -> None:
    expose(world)
    assert keep(world, statement(product=product)) == 0
    assert (only(world).state, only(world).said) == (State.OPEN, None)


@pytest.mark.parametrize("status", ["under_investigation", "affected"])
def test_what_clears_nothing_marks(world: World, status: str) -> None:
    expose(world)
    assert keep(world, statement(status, action_statement="Take it out")) == 1
    one = only(world)
    assert one.said is not None
    assert (one.state, one.said.status.value) == (State.OPEN, status)
    assert one.said.action == ("Take it out" if status == "affected" else one.said.action)


def test_withdrawing_a_document_opens_again_what_it_cleared(world: World) -> None:
    expose(world)
    before = only(world)
    keep(world, statement())
    assert drop(world) == 1
    assert only(world) == before
    assert kinds_of(world, before)[-2:] == [CLEARED, REOPENED]


def test_replacing_a_document_judges_what_it_named_and_names(world: World) -> None:
    expose(world)
    keep(world, statement())
    assert keep(world, statement("under_investigation")) == 1
    assert only(world).state is State.OPEN
    keep(world, statement())
    assert keep(world, statement(vulnerability="CVE-9")) == 1
    assert (only(world).state, only(world).said) == (State.OPEN, None)


def test_the_strictest_of_several_documents_counts(world: World) -> None:
    expose(world)
    keep(world, statement())
    keep(world, statement("under_investigation"), name="doubter")
    one = only(world)
    assert one.said is not None
    assert (one.state, one.said.document, len(one.said.others)) == (State.OPEN, "doubter", 1)
    drop(world, "doubter")
    assert only(world).state is State.CLEARED


def test_what_comes_to_run_is_cleared_at_once_and_nothing_is_planned(world: World) -> None:
    keep(world, statement())
    expose(world)
    one = only(world)
    assert (one.state, one.clocks.cleared_at) == (State.CLEARED, one.clocks.detected_at)
    assert kinds_of(world, one) == ["exposure.opened", CLEARED]


def test_another_version_that_runs_too_opens_it_again(world: World) -> None:
    expose(world)
    keep(world, statement())
    world.ship("shop", "2", WORSE, target="us")
    one = only(world)
    assert one.said is not None
    assert (one.state, one.said.void) == (State.OPEN, ("it speaks of 1 of the 2 builds that run",))
    world.deploy("shop", "1", target="us")
    assert only(world).state is State.CLEARED


def test_a_cleared_one_ends_when_it_runs_no_more(world: World) -> None:
    expose(world)
    keep(world, statement())
    world.clock.tick(60)
    world.ship("shop", "2", FIXED)
    assert only(world).state is State.RESOLVED


def test_a_product_with_parts_counts_in_the_image_that_it_names(world: World) -> None:
    products = [{"@id": "pkg:oci/shop@" + IMAGE.replace(":", "%3A"), "subcomponents": [{"@id": BAD}]}]
    expose(world, artifacts=(Artifact(IMAGE, "image"),))
    assert keep(world, statement(products=products)) == 1
    assert only(world).state is State.CLEARED
    with world.turn() as turn:
        register_release(turn, ReleaseRequest("shop", "2", sbom=sbom(BAD), artifacts=(Artifact(OTHER, "image"),)))
    world.deploy("shop", "2", target="us")
    assert only(world).state is State.OPEN


def test_what_is_told_later_of_a_release_that_runs_must_be_cleared_too(world: World) -> None:
    products = [{"@id": "pkg:oci/shop@" + IMAGE.replace(":", "%3A"), "subcomponents": [{"@id": BAD}]}]
    expose(world, artifacts=(Artifact(IMAGE, "image", "linux/amd64"),))
    assert keep(world, statement(products=products)) == 1
    world.release("shop", "1", BAD, artifacts=tuple(Artifact(one, "image") for one in (IMAGE, OTHER)))
    one = only(world)
    assert one.said is not None
    assert (one.state, one.said.void) == (State.OPEN, ("it speaks of 1 of the 2 builds that run",))


def test_every_platform_must_be_cleared_and_an_index_stands_for_all() -> None:
    both = (Artifact(IMAGE, "image", "linux/amd64"), Artifact(OTHER, "image", "linux/arm64"))
    index = "sha256:" + "c" * 64
    assert [set(one.digests) for one in builds_of(both)] == [{IMAGE}, {OTHER}]
    found = builds_of((*both, Artifact(index, "image-index")))
    assert [set(one.digests) for one in found] == [{IMAGE, index}, {OTHER, index}]
    assert [set(one.digests) for one in builds_of([Artifact(index, "image-index")])] == [{index}]
    several = builds_of([*both, Artifact(index, "image-index"), Artifact("sha256:d", "image-index")])
    assert [len(one.digests) for one in several] == [1, 1, 1, 1]
    assert [set(one.digests) for one in builds_of([])] == [set()]


def exploit(world: World) -> None:
    """Let the world know that it is exploited, and judge as a feed's sync does."""
    world.clock.tick(60)
    with world.store.write(PUBLIC, world.clock.now()) as tx:
        tx.enrichments.save("kev", {"CVE-1": {"known_exploited": True}}, world.clock.now(), "kev")
    world.recompute()


def test_what_comes_to_be_exploited_is_open_again_unless_the_policy_lets_it_be(world: World) -> None:
    expose(world)
    keep(world, statement())
    exploit(world)
    one = only(world)
    assert one.said is not None
    assert (one.state, one.said.void) == (State.OPEN, ("it is known to be exploited",))
    with world.turn() as turn:
        change_policy(turn, Level.ORG, "", "vex: {also_clears: [known-exploited]}\n")
    assert judge(world) == 1
    assert only(world).state is State.CLEARED


def test_a_policy_that_names_other_authors_opens_again(world: World) -> None:
    expose(world)
    keep(world, statement())
    with world.turn() as turn:
        change_policy(turn, Level.SERVICE, "shop", "vex: {authors: [Somebody]}\n")
    assert judge(world) == 1
    assert only(world).state is State.OPEN
    with world.turn() as turn:
        change_policy(turn, Level.SERVICE, "shop", None)
    judge(world)
    assert only(world).state is State.CLEARED


def test_a_malicious_package_is_not_talked_away(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.push(record("MAL-2026-1", ("0", "1.5.0")))
    keep(world, statement(vulnerability="MAL-2026-1"))
    one = only(world)
    assert one.said is not None
    assert (one.state, one.said.void) == (State.OPEN, ("a malicious package is taken out, not talked away",))


def test_a_statement_counts_from_its_date_on(world: World) -> None:
    expose(world)
    later = world.at(30)
    keep(world, statement(timestamp=later.isoformat()))
    assert only(world).state is State.OPEN
    world.clock.tick(40 * 3600)
    mark_the_day(world.store, world.clock, world.org)
    assert judge(world) == 1
    assert only(world).state is State.CLEARED


def test_a_machines_package_is_cleared_by_its_source_with_its_release(world: World) -> None:
    install(world)
    world.push(debian("DEBIAN-CVE-2024-2"))
    name = "pkg:deb/debian/openssl?arch=source&distro=debian-"
    assert keep(world, statement(product=name + "11", vulnerability="CVE-2024-2")) == 0
    assert keep(world, statement(product=name + "12", vulnerability="CVE-2024-2")) == 1
    assert only(world).state is State.CLEARED


def notice(world: World, *cves: str) -> None:
    """Let a machine run a package that a notice mends."""
    install(world, "Red Hat:9")
    events = [{"introduced": "0"}, {"fixed": "3.0.2-1"}]
    affected = {
        "package": {"ecosystem": "Red Hat:enterprise_linux:9::baseos", "name": "libssl3"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    world.push({"id": "RHSA-2026:1", "upstream": cves, "modified": "2026-01-01T10:00:00Z", "affected": [affected]})


def test_a_notice_is_cleared_once_every_cve_that_it_mends_is(world: World) -> None:
    notice(world, "CVE-2026-1", "CVE-2026-2")
    name = "pkg:rpm/redhat/libssl3?distro=redhat-9"
    keep(world, statement(product=name, vulnerability="CVE-2026-1"))
    one = only(world)
    assert one.said is not None
    assert (one.state, one.said.void) == (State.OPEN, ("nobody says it of CVE-2026-2",))
    keep(world, statement(product=name, vulnerability="CVE-2026-2"), name="second")
    assert only(world).state is State.CLEARED
    assert world.recompute() == []
    drop(world, "second")
    assert only(world).state is State.OPEN
    drop(world)
    assert only(world).said is None
    keep(world, statement(product=name, vulnerability="RHSA-2026:1"))
    assert only(world).state is State.CLEARED


def test_what_waits_is_judged_once_and_in_each_org_alone(world: World) -> None:
    expose(world)
    with world.turn() as turn:
        set_vex(turn, read_named("vendor", document(statement())))
    with world.store.read(world.org) as tx:
        assert len(tx.vex.due(9)) == 2  # what it names, and whatever notice mends that
    assert judge_due(world.store, world.clock, world.ids, PUBLIC) == 0
    assert (judge(world), judge(world)) == (1, 0)
    with world.store.read(world.org) as tx:
        assert list(tx.vex.due(9)) == []
