"""`package-lock.json` and `npm-shrinkwrap.json`."""

import json

import pytest

from holdfast.model.component import Location
from tests.facts.lockfiles.reading import gaps, path_of, read, rows

V3 = """\
{
  "name": "shop",
  "lockfileVersion": 3,
  "packages": {
    "": {
      "name": "shop",
      "workspaces": ["packages/*"],
      "dependencies": {"react": "^18", "old": "npm:lodash@^3", "tool": "github:team/tool", "zip": "https://example.org/z.tgz"},
      "devDependencies": {"jest": "^29"}
    },
    "node_modules/@team/app": {
      "resolved": "packages/app",
      "link": true
    },
    "node_modules/jest": {"version": "29.0.0", "dev": true, "dependencies": {"loose": "^1"}},
    "node_modules/loose": {
      "version": "1.4.0"
    },
    "node_modules/old": {
      "name": "lodash",
      "version": "3.10.1"
    },
    "node_modules/react": {
      "version": "18.2.0",
      "resolved": "https://registry.example/react.tgz",
      "dependencies": {"loose": "^2"},
      "optionalDependencies": {"fsevents": "*"}
    },
    "node_modules/react/node_modules/loose": {
      "version": "2.0.0",
      "optional": true
    },
    "node_modules/tool": {
      "version": "0.3.0",
      "resolved": "git+ssh://git@example.org/team/tool.git#abc"
    },
    "node_modules/zip": {
      "version": "4.0.0",
      "resolved": "https://example.org/z.tgz"
    },
    "packages/app": {
      "name": "@team/app",
      "version": "1.0.0",
      "dependencies": {"left": "1"}
    },
    "packages/app/node_modules/left": {
      "version": "1.3.0"
    }
  }
}
"""


def test_npm_places_have_names_sources_scopes_and_lines() -> None:
    assert rows(read({"package-lock.json": V3})) == [
        ("@team/app", "1.0.0", "path", None, "runtime", 11),
        ("jest", "29.0.0", "registry", True, "development", 15),
        ("loose", "1.4.0", "registry", False, "runtime", 16),
        ("lodash", "3.10.1", "registry", True, "runtime", 19),
        ("react", "18.2.0", "registry", True, "runtime", 23),
        ("loose", "2.0.0", "registry", False, "optional", 29),
        ("tool", "0.3.0", "vcs", True, "runtime", 33),
        ("zip", "4.0.0", "url", True, "runtime", 37),
        ("left", "1.3.0", "registry", True, "runtime", 46),
    ]


def test_npm_path_follows_the_nearest_place() -> None:
    parsed = read({"npm-shrinkwrap.json": V3})
    assert [one.path for one in parsed.occurrences if one.component.name == "loose"] == [("jest",), ("react",)]


def test_npm_one_component_at_two_places_is_one_with_two_lines() -> None:
    text = json.dumps(
        {
            "lockfileVersion": 3,
            "packages": {"node_modules/a": {"version": "1"}, "node_modules/b/node_modules/a": {"version": "1"}},
        },
        indent=1,
    )
    occurrences = read({"package-lock.json": text}).occurrences
    assert [one.locations for one in occurrences] == [
        (Location("package-lock.json", 4), Location("package-lock.json", 7)),
    ]


V1 = """\
{
  "name": "shop",
  "lockfileVersion": 1,
  "dependencies": {
    "a": {
      "version": "1.0.0",
      "requires": {"b": "^1"},
      "dependencies": {
        "b": {
          "version": "1.1.0"
        }
      }
    },
    "alias": {"version": "npm:@scope/real@2.3.4", "dev": true},
    "b": {"version": "2.0.0", "optional": true, "requires": {"c": "*"}},
    "c": {"version": "github:team/c#abc", "from": "github:team/c"},
    "local": {"version": "file:../local"}
  }
}
"""


def test_npm_nested_entries_are_read_with_their_lines() -> None:
    assert sorted(rows(read({"package-lock.json": V1}))) == [
        ("@scope/real", "2.3.4", "registry", None, "development", 14),
        ("a", "1.0.0", "registry", None, "runtime", 5),
        ("b", "1.1.0", "registry", None, "runtime", 9),
        ("b", "2.0.0", "registry", None, "optional", 15),
        ("c", "abc", "vcs", None, "runtime", 16),
        ("local", "", "path", None, "runtime", 17),
    ]


