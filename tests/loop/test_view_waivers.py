"""Where waivers stand: asked for, in force, about to expire, void and why, over."""

from dataclasses import replace

from holdfast.loop.builds import BuildAsk, judge_build
from holdfast.loop.view_waivers import Standing, waivers_view
from holdfast.loop.waiving import WaiverAsk, approve_waiver, ask_waiver, withdraw_waiver
from holdfast.model.tenancy import Permission
from holdfast.model.waiver import Status
from tests.loop.world import ORG, World, open_world, record, sbom

LATER_H = 30 * 24


def ask(world: World, hours: float = LATER_H, finding: str = "CVE-2026-1") -> str:
    token = replace(world.token(Permission.BUILDS_WRITE), person="usr_ana")
    words = ("vulnerable_code_not_in_execute_path", world.at(hours), "", "PyPI", "acme-pdf", (("=", "1"),))
    with world.turn(token) as turn:
        return ask_waiver(turn, WaiverAsk(finding, "shop", Status.NOT_AFFECTED, *words)).waiver.id


def approve(world: World, waiver: str) -> None:
    with world.turn(replace(world.token(Permission.POLICY_WRITE), person="usr_sec")) as turn:
        approve_waiver(turn, waiver)


def standings(world: World) -> dict[str, str]:
    with world.store.read(ORG) as tx:
        view = waivers_view(tx, world.clock.now(), None, 10, person="usr_ana")
        assert all(row.mine for row in view.rows)
        return {row.kept.waiver.id: "; ".join((row.standing, *row.because)) for row in view.rows}


def test_waivers_stand_where_they_stand() -> None:
    with open_world() as world:
        world.push(record("CVE-2026-1", ("0", None)))
        with world.turn() as turn:
            judge_build(turn, BuildAsk("shop", sbom("pkg:pypi/acme-pdf@1")))
        asked, held, soon, ended = ask(world), ask(world), ask(world, 24), ask(world)
        for one in (held, soon, ended):
            approve(world, one)
        with world.turn(replace(world.token(Permission.POLICY_WRITE), person="usr_sec")) as turn:
            withdraw_waiver(turn, ended, "mended")
        assert standings(world) == {asked: "asked for", held: "in force", soon: "expiring", ended: "withdrawn"}
        world.push(record("CVE-2026-1", ("0", "2"), modified="2026-02-01T10:00:00Z"))
        assert standings(world)[held] == "void; a fix was released since: 2"
        world.clock.tick(40 * 86400)
        assert set(standings(world).values()) == {"expired", "withdrawn"}


def test_waivers_are_paged() -> None:
    with open_world() as world:
        with world.turn() as turn:
            judge_build(turn, BuildAsk("shop", sbom()))
        ids = [ask(world) for _ in range(3)]
        with world.store.read(ORG) as tx:
            first = waivers_view(tx, world.clock.now(), None, 2)
            assert [one.kept.waiver.id for one in first.rows] == [ids[2], ids[1]]
            assert [one.kept.waiver.id for one in waivers_view(tx, world.clock.now(), first.next, 2).rows] == [ids[0]]
            assert {row.standing for row in first.rows} == {Standing.ASKED}


def test_a_waiver_of_one_of_several_cves_is_in_force_in_part_and_one_of_the_record_in_all() -> None:
    with open_world() as world:
        world.push(record("PYSEC-2026-7", ("0", None), aliases=["CVE-2026-1", "CVE-2026-2"]))
        with world.turn() as turn:
            judge_build(turn, BuildAsk("shop", sbom("pkg:pypi/acme-pdf@1")))
        part = ask(world)
        approve(world, part)
        asked = BuildAsk("shop", sbom("pkg:pypi/acme-pdf@1"))
        with world.turn() as turn:
            (one,) = judge_build(turn, asked).decision.judged
        why = "it is not for CVE-2026-2, which the finding is as well: name all of them, or PYSEC-2026-7"
        assert standings(world) == {part: f"in part; {why}"}
        assert one.waived is not None
        assert (one.waived.void, one.excuse) == ((why,), None)
        whole = ask(world, finding="PYSEC-2026-7")
        approve(world, whole)
        assert standings(world)[whole] == "in force"
        with world.turn() as turn:
            (one,) = judge_build(turn, asked).decision.judged
        assert one.excuse == f"waived by {whole}"
