"""What the terminal prints, whatever it is given."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.cli.output import (
    Progress,
    markdown_cell,
    print_answer,
    print_facts,
    print_heading,
    print_rows,
    printable,
    printable_lines,
    say,
)

_COLUMNS = [("A", "a"), ("B", "b")]


@given(st.text())
def test_printable_text_has_no_control_character(text: str) -> None:
    assert printable(text).isprintable()
    assert "\x1b" not in printable_lines(text)
    assert printable_lines(text).count("\n") == text.count("\n")


@given(st.text())
def test_a_cell_of_markdown_has_no_markup(text: str) -> None:
    cell = markdown_cell(text)
    assert "<" not in cell
    assert not re.search(r"(?<!\\)(?:\\\\)*[|`*_\[\]]", cell)
    assert "\n" not in cell


def test_a_table_is_aligned_and_nothing_is_said_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"a": "long name", "b": 1}, {"a": "x", "b": None}], _COLUMNS, "table")
    print_rows([], _COLUMNS, "table", empty="nothing there")
    printed = capsys.readouterr()
    assert printed.out == "A          B\nlong name  1\nx\n"
    assert printed.err == "nothing there\n"


def test_markdown_has_a_rule_below_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"a": "x|y", "b": None}], _COLUMNS, "markdown")
    assert capsys.readouterr().out == "| A | B |\n|---|---|\n| x\\|y |  |\n"


def test_an_answer_in_json_names_its_schema_first(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer("json", "thing", {"items": []}, [], _COLUMNS)
    text = capsys.readouterr().out
    assert list(json.loads(text)) == ["schema", "items"]
    assert json.loads(text)["schema"] == "holdfast.thing/1"


def test_facts_without_a_value_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    facts: list[tuple[str, object]] = [("name", "x\x1b"), ("none", None), ("empty", ""), ("zero", 0)]
    print_facts(facts, "table")
    print_facts(facts, "markdown")
    table, markdown = capsys.readouterr().out.split("|", 1)
    assert table == "name  x\\x1b\nzero  0\n"
    assert "none" not in markdown


def test_a_heading_stays_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    for style in ("table", "markdown"):
        print_heading("a\nb", style)
    assert capsys.readouterr().out == "\na\\x0ab\n\n### a\\\\x0ab\n\n"


def test_talk_goes_to_stderr_and_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    say("one \x1b[2J\n  try: two \x9b")
    assert capsys.readouterr() == ("", "one \\x1b[2J\n  try: two \\x9b\n")


def test_progress_off_a_terminal_is_a_line_every_so_often(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("reading", every=10)
    for number in range(25):
        progress(number, 25)
    progress.finish()
    assert capsys.readouterr().err == "reading: 10 of 25\nreading: 20 of 25\n"
