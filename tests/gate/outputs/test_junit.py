"""JUnit XML: the rules of Jenkins' junit-10.xsd that such a document meets."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from holdfast.gate.outputs.junit import SPEC
from holdfast.model.build import Answer
from tests.gate.outputs.samples import CONTEXT, GAPS, HEAD, make

ATTRIBUTES = {
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"classname", "name", "time"},
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase", "system-out"}}


def suite_of(text: str) -> Element:
    top = ElementTree.fromstring(text)
    assert top.tag == "testsuites"
    (suite,) = top
    return suite


def test_a_document_has_only_what_the_schema_allows() -> None:
    suite = suite_of(SPEC.render(make(), CONTEXT))
    assert set(suite.attrib) == ATTRIBUTES["testsuite"]
    assert {one.tag for one in suite} == CHILDREN["testsuite"]
    for case in suite.findall("testcase"):
        assert set(case.attrib) == ATTRIBUTES["testcase"]
        assert {one.tag for one in case} <= {"failure", "error", "skipped", "system-out"}
        assert len(case) <= 1


def test_the_numbers_are_those_of_the_cases() -> None:
    suite = suite_of(SPEC.render(make(), CONTEXT))
    cases = suite.findall("testcase")
    assert int(suite.attrib["tests"]) == len(cases)
    assert int(suite.attrib["failures"]) == sum(one.find("failure") is not None for one in cases)
    assert int(suite.attrib["errors"]) == len(GAPS)
    assert int(suite.attrib["skipped"]) == 2


def test_what_blocks_fails_with_what_to_type_and_what_is_waived_is_skipped() -> None:
    cases = {one.attrib["name"]: one for one in suite_of(SPEC.render(make(), CONTEXT)).findall("testcase")}
    failure = cases["GHSA-a-b-c in left-pad 1.0.0"].find("failure")
    assert failure is not None
    assert "npm install left-pad@2.0.0" in (failure.text or "")
    assert cases["CVE-2026-3 in excused 1.0.0"].find("skipped") is not None
    assert len(cases["CVE-2026-6 in quiet 1.0.0"]) == 0
    assert not any("CVE-2020-1" in name for name in cases)  # it was there before


def test_the_score_is_a_case_of_its_own() -> None:
    suite = suite_of(SPEC.render(make((), (), gaps=()), CONTEXT))
    (case,) = suite.findall("testcase")
    assert (case.attrib["classname"], len(case)) == ("score", 0)
    low = suite_of(SPEC.render(make(policy="min_score: {default: 100}\nrules: []\n"), CONTEXT))
    assert low.find("testcase[@classname='score']/failure") is not None


def test_a_mode_that_only_observes_turns_nothing_red() -> None:
    for policy in (
        "mode: {now: observe}\nmin_score: {default: 100}\n",
        "data: {on_unknown: pass}\nmin_score: {default: 0}\n",
    ):
        decision = make((HEAD[0],) if "observe" in policy else (), policy=policy)
        assert decision.answer is Answer.PASS
        suite = suite_of(SPEC.render(decision, CONTEXT))
        assert (suite.attrib["failures"], suite.attrib["errors"]) == ("0", "0")
        assert "could not tell" in {one.attrib["classname"] for one in suite.findall("testcase")}
