"""The smallest set of upgrades that clears the gate, and the decision after it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.facts.composition import read_composition
from holdfast.gate.decide import Bound, is_failing
from holdfast.gate.levels import Levels
from holdfast.gate.policy_read import read_policy
from holdfast.loop.fix_plan import FixPlan, apply_upgrades, plan_fixes
from holdfast.loop.gate import GateInput, Stated
from holdfast.loop.scan import ScanReport, scan
from holdfast.model.build import Answer, Basis
from holdfast.model.component import Component, Location, Occurrence, Sbom
from holdfast.model.inventory import Reach
from holdfast.testing.clocks import START
from holdfast.testing.trees import MemoryTree
from tests.edges.providers.bucket import record
from tests.loop.test_scan import Known

BLOCK_HIGH = "min_score: {default: 0}\nrules:\n  - {id: high, when: 'finding.cvss >= 7.0', then: block}\n"


def bad(name: str, score: float, *, fixed: str | None = "1.5") -> dict[str, Any]:
    """Return a record of a package; without `fixed` there is no way out."""
    vectors = {9.8: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 5.3: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"}
    one = record(f"L-{name}", name=name, fixed=fixed or "9", severity=[{"type": "CVSS_V3", "score": vectors[score]}])
    if fixed is None:
        one["affected"][0]["ranges"][0]["events"] = [{"introduced": "0"}]
    return one


def planned(pins: dict[str, str], records: list[dict[str, Any]], policy: str) -> FixPlan:
    """Plan for a requirements file."""
    text = "".join(f"{name}=={version}\n" for name, version in pins.items())
    return planned_in({"requirements.txt": text}, records, policy)


def planned_in(files: dict[str, str], records: list[dict[str, Any]], policy: str) -> FixPlan:
    """Plan for a tree."""
    tree, known = MemoryTree(files), Known(*records)
    lines = {file: text.splitlines() for file, text in files.items()}

    def judge(sbom: Sbom) -> ScanReport:
        return scan(sbom, known, START, read_line=line)

    def line(place: Location) -> str | None:
        held = lines.get(place.file, [])
        return held[place.line - 1] if place.line is not None and 0 < place.line <= len(held) else None

    levels = Levels([read_policy(policy.encode(), file="p.yaml")])
    stated = Stated(Bound(reach=Reach.INTERNET), ())
    question = GateInput(judge(read_composition(tree)), None, Basis.NOTHING, levels, stated)
    return plan_fixes(question, START, judge, line)


def names(plan: FixPlan) -> list[str]:
    return [one.component.name for one in plan.raised]


def test_what_a_rule_blocks_is_raised_and_nothing_else() -> None:
    plan = planned({"lamp": "1.0", "desk": "1.0", "rug": "1.0"}, [bad("lamp", 9.8), bad("desk", 5.3)], BLOCK_HIGH)
    (one,) = plan.raised
    assert (one.component.name, one.version, one.ends, one.is_blocking) == ("lamp", "1.5", ("L-lamp",), True)
    assert one.steps[0].edit == ("lamp==1.0", "lamp==1.5")
    assert (plan.before.answer, plan.after.answer, plan.stuck) == (Answer.BLOCKED, Answer.PASS, ())
    assert plan.after.score.value > plan.before.score.value


def test_the_score_is_cleared_by_the_worst_and_no_more_than_needed() -> None:
    records = [bad("lamp", 9.8), bad("desk", 5.3), bad("rug", 5.3)]
    plan = planned({"lamp": "1.0", "desk": "1.0", "rug": "1.0"}, records, "min_score: {default: 60}")
    assert names(plan) == ["lamp"]
    assert plan.after.answer is Answer.PASS
    assert not any(one.is_blocking for one in plan.raised)


def test_what_has_no_fix_is_told_with_why() -> None:
    plan = planned({"lamp": "1.0", "desk": "1.0"}, [bad("lamp", 9.8), bad("desk", 9.8, fixed=None)], BLOCK_HIGH)
    assert names(plan) == ["lamp"]
    (stuck,) = plan.stuck
    assert stuck.what == "L-desk in pkg:pypi/desk@1.0"
    assert stuck.because == "no version is known that no advisory touches"
    assert plan.after.answer is Answer.BLOCKED


def test_a_score_that_no_upgrade_brings_to_the_bar_is_told_and_nothing_raised_for_it() -> None:
    records = [bad("lamp", 9.8, fixed=None), bad("desk", 5.3)]
    plan = planned({"lamp": "1.0", "desk": "1.0"}, records, "min_score: {default: 95}")
    assert plan.raised == ()
    assert plan.stuck[0].what == "the score"
    assert "at least 95" in plan.stuck[0].because


def test_a_gap_is_no_upgrade_and_is_told() -> None:
    plan = planned_in({"requirements.txt": "lamp==1.0\ndesk\n"}, [bad("lamp", 9.8)], BLOCK_HIGH)
    assert names(plan) == ["lamp"]
    assert plan.after.answer is Answer.UNKNOWN
    assert plan.stuck[0].because.startswith("could not tell")


def test_a_gate_that_is_open_needs_nothing() -> None:
    plan = planned({"lamp": "1.5"}, [bad("lamp", 9.8)], BLOCK_HIGH)
    assert (plan.raised, plan.stuck, plan.before is plan.after) == ((), (), True)


def test_a_component_in_two_files_has_a_step_in_each() -> None:
    files = {"a/requirements.txt": "lamp==1.0\n", "b/requirements.txt": "desk==1.5\nlamp==1.0\n"}
    (one,) = planned_in(files, [bad("lamp", 9.8)], BLOCK_HIGH).raised
    assert [str(step.location) for step in one.steps] == ["a/requirements.txt:1", "b/requirements.txt:2"]


def test_two_versions_of_a_package_become_one_component() -> None:
    occurrences = tuple(
        Occurrence(Component("PyPI", "lamp", version), (Location(f"{version}.txt", 1),)) for version in ("1.0", "1.2")
    )
    moved = apply_upgrades(Sbom(occurrences), {one.component: "1.5" for one in occurrences})
    (one,) = moved.occurrences
    assert (one.component.version, len(one.locations)) == ("1.5", 2)


@settings(max_examples=40, deadline=None)
@given(
    scores=st.lists(st.sampled_from([9.8, 5.3]), min_size=1, max_size=6),
    stuck=st.sets(st.integers(0, 5)),
    bar=st.integers(0, 100),
)
def test_the_set_is_minimal_and_the_same_every_time(scores: list[float], stuck: set[int], bar: int) -> None:
    """Without any one of the upgrades the gate would still be shut."""
    records = [bad(f"p{n}", score, fixed=None if n in stuck else "1.5") for n, score in enumerate(scores)]
    pins = {f"p{n}": "1.0" for n in range(len(scores))}
    policy = f"min_score: {{default: {bar}}}"
    plan = planned(pins, records, policy)
    assert planned(pins, records, policy) == plan
    if plan.after.answer is Answer.PASS:
        for left_out in plan.raised:
            others = {one.component.name: one.version for one in plan.raised if one is not left_out}
            assert planned(pins | others, records, policy).before.answer is Answer.BLOCKED
    else:
        assert plan.stuck
        assert is_failing(plan.after.score, None, plan.after.bar, plan.after.basis)
