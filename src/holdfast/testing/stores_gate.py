"""What every store does with policies, waivers and builds."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace

import pytest

from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.model.build import Answer, Basis, Build, BuildFilter, Level, Mode, Override, PolicyText
from holdfast.model.waiver import KeptWaiver, Status, Waiver
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER, at


def policy(
    version: int, text: str = "min_score: {default: 70}", level: Level = Level.ORG, subject: str = ""
) -> PolicyText:
    """Return a version of a policy."""
    return PolicyText(ORG, level, subject, version, text, f"sha256:{text}", START, "tok_1")


def build(number: int, **fields: object) -> Build:
    """Return a decision; numbers sort as ids do."""
    made = Build(
        org=ORG,
        id=f"bld_{number:03}",
        service_id="svc_shop",
        service="shop",
        at=at(number),
        by="tok_1",
        basis=Basis.CHANGE,
        answer=Answer.PASS,
        would_be=Answer.PASS,
        mode=Mode.BLOCK,
        score=81.5,
        base_score=None,
        bar=70.0,
        blocking=0,
        warnings=1,
        waived=0,
        unknown=0,
        existing=40,
        reasons=("é",),
        policy=(("org", "sha256:x"),),
        snapshot=(("PyPI", 17),),
        commit="c0ffee",
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # checked by the dataclass


def waiver(name: str, service_id: str = "svc_shop") -> KeptWaiver:
    """Return a waiver of a service."""
    given = ("CVE-2026-1", "GHSA-1")
    words = ("shop", Status.AFFECTED, "will_not_fix", "usr_ana", "usr_sec")
    one = Waiver(name, given, *words, at(0), at(48), "npm", "left-pad", (("=", "1.0"),))
    return KeptWaiver(ORG, service_id, one, at(0))


class GateSuite:
    """Policies by version, waivers, builds with what they were decided on."""

    def test_the_newest_version_of_each_level_counts(self, store: Store) -> None:
        first, second = policy(1), policy(2, "min_score: {default: 80}")
        team = policy(1, level=Level.GROUP, subject="grp_1")
        with store.write(ORG, START) as tx:
            for one in (first, second, team, first):
                tx.policies.save(one)
            assert list(tx.policies.current()) == [team, second]
            assert list(tx.policies.history(Level.ORG, "")) == [first, second]
            with pytest.raises(ConflictError):
                tx.policies.save(policy(1, "other"))
        with store.write(ORG, START) as tx:
            tx.policies.save(policy(3, ""))
            assert list(tx.policies.current()) == [team]

    def test_waivers_are_found_by_service_until_they_are_withdrawn(self, store: Store) -> None:
        one, other, elsewhere = waiver("wav_1"), waiver("wav_2"), waiver("wav_3", "svc_other")
        with store.write(ORG, START) as tx:
            for given in (one, other, elsewhere):
                tx.waivers.save(given)
            tx.waivers.save(replace(one, ended_at=at(1)))
            assert list(tx.waivers.of_service("svc_shop")) == [other]
            assert list(tx.waivers.of_services({"svc_shop", "svc_other", "svc_none"})) == [other, elsewhere]
            assert list(tx.waivers.of_services(())) == []
            assert tx.waivers.get("wav_1").ended_at == at(1)
            assert [found.waiver.id for found in tx.waivers.list(limit=2)] == ["wav_3", "wav_2"]
            assert [found.waiver.id for found in tx.waivers.list(after="wav_2")] == ["wav_1"]
            with pytest.raises(NotFoundError):
                tx.waivers.get("wav_9")

    def test_waivers_are_found_by_when_they_end(self, store: Store) -> None:
        kept = [waiver("wav_1"), waiver("wav_2", "svc_other"), replace(waiver("wav_3"), ended_at=at(1))]
        late = replace(waiver("wav_4"), waiver=replace(waiver("wav_4").waiver, expires_at=at(50)))
        with store.write(ORG, START) as tx:
            for one in (*kept, late):
                tx.waivers.save(one)
            assert list(tx.waivers.ending(None, at(48))) == kept[:2]
            assert list(tx.waivers.ending(at(47), None)) == [*kept[:2], late]
            assert list(tx.waivers.ending(at(48), at(50))) == [late]
            assert list(tx.waivers.ending(None, at(47))) == []
        with store.write(OTHER, START) as tx:
            assert (list(tx.waivers.ending(None, None)), list(tx.waivers.of_services({"svc_shop"}))) == ([], [])

    def test_builds_are_found_by_what_they_are_of_and_what_became_of_them(self, store: Store) -> None:
        anybody = BuildFilter()
        with store.write(ORG, START) as tx:
            for number in range(1, 4):
                tx.builds.save(build(number, team="pay" if number == 3 else "web"))
            tx.builds.save(build(4, answer=Answer.BLOCKED, override=Override("usr_ana", at(5), "it is down")))
            tx.builds.save(build(5, service_id="svc_other", answer=Answer.UNKNOWN))
            assert tx.builds.get("bld_003") == build(3, team="pay")
            found = {
                "service": BuildFilter("svc_shop"),
                "team": BuildFilter(team="pay"),
                "held": BuildFilter(held=True),
                "let go": BuildFilter(overridden=True),
                "blocked": BuildFilter(answer=Answer.BLOCKED),
            }
            numbers = {name: [one.id[-1] for one in tx.builds.list(where)] for name, where in found.items()}
            assert numbers == {
                "service": ["4", "3", "2", "1"],
                "team": ["3"],
                "held": ["5"],
                "let go": ["4"],
                "blocked": ["4"],
            }
            assert [one.id for one in tx.builds.list(anybody, after="bld_003", limit=1)] == ["bld_002"]
            points = tx.builds.points(at(4), anybody, 10)
            assert [(one.at, one.answer, one.overridden, one.score) for one in points] == [
                (at(5), Answer.UNKNOWN, False, 81.5),
                (at(4), Answer.BLOCKED, True, 81.5),
            ]
            assert (tx.builds.first_at("svc_shop"), tx.builds.first_at("svc_none")) == (at(1), None)
            assert list(tx.builds.services()) == ["svc_other", "svc_shop"]
            with pytest.raises(NotFoundError):
                tx.builds.get("bld_999")

    def test_builds_of_a_release_share_its_commit_composition_or_an_artifact(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.builds.save(build(1))
            tx.builds.save(build(2, commit=None, sbom="sha256:s"))
            tx.builds.save(build(3, commit=None, artifact="sha256:a"))
            tx.builds.save(build(4, commit="beef"))
            tx.builds.save(build(5, service_id="svc_other"))
            same = tx.builds.of_release("svc_shop", "c0ffee", "sha256:s", ["sha256:a", "sha256:b"])
            assert [one.id for one in same] == ["bld_001", "bld_002", "bld_003"]
            assert list(tx.builds.of_release("svc_shop", None, None, [])) == []

    def test_what_a_build_was_decided_on_stays_when_it_is_changed_and_goes_with_age(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for number in (1, 2, 3):
                tx.builds.save(build(number), bytes([0, number, 255]), b"said")
        with store.write(ORG, START) as tx:
            tx.builds.save(build(1, override=Override("usr_ana", at(2), "the shop is down")))
            assert tx.builds.evidence("bld_001") == bytes([0, 1, 255])
            assert tx.builds.get("bld_001").override is not None
            assert tx.builds.document("bld_001") == b"said"
            assert tx.builds.forget_evidence(at(3), 1) == 1
            assert tx.builds.forget_evidence(at(3), 10) == 1
            assert tx.builds.document("bld_002") == b"said"
            assert [tx.builds.evidence(f"bld_{one:03}") for one in (1, 2, 3)] == [None, None, bytes([0, 3, 255])]

    def test_nothing_of_another_org_is_seen(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.policies.save(policy(1))
            tx.waivers.save(waiver("wav_1"))
            tx.builds.save(build(1), b"x")
        with store.write(OTHER, START) as tx:
            found = (tx.policies.current(), tx.waivers.list(), tx.builds.list(BuildFilter()), tx.builds.services())
            assert [list(one) for one in found] == [[], [], [], []]
            assert tx.builds.evidence("bld_001") is None
            with pytest.raises(UsageError):
                tx.builds.save(build(2))
