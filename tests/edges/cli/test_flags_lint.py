"""`holdfast flags lint`, as it is typed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.edges.cli.conftest import FLAGS, MANIFEST
from tests.edges.cli.shell import Shell

SAFE = 'client.get_boolean_value("shop.receipts", False)\n'
SHOP = Path(__file__).parents[3] / "examples" / "shop"


@pytest.fixture
def project(shell: Shell) -> Path:
    """A folder with a manifest, definitions, and code that is fine."""
    folder = shell.files / "project"
    folder.mkdir(parents=True)
    (folder / "holdfast.yaml").write_text(MANIFEST)
    (shell.files / "flags.json").write_text(json.dumps(FLAGS))
    (folder / "shop.py").write_text(SAFE)
    return folder


def lint(shell: Shell, project: Path, *more: str, code: int) -> Any:  # what JSON gives
    flags = () if "--data" in more else ("--flags", shell.files / "flags.json")
    return shell("flags", "lint", project, *flags, "--format", "json", *more, code=code).json


def test_project_in_order_has_nothing_to_say(shell: Shell, project: Path) -> None:
    out = lint(shell, project, code=0)
    assert (out["schema"], out["evaluations"], out["results"]) == ("holdfast.flags-lint/1", 1, [])


def test_dangerous_default_is_found_and_its_fix_makes_it_fine(shell: Shell, project: Path) -> None:
    file = project / "shop.ts"
    file.write_text("const on = await client.getBooleanValue('shop.receipts', true);\n")
    (one,) = lint(shell, project, code=1)["results"]
    assert (one["rule"], one["file"], one["line"], one["column"]) == ("dangerous-default", "shop.ts", 1, 18)
    fix, text = one["replacement"], file.read_text()
    file.write_text(text[: fix["column"] - 1] + fix["text"] + text[fix["end_column"] - 1 :])
    assert lint(shell, project, code=0)["results"] == []


def test_what_cannot_be_told_is_five_and_what_is_found_beats_it(shell: Shell, project: Path) -> None:
    (project / "page.py").write_text("client.get_boolean_value(name(), False)\n")
    assert [one["rule"] for one in lint(shell, project, code=5)["results"]] == ["unknown"]
    (project / "other.py").write_text('client.get_boolean_value("shop.receipts", True)\n')
    assert {one["rule"] for one in lint(shell, project, code=1)["results"]} == {"unknown", "dangerous-default"}


def test_definitions_come_from_a_data_folder_as_well(shell: Shell, project: Path) -> None:
    shell("environment", "set", "production", "--data", shell.data)
    out = lint(shell, project, "--data", str(shell.data), code=1)
    assert [(one["rule"], one["line"]) for one in out["results"]] == [("undefined", 13)]
    shell("flags", "import", shell.files / "flags.json", "--environment", "production", "--data", shell.data)
    assert lint(shell, project, "--data", str(shell.data), code=0)["results"] == []


def test_without_definitions_what_hangs_on_them_is_unknown(shell: Shell, project: Path) -> None:
    printed = shell("flags", "lint", project, "--format", "json", code=5)
    assert [one["rule"] for one in printed.json["results"]] == ["unknown"]


def test_paths_may_be_left_out(shell: Shell, project: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_shop.py").write_text('client.get_boolean_value("shop.receipts", True)\n')
    lint(shell, project, code=1)
    assert lint(shell, project, "--exclude", "tests/**", code=0)["results"] == []


def test_manifest_that_is_not_in_order_is_named(shell: Shell, project: Path) -> None:
    (project / "holdfast.yaml").write_text(MANIFEST.replace("tier: 1", "tier: high"))
    found = lint(shell, project, code=1)["results"]
    assert ("unknown", "holdfast.yaml", 5) in [(one["rule"], one["file"], one["line"]) for one in found]


def test_manifest_may_stand_elsewhere(shell: Shell, project: Path) -> None:
    manifest = (project / "holdfast.yaml").rename(shell.files / "other.yaml")
    assert [one["rule"] for one in lint(shell, project, code=1)["results"]] == ["undeclared"]
    assert lint(shell, project, "--manifest", str(manifest), code=0)["results"] == []


@pytest.mark.parametrize("text", ["[]", '{"flags": 1}', "{", '{"a": 1}'])
def test_file_that_is_no_flagd_document_is_a_usage_error(shell: Shell, project: Path, text: str) -> None:
    (shell.files / "flags.json").write_text(text)
    lint(shell, project, code=2)


def test_path_that_is_not_there_is_a_usage_error(shell: Shell) -> None:
    assert "no such file" in shell("flags", "lint", shell.files / "nowhere", code=2).err


def test_loop_of_links_and_unlisted_folders_end_nothing(shell: Shell, project: Path) -> None:
    (project / "loop.py").symlink_to("loop.py")
    (project / "outside.py").symlink_to(shell.files / "flags.json")
    (project / "round").symlink_to(project)
    (project / "latin.js").write_bytes(b"client.getBooleanValue('\xff', true)")
    found = lint(shell, project, code=5)["results"]
    assert [one["file"] for one in found] == ["latin.js", "loop.py", "outside.py"]


def test_sarif_has_the_fix_and_names_what_is_open(shell: Shell, project: Path) -> None:
    (project / "shop.py").write_text(
        'client.get_boolean_value("shop.receipts", True)\nclient.get_boolean_value(x, 1)\n'
    )
    flags = shell.files / "flags.json"
    document = shell("flags", "lint", project, "--flags", flags, "--format", "sarif", code=1).json
    assert document["version"] == "2.1.0"
    results = document["runs"][0]["results"]
    assert [(one["ruleId"], one["kind"], one["level"]) for one in results] == [
        ("dangerous-default", "fail", "error"),
        ("unknown", "open", "none"),
    ]
    assert results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"] == {"text": "False"}


@pytest.mark.parametrize("style", ["table", "markdown"])
def test_table_says_place_and_fix_and_counts(shell: Shell, project: Path, style: str) -> None:
    (project / "shop.py").write_text('client.get_boolean_value("shop.receipts", True)\n')
    flags = shell.files / "flags.json"
    printed = shell("flags", "lint", project, "--flags", flags, "--format", style, code=1)
    assert "shop.py:1:1" in printed.out
    assert "at 1:43 write" in printed.out
    assert printed.err.endswith("1 evaluations in 1 source files: 1 found, 0 could not be told\n")


def test_shop_of_the_examples_is_fine(shell: Shell) -> None:
    printed = shell("flags", "lint", SHOP, "--flags", SHOP / "flags.json", "--format", "json")
    assert (printed.json["evaluations"], printed.json["results"]) == (2, [])
