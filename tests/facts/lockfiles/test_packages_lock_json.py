"""`packages.lock.json`."""

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

LOCK = """\
{
  "version": 1,
  "dependencies": {
    "net8.0": {
      "Lamp": {"type": "Direct", "requested": "[2.0, )", "resolved": "2.0.1", "dependencies": {"bulb": "1.0"}},
      "Bulb": {
        "type": "Transitive",
        "resolved": "1.0.0",
        "dependencies": {"Wick": "1.0"}
      },
      "Wick": {"type": "CentralTransitive", "resolved": "1.0.0"},
      "shop": {"type": "Project", "dependencies": {"Oil": "3.0"}},
      "Oil": {"type": "Transitive", "resolved": "3.0.0"}
    },
    "net8.0/linux-x64": {"Bulb": {"type": "Transitive", "resolved": "1.0.0"}}
  }
}
"""
SAMPLE = ("packages.lock.json", LOCK)


def test_nuget_packages_have_direct_and_line_and_projects_are_named() -> None:
    assert rows(read(dict([SAMPLE]))) == [
        ("Lamp", "2.0.1", "registry", True, "runtime", 5),
        ("Bulb", "1.0.0", "registry", False, "runtime", 6),
        ("Wick", "1.0.0", "registry", False, "runtime", 11),
        ("shop", "", "path", None, "runtime", 12),
        ("Oil", "3.0.0", "registry", False, "runtime", 13),
    ]


def test_nuget_path_follows_names_without_letter_case() -> None:
    parsed = read(dict([SAMPLE]))
    assert path_of(parsed, "Wick") == ("Lamp", "Bulb")
    assert path_of(parsed, "Oil") == ("shop",)
    assert gaps(parsed) == []


def test_nuget_entry_that_is_not_known_is_unparsed_and_the_others_count() -> None:
    text = '{"version": 9, "dependencies": {"net8.0": {\n"a": {"type": "New"},\n"b": {"type": "Direct"}, "c": 1}}}'
    parsed = read({"packages.lock.json": text})
    assert rows(parsed) == []
    assert gaps(parsed) == [
        (1, "expected `version` 1 or 2, got 9"),
        (2, "`a` is of a type that is not known: `New`"),
        (3, "a package whose name or version is not text: 'b' None"),
        (1, "expected an object for `c` of `net8.0`"),
    ]


def test_nuget_lock_without_dependencies_is_not_whole() -> None:
    assert gaps(read({"packages.lock.json": '{"version": 1}'})) == [
        (1, "no `dependencies` in it: not a whole lock file")
    ]
