"""`packages.config`."""

from tests.facts.lockfiles.reading import gaps, read, rows

CONFIG = """\
<?xml version="1.0" encoding="utf-8"?>
<packages>
  <package id="Lamp" version="2.0.1" targetFramework="net48" />
  <package id="Check" version="1.0" developmentDependency="true" />
  <package id="Open" version="[1.0,2.0)" />
  <package version="1.0" />
</packages>
"""
SAMPLE = ("packages.config", CONFIG)


def test_nuget_packages_of_a_project_have_scope_and_line() -> None:
    parsed = read(dict([SAMPLE]))
    assert rows(parsed) == [
        ("Lamp", "2.0.1", "registry", None, "runtime", 3),
        ("Check", "1.0", "registry", None, "development", 4),
    ]
    assert gaps(parsed) == [
        (5, "`Open`: `[1.0,2.0)` names no single version: which one is taken is not known"),
        (6, "a component without name: ``"),
    ]


def test_packages_config_of_another_root_is_refused() -> None:
    assert gaps(read({"packages.config": "<configuration/>"})) == [(1, "expected `<packages>`, got `<configuration>`")]
