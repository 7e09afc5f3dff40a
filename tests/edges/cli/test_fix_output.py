"""A plan of upgrades, as people and programs see it."""

import json

import pytest

from holdfast.edges.cli.fix_output import applied_to_json, plan_to_json, print_applied, print_plan
from holdfast.loop.fix_plan import FixPlan, Raised
from holdfast.model.frozen import frozen
from tests.loop.test_fix_plan import BLOCK_HIGH, bad, planned, planned_in


@frozen
class Became:
    raised: Raised
    state: str
    files: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    because: tuple[str, ...] = ()


LOCK = """version = 1

[[package]]
name = "lamp"
version = "1.0"
source = { registry = "https://registry.example/simple" }
"""


def plan() -> FixPlan:
    return planned_in({"in/uv.lock": LOCK, "requirements.txt": "desk==1.0\n"},
                      [bad("lamp", 9.8), bad("desk", 9.8, fixed=None)], BLOCK_HIGH)  # fmt: skip


def test_a_command_says_where_it_is_typed(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(plan(), "table")
    out = capsys.readouterr().out
    assert "cd in && uv lock --upgrade-package lamp==1.5" in out
    assert "no version is known that no advisory touches" in out
    assert "blocked → blocked" in out


def test_json_has_the_upgrades_the_rest_and_both_scores() -> None:
    document = plan_to_json(plan())
    assert document["schema"] == "holdfast.fix/1"
    assert [one["name"] for one in document["items"]] == ["lamp"]
    assert document["items"][0]["steps"][0]["command"].startswith("cd in && ")
    assert document["stuck"][0]["what"] == "L-desk in pkg:pypi/desk@1.0"
    assert document["score_after"] >= document["score"]
    assert json.loads(json.dumps(document)) == document


def test_markdown_is_a_table_and_says_when_nothing_is_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(plan(), "markdown")
    assert capsys.readouterr().out.startswith("| Raise | To | Where | Do | Ends |")
    print_plan(planned({"lamp": "2.0"}, [bad("lamp", 9.8)], BLOCK_HIGH), "table")
    assert capsys.readouterr().out.startswith("The gate is open, nothing has to be raised")


def test_what_was_written_is_told_even_where_it_did_not_help(capsys: pytest.CaptureFixture[str]) -> None:
    made = plan()
    outcomes = [Became(made.raised[0], "still found", ("pyproject.toml",), ("uv lock",), ("a file: why",))]
    print_applied(made, made.before, outcomes, "table")
    out = capsys.readouterr().out
    assert "0 of 1 fixed, by a second scan" in out
    assert "Written: pyproject.toml." in out
    assert "nothing of it was taken back" in out
    document = applied_to_json(made, made.before, outcomes)
    assert (document["items"][0]["state"], document["verdict_now"]) == ("still found", "blocked")
