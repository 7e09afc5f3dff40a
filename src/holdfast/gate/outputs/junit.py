"""JUnit XML, for systems that show tests: one case for the score, one for each finding that the change adds.

Rules:

1. What blocks is a failure, what could not be told an error, what is waived is skipped; the rest passes. Where the
   verdict is a pass all the same (a milder mode or policy), both are only told: no build turns red by its report.
2. What was there before is no case of its own: it would only grow the list. Its number is told.
3. Nothing was timed: every `time` is 0. No character that XML 1.0 forbids is written.

Source: Jenkins, xunit-plugin, junit-10.xsd; GitLab, "Unit test reports".
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from holdfast.gate.decide import Decision, Judged
from holdfast.gate.outputs._spec import OutputContext, OutputSpec
from holdfast.gate.outputs._words import clean, headline, in_order, is_waived, reason, remedy, scores, verdict
from holdfast.gate.policy import Outcome
from holdfast.model.build import Answer


def render(decision: Decision, context: OutputContext) -> str:
    """Return the document, of one suite."""
    shown = [one for one in in_order(decision) if one.is_new or one.outcome is not Outcome.ALLOW]
    suite = Element("testsuite", name=clean(f"holdfast gate {context.service}".strip(), 200))
    _score(suite, decision)
    for number, gap in enumerate(decision.gaps, 1):
        case = _case(suite, "could not tell", f"{number}. {gap.because}")
        place = clean(context.path(gap.place)) if gap.place else ""
        if decision.answer is Answer.PASS:
            SubElement(case, "system-out").text = clean(f"{gap.because} {place}")
        else:
            _add(case, "error", clean(gap.because), place)
    for one in shown:
        _finding(suite, one, context, decision.answer is not Answer.PASS)
    for name in ("failure", "error", "skipped"):
        attribute = name if name == "skipped" else f"{name}s"
        suite.set(attribute, str(len(suite.findall(f"testcase/{name}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("time", "0")
    SubElement(suite, "system-out").text = clean(f"{verdict(decision)}. {decision.existing} were there before.")
    top = Element("testsuites")
    top.append(suite)
    indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top, encoding="unicode") + "\n"


def _score(suite: Element, decision: Decision) -> None:
    case = _case(suite, "score", scores(decision))
    if decision.score_fails and decision.answer is not Answer.PASS:
        _add(case, "failure", "the score is below the bar", scores(decision))


def _finding(suite: Element, one: Judged, context: OutputContext, is_strict: bool) -> None:
    file, line = context.place(one.finding.locations)
    case = _case(suite, clean(file), headline(one.finding))
    if is_waived(one):
        SubElement(case, "skipped", message=reason(one))
    elif one.outcome is Outcome.BLOCK and is_strict:
        text = f"{file}:{line}\n{headline(one.finding)}\n{remedy(one.finding)}"
        _add(case, "failure", reason(one), "\n".join(clean(part, 4000) for part in text.split("\n")))
    elif one.outcome is not Outcome.ALLOW:
        SubElement(case, "system-out").text = clean(f"told only: {reason(one)}. {remedy(one.finding)}", 4000)


def _case(suite: Element, classname: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=classname, name=clean(name), time="0")


def _add(case: Element, name: str, message: str, text: str) -> None:
    SubElement(case, name, type="holdfast", message=message).text = text


SPEC = OutputSpec("junit", "xml", "JUnit XML: a case for the score and for each finding that is new", render)
