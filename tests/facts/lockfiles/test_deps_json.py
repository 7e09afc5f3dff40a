"""`*.deps.json`."""

from holdfast.facts.composition import read_file
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.reading import gaps, path_of, read, rows

DEPS = """\
{
  "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0"},
  "targets": {
    ".NETCoreApp,Version=v8.0": {
      "Shop/1.0.0": {"dependencies": {"Lamp": "2.0.1", "Own": "1.0.0"}, "runtime": {"Shop.dll": {}}},
      "Lamp/2.0.1": {"dependencies": {"Bulb": "1.0.0"}},
      "Own/1.0.0": {"dependencies": {"Lamp": "2.0.1"}}
    }
  },
  "libraries": {
    "Shop/1.0.0": {"type": "project", "serviceable": false},
    "runtimepack.Example.Runtime.linux-x64/8.0.1": {"type": "runtimepack"},
    "Lamp/2.0.1": {"type": "package"},
    "Bulb/1.0.0": {"type": "package"},
    "Own/1.0.0": {"type": "project"},
    "Odd/1.0.0": {"type": "moon"}
  }
}
"""
SAMPLE = ("Shop.deps.json", DEPS)


def test_application_loads_packages_the_runtime_and_projects_but_not_itself() -> None:
    parsed = read(dict([SAMPLE]))
    assert rows(parsed) == [
        ("Example.Runtime.linux-x64", "8.0.1", "registry", None, "runtime", 12),
        ("Lamp", "2.0.1", "registry", True, "runtime", 13),
        ("Bulb", "1.0.0", "registry", False, "runtime", 14),
        ("Own", "1.0.0", "path", True, "runtime", 15),
    ]
    assert path_of(parsed, "Bulb") == ("Lamp",)
    assert gaps(parsed) == [(16, "`Odd/1.0.0` is of a type that is not known: 'moon'")]


def test_another_file_of_that_name_is_left_alone() -> None:
    assert read_file(MemoryTree({"x.deps.json": '{"deps": []}'}), "x.deps.json") is None


def test_application_without_libraries_is_not_whole() -> None:
    assert gaps(read({"x.deps.json": '{"runtimeTarget": 1}'})) == [(1, "no `libraries` in it: not a whole file")]