@pytest.mark.parametrize(("lock", "aliases"), [(V3, {"lodash": "old"}), (V1, {"@scope/real": "alias"})])
def test_npm_alias_is_kept_beside_the_real_name(lock: str, aliases: dict[str, str]) -> None:
    found = read({"package-lock.json": lock}).occurrences
    assert {one.component.name: one.alias for one in found if one.alias} == aliases


def test_npm_manifest_beside_a_nested_lock_tells_direct_and_path() -> None:
    manifest = '{"dependencies": {"a": "^1", "local": "file:../local"}, "optionalDependencies": {"b": "2"}}'
    parsed = read({"web/package-lock.json": V1, "web/package.json": manifest})
    assert {row[0] + row[1]: row[3] for row in rows(parsed)} == {
        "a1.0.0": True,
        "@scope/real2.3.4": None,
        "b2.0.0": True,
        "cabc": False,
        "local": True,
        "b1.1.0": False,
    }
    assert path_of(parsed, "c") == ("b",)


@pytest.mark.parametrize("version", ['">= 1"', "4", "null", "true"])
def test_npm_unknown_lock_version_is_unparsed_and_still_read(version: str) -> None:
    parsed = read(
        {"package-lock.json": f'{{"lockfileVersion": {version}, "dependencies": {{"a": {{"version": "1"}}}}}}'}
    )
    assert [row[0] for row in rows(parsed)] == ["a"]
    assert "expected `lockfileVersion` 1, 2 or 3" in parsed.unparsed[0].because


@pytest.mark.parametrize(
    "entry", ["{}", '{"version": 5}', '{"version": ""}', '{"version": "1\\u0000"}', '"1.0"', "null"]
)
def test_npm_entry_that_is_wrong_is_unparsed_and_the_others_read(entry: str) -> None:
    text = f'{{"lockfileVersion": 3, "packages": {{"node_modules/x": {entry}, "node_modules/y": {{"version": "1"}}}}}}'
    parsed = read({"package-lock.json": text})
    assert [row[0] for row in rows(parsed)] == ["y"]
    assert len(parsed.unparsed) == 1


@pytest.mark.parametrize(
    ("text", "line", "because"),
    [
        ("", None, "the file is empty"),
        ("[]", 1, "expected a JSON object, got list"),
        ("{}", 1, "expected `lockfileVersion` 1, 2 or 3, got None"),
        ('{\n "a": bogus}', 2, "not valid JSON: Expecting value (column 7)"),
        (V3[:-40], 46, "not valid JSON"),
        ("[" * 100_000, None, "not valid JSON: nested too deeply"),
        ('{"a": ' * 100_000, None, "not valid JSON: nested too deeply"),
        ('{"lockfileVersion": ' + "9" * 5000 + "}", None, "not valid JSON: Exceeds the limit"),
        ('{\n<<<<<<< HEAD\n"a": 1\n=======\n>>>>>>> x\n}', 2, "merge conflict markers"),
    ],
    ids=["empty", "list", "no-version", "bogus", "truncated", "deep-list", "deep-object", "huge-number", "conflict"],
)
def test_npm_file_that_is_wrong_says_why_and_where(text: str, line: int | None, because: str) -> None:
    parsed = read({"package-lock.json": text})
    assert parsed.occurrences == ()
    assert parsed.unparsed[0].line == line
    assert parsed.unparsed[0].because.startswith(because)


def test_npm_undecodable_byte_is_named_with_its_line() -> None:
    assert gaps(read({"package-lock.json": b'{\n"a": "\xff"}'})) == [(2, "expected UTF-8 text, got 0xff")]


def test_licence_is_read_where_the_lock_file_has_it() -> None:
    entries = (
        '"node_modules/a": {"version": "1", "license": "MIT"}, "node_modules/b": {"version": "1", "license": ["x"]}'
    )
    parsed = read({"package-lock.json": f'{{"lockfileVersion": 3, "packages": {{{entries}}}}}'})
    assert [one.licenses for one in parsed.occurrences] == [("MIT",), ()]


def test_npm_dependency_that_is_not_in_the_file_is_told_unless_it_need_not_be_there() -> None:
    lock = (
        '{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "1", "o": "1"},'
        ' "optionalDependencies": {"o": "1"}},'
        ' "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "^2"}, "peerDependencies": {"p": "*"}},'
        ' "node_modules/w": {"resolved": "../w", "link": true}, "../w": {"dependencies": {"elsewhere": "1"}}}}'
    )
    assert gaps(read({"package-lock.json": lock})) == [(1, "`b` ^2 is asked for and not in the file")]
