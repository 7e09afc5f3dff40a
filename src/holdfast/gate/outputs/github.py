"""GitHub annotations: workflow commands on stdout, at most ten, what blocks first.

A workflow command is a line that begins with `::`. What comes from outside is escaped so that it stays in its place:
`%`, line ends, and in properties `:` and `,`.

Source: GitHub, "Workflow commands for GitHub Actions"; actions/toolkit, `packages/core/src/command.ts`.
"""

from holdfast.gate.decide import Decision, Judged
from holdfast.gate.outputs._spec import OutputContext, OutputSpec
from holdfast.gate.outputs._words import clean, headline, in_order, reason, remedy, scores, verdict
from holdfast.gate.policy import Outcome
from holdfast.model.build import Answer, Mode

MOST = 10


def render(decision: Decision, context: OutputContext) -> str:
    """Return the lines; the last one says how many did not fit."""
    is_strict = decision.mode is Mode.BLOCK
    judged = in_order(decision)
    lines = [
        _finding(one, context, "error" if is_strict else "warning") for one in judged if one.outcome is Outcome.BLOCK
    ]
    if decision.score_fails:
        level = "error" if decision.answer is Answer.BLOCKED else "warning"
        lines.insert(0, _line(level, {"title": "Holdfast"}, f"{scores(decision)}: it is below the bar"))
    level = "error" if decision.answer is Answer.UNKNOWN else "warning"
    for gap in decision.gaps:
        file, number = context.spot(gap.place)
        lines.append(_line(level, {"file": file, "line": str(number), "title": "Could not tell"}, gap.because))
    lines += [_finding(one, context, "warning") for one in judged if one.outcome is Outcome.WARN]
    if len(lines) > MOST:
        left = len(lines) - MOST + 1
        lines[MOST - 1 :] = [_line("warning", {"title": "Holdfast"}, f"{verdict(decision)}: {left} more are not shown")]
    return "".join(f"{line}\n" for line in lines)


def _finding(one: Judged, context: OutputContext, level: str) -> str:
    file, line = context.place(one.finding.locations)
    properties = {"file": file, "line": str(line), "title": headline(one.finding)}
    return _line(level, properties, f"{reason(one)}. Do: {remedy(one.finding)}")


def _line(level: str, properties: dict[str, str], message: str) -> str:
    said = ",".join(f"{name}={_property(clean(value, 500))}" for name, value in properties.items())
    return f"::{level} {said}::{_data(clean(message, 2000))}"


def _data(text: str) -> str:
    """Escape a message. `##[` would be a command of the older form, which is looked for anywhere in a line."""
    plain = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return plain.replace("##[", "## [")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


SPEC = OutputSpec("github", "txt", "GitHub annotations, at most ten", render)
