"""`holdfast flags`."""

from typing import Any

import pytest

from tests.edges.cli.conftest import FLAGS
from tests.edges.cli.shell import Shell

_FLAG = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
_HERE = ["--environment", "production"]


@pytest.fixture
def declared(shell: Shell) -> Shell:
    """An environment."""
    shell("environment", "set", "production")
    return shell


def test_a_flagd_file_is_imported_with_its_evaluators(declared: Shell) -> None:
    declared("flags", "import", declared.write("flags.json", FLAGS), *_HERE)
    flags = {one["key"]: one["definition"] for one in declared.json("flags", "list", *_HERE)["items"]}
    assert set(flags) == {"shop.receipts", "shop.staff"}
    assert flags["shop.staff"]["targeting"]["if"][0] == {"ends_with": [{"var": "email"}, "@shop.example"]}


def test_a_map_of_flags_is_imported_too(declared: Shell) -> None:
    declared("flags", "import", declared.write("flags.json", {"a": _FLAG}), *_HERE)
    assert declared.json("flags", "show", "a", *_HERE)["definition"] == _FLAG


def test_a_refused_flag_is_named_and_the_others_are_taken(declared: Shell) -> None:
    bad = {"state": "ENABLED", "variants": {}, "defaultVariant": "on"}
    path = declared.write("flags.json", {"flags": {"bad": bad, "good": _FLAG}})
    printed = declared("flags", "import", path, *_HERE, code=4)
    assert "1 of 2 flags were refused" in printed.err
    assert [one["key"] for one in declared.json("flags", "list", *_HERE)["items"]] == ["good"]


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"flags": 1},
        {"hello": "world"},
        {"flags": {"a": {"$ref": "none"}}},
        {"flags": {"a": {"$ref": "b"}}, "$evaluators": {"b": {"$ref": "b"}}},
    ],
)
def test_what_is_no_flagd_file_is_refused(declared: Shell, document: Any) -> None:
    path = declared.write("flags.json", document)
    assert str(path) in declared("flags", "import", path, *_HERE, code=4).err


def test_a_flag_is_defined_from_standard_input(declared: Shell) -> None:
    text = b'{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off"}'
    out = declared("flags", "define", "a", *_HERE, "--file", "-", stdin=text).out
    assert "ENABLED" in out
    assert declared.json("flags", "show", "a", *_HERE)["definition"]["defaultVariant"] == "off"


def test_a_flag_is_shown_with_what_forces_it(declared: Shell) -> None:
    declared("flags", "define", "a", *_HERE, "--file", declared.write("a.json", _FLAG))
    printed = declared("flags", "show", "a", *_HERE)
    assert "on, off" in printed.out
    assert "nothing forces it" in printed.err


def test_an_environment_that_is_not_there_is_named(shell: Shell) -> None:
    assert "there is no environment `nowhere`" in shell("flags", "list", "--environment", "nowhere", code=4).err


def test_a_flag_that_is_not_there_is_named(declared: Shell) -> None:
    assert "there is no flag `a`" in declared("flags", "show", "a", *_HERE, code=4).err


def test_no_flags_are_said_to_be_none(declared: Shell) -> None:
    assert "no flags yet" in declared("flags", "list", *_HERE).err


def test_a_mistake_in_a_file_is_named_with_its_line(declared: Shell) -> None:
    text = '{\n  "flags": {\n    "a": {"state": "ENABLED", "variants": {"on": true}, "defaultVariant": "off"}\n  }\n}'
    printed = declared("flags", "import", declared.write("flags.json", text), *_HERE, code=4)
    assert "flags.json:3" in printed.out
    assert "defaultVariant" in printed.out


def test_a_flag_that_is_named_twice_stops_the_import(declared: Shell) -> None:
    text = '{"flags": {\n"a": {"variants": {}},\n"a": {"variants": {}}}}'
    assert "flags.json:3" in declared("flags", "import", declared.write("flags.json", text), *_HERE, code=4).err


def test_a_flag_is_rolled_back_as_a_new_version_with_the_old_text(declared: Shell) -> None:
    for default in ("on", "off"):
        path = declared.write("a.json", _FLAG | {"defaultVariant": default})
        declared("flags", "define", "a", *_HERE, "--file", path)
    declared("flags", "rollback", "a", *_HERE, "--to", "1")
    versions = declared.json("flags", "history", "a", *_HERE)["items"]
    assert [(one["version"], one["definition"]["defaultVariant"]) for one in versions] == [
        (3, "on"),
        (2, "off"),
        (1, "on"),
    ]
    declared("flags", "rollback", "a", *_HERE, "--to", "9", code=4)


def test_a_flag_is_deleted_and_keeps_its_history(declared: Shell) -> None:
    declared("flags", "define", "a", *_HERE, "--file", declared.write("a.json", _FLAG))
    declared("flags", "delete", "a", *_HERE)
    assert declared.json("flags", "list", *_HERE)["items"] == []
    declared("flags", "define", "a", *_HERE, "--file", declared.write("a.json", _FLAG))
    assert [one["version"] for one in declared.json("flags", "history", "a", *_HERE)["items"]] == [2, 1]


def test_what_is_exported_can_be_imported(declared: Shell) -> None:
    declared("flags", "import", declared.write("flags.json", FLAGS), *_HERE)
    before = declared.json("flags", "list", *_HERE)["items"]
    exported = declared("flags", "export", *_HERE).out
    declared("flags", "import", declared.write("again.json", exported), *_HERE)
    after = declared.json("flags", "list", *_HERE)["items"]
    assert [one["definition"] for one in after] == [one["definition"] for one in before]


def test_proofs_of_a_flag_that_nothing_forces_are_none(declared: Shell) -> None:
    declared("flags", "define", "a", *_HERE, "--file", declared.write("a.json", _FLAG))
    assert declared.json("flags", "proofs", "a", *_HERE)["items"] == []
    assert "nothing forces it" in declared("flags", "proofs", "a", *_HERE).err
