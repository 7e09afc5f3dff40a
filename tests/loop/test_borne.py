"""Waivers that a server keeps are borne by what runs: until they end, are voided or withdrawn."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from holdfast.findings.borne import UNWAIVED, WAIVED
from holdfast.findings.clocks import time_to_repair
from holdfast.loop.builds import BuildAsk, judge_build
from holdfast.loop.intake import register_release
from holdfast.loop.judging import mark_ended, mark_the_day
from holdfast.loop.policy_change import change_policy
from holdfast.loop.requests import ReleaseRequest
from holdfast.loop.waiving import WaiverAsk, approve_waiver, ask_waiver, withdraw_waiver
from holdfast.model.build import Level, PolicyText
from holdfast.model.component import Component, Occurrence, Sbom
from holdfast.model.exposure import State, Waiving
from holdfast.model.tenancy import PUBLIC, Permission
from holdfast.model.waiver import Status
from tests.loop.test_heard import (
    BAD,
    FIXED,
    WORSE,
    drop,
    exploit,
    expose,
    judge,
    keep,
    kinds_of,
    only,
    statement,
)
from tests.loop.world import World, open_world, record, sbom

HOURS = 30 * 24
BOUND = (("=", "1.4.0"),)


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def ask(
    world: World,
    finding: str = "CVE-1",
    versions: tuple[tuple[str, str], ...] = BOUND,
    *,
    hours: float = HOURS,
    service: str = "shop",
    package: str = "acme-pdf",
    ecosystem: str = "PyPI",
) -> str:
    """Ask for a waiver, as Ana."""
    ends = world.clock.now() + timedelta(hours=hours)
    asked = WaiverAsk(
        finding, service, Status.AFFECTED, "will_not_fix", ends, "Until we move", ecosystem, package, versions
    )
    with world.turn(replace(world.token(Permission.BUILDS_WRITE), person="usr_ana")) as turn:
        return ask_waiver(turn, asked).waiver.id


def approve(world: World, waiver: str) -> int:
    """Approve a waiver as somebody else, and let the background judge."""
    with world.turn(replace(world.token(Permission.POLICY_WRITE), person="usr_sec")) as turn:
        approve_waiver(turn, waiver)
    return judge(world)


def waive(world: World, finding: str = "CVE-1", versions: tuple[tuple[str, str], ...] = BOUND, **more: object) -> str:
    """Ask for a waiver, approve it, and let the background judge."""
    world.clock.tick(60)
    made = ask(world, finding, versions, **more)  # type: ignore[arg-type]  # as `ask` takes them
    approve(world, made)
    return made


def waiver_of(world: World) -> Waiving:
    """Return what stands with the one exposure of its waiver."""
    found = only(world).waiver
    assert found is not None
    return found


def void_of(world: World) -> tuple[str, ...]:
    """Return why the one exposure, which is open, is not waived."""
    assert only(world).state is State.OPEN
    return waiver_of(world).void


def test_an_approved_waiver_waives_what_runs_visibly(world: World) -> None:
    expose(world)
    made = ask(world)
    assert (judge(world), only(world).state, only(world).waiver) == (0, State.OPEN, None)
    world.clock.tick(60)
    assert approve(world, made) == 1
    one, found = only(world), waiver_of(world)
    assert (one.state, one.clocks.waived_at) == (State.WAIVED, world.clock.now())
    assert (found.id, found.reason, found.owner, found.approved_by) == (made, "will_not_fix", "usr_ana", "usr_sec")
    assert (found.holds, found.statement) == (True, "Until we move")
    assert kinds_of(world, one)[-1] == WAIVED
    assert world.recompute() == []


def test_the_journal_has_opaque_ids_and_no_sentences(world: World) -> None:
    expose(world)
    made = waive(world)
    with world.store.read(world.org) as tx:
        (entry,) = [one for one in tx.journal.about(only(world).id) if one.kind == WAIVED]
    assert "Until we move" not in entry.body
    assert json.loads(entry.body)["waiver"]["id"] == made


def test_a_waiver_that_ends_opens_the_same_episode_and_its_clocks_count_from_detection(world: World) -> None:
    expose(world)
    before = only(world)
    waive(world)
    looked = mark_ended(world.store, world.clock, world.org)
    world.clock.tick(HOURS * 3600 - 1)
    looked = mark_ended(world.store, world.clock, world.org, looked)
    assert (judge(world), only(world).state) == (0, State.WAIVED)
    world.clock.tick(1)
    mark_ended(world.store, world.clock, world.org, looked)
    assert judge(world) == 1
    one = only(world)
    assert (one.id, one.state, one.clocks) == (before.id, State.OPEN, before.clocks)
    assert void_of(world)[0].startswith("it expired at ")
    assert kinds_of(world, one)[-1] == UNWAIVED
    measure = time_to_repair(one, world.clock.now())
    assert measure is not None
    assert (measure.started_at, measure.event) == (before.clocks.detected_at, None)
    mark_ended(world.store, world.clock, world.org)
    assert judge(world) == 0


def test_a_withdrawn_waiver_opens_what_it_covered(world: World) -> None:
    expose(world)
    before = only(world)
    made = waive(world)
    with world.turn(replace(world.token(Permission.POLICY_WRITE), person="usr_sec")) as turn:
        withdraw_waiver(turn, made, "the fix is out")
    assert judge(world) == 1
    assert only(world) == before


@pytest.mark.parametrize(
    "ask_for",
    [{"finding": "CVE-9"}, {"package": "acme"}, {"ecosystem": "npm"}, {"service": "other"}],
)
def test_what_is_named_otherwise_is_not_waived(world: World, ask_for: dict[str, Any]) -> None:
    expose(world)
    world.release("other", "1", FIXED)
    waive(world, **ask_for)
    assert (only(world).state, only(world).waiver) == (State.OPEN, None)


def test_every_version_that_runs_must_be_covered(world: World) -> None:
    expose(world)
    waive(world)
    world.ship("shop", "2", WORSE, target="us")
    assert void_of(world) == ("the version changed: it is for =1.4.0, and this is 1.3.0",)
    second = waive(world, versions=(("<", "1.4.0"),), hours=24)
    assert only(world).state is State.WAIVED
    assert waiver_of(world).id == second, "the one that ends first"


def test_a_version_out_of_its_range_opens_it(world: World) -> None:
    expose(world, WORSE)
    waive(world, versions=(("=", "1.3.0"),))
    world.ship("shop", "2", BAD)
    assert void_of(world) == ("the version changed: it is for =1.3.0, and this is 1.4.0",)


def test_what_comes_to_be_exploited_is_open_again(world: World) -> None:
    expose(world)
    waive(world)
    exploit(world)
    assert void_of(world) == ("it is known to be exploited since",)


def test_what_comes_to_be_likely_exploited_is_open_again(world: World) -> None:
    expose(world)
    waive(world)
    with world.store.write(PUBLIC, world.clock.now()) as tx:
        tx.enrichments.save("epss", {"CVE-1": {"epss": 0.25}}, world.clock.now(), "epss")
    world.recompute()
    assert void_of(world) == ("its EPSS is 25 %, above 10 %",)


def test_a_fix_that_is_released_opens_it(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.push(record("GHSA-1", ("0", None), aliases=["CVE-1"]))
    waive(world)
    assert only(world).state is State.WAIVED
    world.push(record("GHSA-1", ("0", "1.5.0"), aliases=["CVE-1"], modified="2026-02-01T10:00:00Z"))
    assert void_of(world) == ("a fix was released since: 1.5.0",)


def test_a_malicious_package_is_taken_out_and_not_waived(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.push(record("MAL-2026-1", ("0", None)))
    waive(world, "MAL-2026-1")
    assert void_of(world) == ("a malicious package is taken out, not waived",)


def test_a_policy_that_allows_less_opens_it_and_one_that_allows_more_waives_it_again(world: World) -> None:
    expose(world)
    waive(world)
    with world.turn() as turn:
        change_policy(turn, Level.SERVICE, "shop", "waivers: {max: 10d}\n")
    assert judge(world) == 1
    assert void_of(world) == ("it lasts longer than the 10 days that the policy allows",)
    with world.turn() as turn:
        change_policy(turn, Level.SERVICE, "shop", None)
    judge(world)
    assert only(world).state is State.WAIVED


def test_a_service_that_comes_under_another_policy_is_judged_the_next_day(world: World) -> None:
    expose(world)
    waive(world)
    with world.turn() as turn:
        turn.tx.policies.save(PolicyText(world.org, Level.ORG, "", 1, "waivers: {max: 10d}\n", "d", turn.now, "tok_1"))
    assert (judge(world), only(world).state) == (0, State.WAIVED)
    mark_the_day(world.store, world.clock, world.org)
    assert judge(world) == 1
    assert void_of(world) == ("it lasts longer than the 10 days that the policy allows",)


def test_every_cve_of_a_record_must_be_covered_as_in_a_gate(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.push(record("PYSEC-1", ("0", "1.5.0"), aliases=["CVE-1", "CVE-2"]))
    waive(world)
    why = "it is not for CVE-2, which the finding is as well: name all of them, or PYSEC-1"
    assert void_of(world) == (why,)
    with world.turn() as turn:
        (judged,) = judge_build(turn, BuildAsk("shop", sbom(BAD))).decision.judged
    assert judged.waived is not None
    assert judged.waived.void == (why,)
    waive(world, "CVE-2")
    assert only(world).state is State.WAIVED


def test_a_cve_that_joins_the_record_later_opens_it(world: World) -> None:
    expose(world)
    waive(world)
    world.push(record("GHSA-1", ("0", "1.5.0"), aliases=["CVE-1", "CVE-2"], modified="2026-02-01T10:00:00Z"))
    assert void_of(world)[0].startswith("it is not for CVE-2")


def test_what_comes_to_run_under_a_waiver_is_waived_at_once(world: World) -> None:
    world.release("shop", "1", BAD)
    world.push(record("GHSA-1", ("0", "1.5.0"), aliases=["CVE-1"]))
    waive(world)
    world.deploy("shop", "1")
    one = only(world)
    assert (one.state, kinds_of(world, one)) == (State.WAIVED, ["exposure.opened", WAIVED])


def test_a_waived_one_ends_when_it_runs_no_more(world: World) -> None:
    expose(world)
    waive(world)
    world.clock.tick(60)
    world.ship("shop", "2", FIXED)
    assert only(world).state is State.RESOLVED


def test_a_document_and_a_waiver_each_count_by_themselves(world: World) -> None:
    expose(world)
    keep(world, statement())
    made = waive(world)
    assert only(world).state is State.WAIVED
    with world.turn(replace(world.token(Permission.POLICY_WRITE), person="usr_sec")) as turn:
        withdraw_waiver(turn, made, "not needed")
    judge(world)
    assert only(world).state is State.CLEARED
    drop(world)
    assert only(world).state is State.OPEN


@pytest.mark.parametrize("fixed", [None, "3.0.2-1"])
def test_a_waiver_of_a_source_covers_all_that_was_built_from_it_as_in_a_gate(world: World, fixed: str | None) -> None:
    """A fix that was known when it was approved is no news."""
    names = ("libssl3", "openssl")
    components = [
        Component("Debian:12", name, "3.0.1-1", source_package="openssl", source_version="3.0.1-1") for name in names
    ]
    built = Sbom(tuple(Occurrence(one, (), None) for one in components))
    with world.turn() as turn:
        register_release(turn, ReleaseRequest("shop", "1", sbom=built))
    world.deploy("shop", "1")
    affected = {
        "package": {"ecosystem": "Debian:12", "name": "openssl"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]}],
    }
    world.push({"id": "DEBIAN-CVE-2026-1", "upstream": ["CVE-2026-1"], "affected": [affected]})
    waive(world, "CVE-2026-1", (("=", "3.0.1-1"),), package="openssl", ecosystem="Debian")
    assert {one.name: one.state for one in world.exposures()} == dict.fromkeys(names, State.WAIVED)
    with world.turn() as turn:
        (judged,) = judge_build(turn, BuildAsk("shop", built)).decision.judged
    assert judged.excuse is not None
