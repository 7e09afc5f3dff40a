"""A plan of upgrades for people and programs: `holdfast.fix/1`."""

from collections.abc import Sequence
from typing import Any, Protocol

from holdfast.edges.cli.output import markdown_cell, print_rows, printable
from holdfast.gate.decide import Decision
from holdfast.loop.fix_plan import FixPlan, Raised
from holdfast.model.fix import Fix

SCHEMA = "holdfast.fix/1"
_PLAN = [("Raise", "package"), ("To", "version"), ("Where", "where"), ("Do", "do"), ("Ends", "ends")]
_APPLIED = [("Package", "package"), ("To", "version"), ("State", "state"), ("Edited", "files"), ("Run", "run"),
            ("Because", "because")]  # fmt: skip
_STUCK = [("Not cleared", "what"), ("Because", "because")]


class AppliedUpgrade(Protocol):
    """What became of an upgrade."""

    @property
    def raised(self) -> Raised: ...
    @property
    def state(self) -> str: ...
    @property
    def files(self) -> tuple[str, ...]: ...
    @property
    def run(self) -> tuple[str, ...]: ...
    @property
    def because(self) -> tuple[str, ...]: ...


def plan_to_json(plan: FixPlan) -> dict[str, Any]:
    """Return the document of a plan."""
    return {
        "schema": SCHEMA,
        "verdict": plan.before.answer.value,
        "score": plan.before.score.value,
        "verdict_after": plan.after.answer.value,
        "score_after": plan.after.score.value,
        "min_score": plan.after.bar,
        "items": [_raised(one) for one in plan.raised],
        "stuck": [{"what": one.what, "because": one.because} for one in plan.stuck],
        "notes": list(plan.before.notes),
    }


def applied_to_json(plan: FixPlan, decision: Decision, outcomes: Sequence[AppliedUpgrade]) -> dict[str, Any]:
    """Return the document of what was written; `verdict_now` and `score_now` are those of the second scan."""
    document = plan_to_json(plan)
    document["items"] = [
        {
            **_raised(one.raised),
            "state": one.state,
            "edited": list(one.files),
            "run": list(one.run),
            "because": list(one.because),
        }
        for one in outcomes
    ]
    return {**document, "verdict_now": decision.answer.value, "score_now": decision.score.value}


def _raised(one: Raised) -> dict[str, Any]:
    component = one.component
    return {
        "purl": component.purl,
        "ecosystem": component.ecosystem,
        "name": component.name,
        "current": component.version,
        "version": one.version,
        "blocking": one.is_blocking,
        "direct": one.occurrence.direct,
        "path": list(one.occurrence.path),
        "ends": list(one.ends),
        "steps": [_step(step) for step in one.steps],
    }


def _step(step: Fix) -> dict[str, Any]:
    place = step.location
    return {
        "location": None if place is None else {"file": place.file, "line": place.line},
        "raise": step.raise_name,
        "command": step.typed,
        "edit": None if step.edit is None else {"before": step.edit[0], "after": step.edit[1]},
        "note": step.note or None,
    }


def print_plan(plan: FixPlan, style: str) -> None:
    """Print a plan as `table` or `markdown`."""
    rows = [
        {
            "package": f"{one.component.name} {one.component.version}",
            "version": one.version,
            "where": str(step.location or ""),
            "do": _do(step),
            "ends": ", ".join(one.ends),
        }
        for one in plan.raised
        for step in one.steps
    ]
    _print([(rows, _PLAN), (_stuck(plan), _STUCK)], style)
    count = len(plan.raised)
    words = "No upgrade helps" if not count else "One upgrade" if count == 1 else f"{count} upgrades"
    if not count and not plan.stuck:
        words = "The gate is open, nothing has to be raised"
    lines = [f"{words}: {_scores(plan, plan.after)}.", *(f"Note: {note}" for note in plan.before.notes)]
    _say(lines, style)


def print_applied(plan: FixPlan, decision: Decision, outcomes: Sequence[AppliedUpgrade], style: str) -> None:
    """Print what was written as `table` or `markdown`."""
    rows = [
        {
            "package": f"{one.raised.component.name} {one.raised.component.version}",
            "version": one.raised.version,
            "state": one.state,
            "files": ", ".join(one.files),
            "run": "; ".join(one.run),
            "because": "; ".join(one.because),
        }
        for one in outcomes
    ]
    _print([(rows, _APPLIED), (_stuck(plan), _STUCK)], style)
    fixed = sum(one.state == "fixed" for one in outcomes)
    lines = [f"{fixed} of {len(outcomes)} fixed, by a second scan: {_scores(plan, decision)}."]
    written = sorted({file for one in outcomes for file in one.files})
    if written:
        lines.append(f"Written: {', '.join(written)}.")
    if any(one.state == "still found" for one in outcomes):
        lines.append("What was written did not help; nothing of it was taken back.")
    _say(lines, style)


def _scores(plan: FixPlan, after: Decision) -> str:
    scores = f"score {plan.before.score.value:.1f} → {after.score.value:.1f}, at least {after.bar:g}"
    return f"{scores}; {plan.before.answer.value} → {after.answer.value}"


def _do(step: Fix) -> str:
    edit = f"{step.edit[0].strip()} → {step.edit[1].strip()}" if step.edit else ""
    return step.typed or edit or step.note


def _stuck(plan: FixPlan) -> list[dict[str, Any]]:
    return [{"what": one.what, "because": one.because} for one in plan.stuck]


def _print(sections: Sequence[tuple[list[dict[str, Any]], list[tuple[str, str]]]], style: str) -> None:
    for rows, columns in sections:
        if rows:
            print_rows(rows, columns, style)
            print()


def _say(lines: Sequence[str], style: str) -> None:
    for line in lines:
        print(markdown_cell(line) + "  " if style == "markdown" else printable(line))
