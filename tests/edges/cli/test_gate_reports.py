"""The files that a gate writes beside what it prints."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from holdfast.edges.cli.gate_reports import KINDS, Report, render, report_options, write_reports
from holdfast.registry import load_room
from tests.gate.outputs.samples import CONTEXT, make

DOCUMENT = {"schema": "holdfast.gate/1"}


@click.command()
@report_options
def told(style: str, reports: tuple[Report, ...]) -> None:
    click.echo(json.dumps([style, *(f"{one.kind}:{one.file}" for one in reports)]))


def test_help_names_every_kind() -> None:
    assert sorted(KINDS) == sorted({"json", *(spec.name for spec in load_room("gate.outputs"))})


def test_options_are_read_in_the_order_they_are_given() -> None:
    done = CliRunner().invoke(told, ["--format", "sarif", "--report", "junit=a=b.xml", "--report", "json=c.json"])
    assert json.loads(done.output) == ["sarif", "junit:a=b.xml", "json:c.json"]
    assert json.loads(CliRunner().invoke(told, []).output) == ["table"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "pdf"], "none of table, cyclonedx"),
        (["--report", "sarif"], "expected KIND=FILE"),
        (["--report", "sarif="], "expected KIND=FILE"),
        (["--report", "sarif=/"], "expected KIND=FILE"),
        (["--report", "table=x"], "none of cyclonedx"),
        (["--report", "pdf=x"], "none of cyclonedx"),
        (["--report", "sarif=x", "--report", "json=./x"], "two reports would go to"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(told, arguments)
    assert done.exit_code == 2
    assert words in done.output


def test_every_kind_is_written_as_it_would_be_printed(tmp_path: Path) -> None:
    decision = make()
    reports = [Report(kind, tmp_path / kind) for kind in KINDS]
    assert write_reports(reports, decision, DOCUMENT, CONTEXT) == []
    for one in reports:
        assert one.file.read_text() == render(one.kind, decision, DOCUMENT, CONTEXT)
    assert len(list(tmp_path.iterdir())) == len(KINDS)  # nothing lies beside them


def test_what_cannot_be_written_is_named_and_the_others_are_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    reports = [
        Report("junit", tmp_path / "nowhere/a.xml"),
        Report("sarif", tmp_path / "folder"),
        Report("markdown", Path("/dev/null")),
        Report("json", tmp_path / "a.json"),
    ]
    problems = write_reports(reports, make(), DOCUMENT, CONTEXT)
    assert [str(one.file) in problem for one, problem in zip(reports, problems, strict=False)] == [True] * 3
    assert Path("/dev/null").is_char_device()
    assert (tmp_path / "a.json").is_file()


def test_a_link_is_replaced_and_never_written_through(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept")
    (tmp_path / "a.md").symlink_to(tmp_path / "secret")
    (tmp_path / ".a.md.part").symlink_to(tmp_path / "secret")
    assert write_reports([Report("markdown", tmp_path / "a.md")], make(), DOCUMENT, CONTEXT) == []
    assert (tmp_path / "secret").read_text() == "kept"
    assert (tmp_path / "a.md").read_text().startswith("## ")
