"""Who asks for a component, and with which range. A version that is locked is one that its ranges allow."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.facts.composition import read_composition
from holdfast.model.component import Component, Source
from holdfast.remediations.allowed import allows
from holdfast.remediations.asked import Ask, find_asks
from holdfast.testing.trees import MemoryTree
from tests.shared import SHARED_DATA, needs_shared

FOLDERS = {
    "package-lock_json": "package_lock_json",
    "yarn_lock": "yarn_lock",
    "poetry_lock": "poetry_lock",
    "pdm_lock": "pdm_lock",
    "Gemfile_lock": "gemfile_lock",
    "composer_lock": "composer_lock",
}
CONTRADICT_THEMSELVES = {
    "dependabot-core-9a5cea93",  # Bundler itself, at a version that the Gemfile forbids
    "dependabot-core-30b83d4a",  # `^0.0.1` over 0.0.2: written by hand
    "osv-scalibr-b274e3f1",  # one package in three kinds, at three versions
    "dependabot-core-204b3e51",  # `^6.0.0` over 7.0.0: a resolution
}
LEAST_TOLD = {"Gemfile_lock": 100, "package-lock_json": 60, "poetry_lock": 80, "yarn_lock": 220}
NPM = {
    "": {"name": "a", "dependencies": {"house": "^1.0.0"}, "devDependencies": {"lamp": "~1.0.0"}},
    "node_modules/house": {"version": "1.2.0", "dependencies": {"lamp": "^1.0.0"}},
    "node_modules/lamp": {"version": "1.0.0"},
    "node_modules/shed": {"version": "2.0.0", "dependencies": {"lamp": "^2.0.0"}},
    "node_modules/shed/node_modules/lamp": {"version": "2.0.0"},
}
YARN_1 = """# yarn lockfile v1


house@^1.0.0:
  version "1.2.0"
  dependencies:
    lamp "^1.0.0"

lamp@^1.0.0, lamp@~1.0.0:
  version "1.0.0"

lamp@^2.0.0:
  version "2.0.0"
"""
YARN_BERRY = """__metadata:
  version: 8

"house@npm:^1.0.0":
  version: 1.2.0
  dependencies:
    lamp: "npm:^1.0.0"

"lamp@npm:^1.0.0, lamp@npm:~1.0.0":
  version: 1.0.0
"""
POETRY = """[[package]]
name = "house"
version = "1.2.0"

[package.dependencies]
lamp = {version = ">=1.0,<1.4", optional = true}
Lamp_ = "*"
"""
PDM = '[[package]]\nname = "house"\nversion = "1.2.0"\ndependencies = ["Lamp[a]<1.4,>=1.0; os_name == \'x\'", "desk"]\n'
GEMS = """GEM
  remote: https://registry.example/
  specs:
    house (1.2.0)
      lamp (>= 1.0, < 1.4)
    lamp (1.0.0)

DEPENDENCIES
  lamp (~> 1.0)
"""
COMPOSER = json.dumps(
    {"packages": [{"name": "a/house", "version": "1.2.0", "require": {"A/Lamp": "^1.0", "php": "8"}}]}
)


def asks(format_id: str, text: str, ecosystem: str, name: str = "lamp") -> list[tuple[str, str, bool | None]]:
    found = find_asks(format_id, text.encode(), Component(ecosystem, name, "1.0.0"), "1.5.0")
    return [(one.by, one.written, one.allows) for one in found]


def test_each_format_tells_who_asks_and_how() -> None:
    project, house = ("the project", "~1.0.0", False), ("house 1.2.0", "^1.0.0", True)
    assert asks("package_lock_json", json.dumps({"packages": NPM}), "npm") == [house, project]
    assert asks("yarn_lock", YARN_1, "npm") == [house, project]
    assert asks("yarn_lock", YARN_BERRY, "npm") == [house, project]
    assert asks("poetry_lock", POETRY, "PyPI") == [("house 1.2.0", ">=1.0,<1.4", False)]
    assert asks("pdm_lock", PDM, "PyPI") == [("house 1.2.0", "<1.4,>=1.0", False)]
    assert asks("gemfile_lock", GEMS, "RubyGems") == [
        ("house 1.2.0", ">= 1.0, < 1.4", False),
        ("the project", "~> 1.0", True),
    ]
    assert asks("composer_lock", COMPOSER, "Packagist", "a/lamp") == [("a/house 1.2.0", "^1.0", True)]


@pytest.mark.parametrize("format_id", ["cargo_lock", "uv_lock", "pnpm_lock_yaml", None])
def test_a_format_without_ranges_tells_nothing(format_id: str | None) -> None:
    assert find_asks(format_id, b"", Component("npm", "lamp", "1.0.0"), "1.5.0") == ()


@given(st.sampled_from(sorted(FOLDERS.values())), st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_what_can_not_be_read_tells_nothing(format_id: str, data: bytes) -> None:
    assert all(isinstance(one, Ask) for one in find_asks(format_id, data, Component("npm", "lamp", "1"), "2"))


def _files(folder: str) -> list[Path]:
    return sorted(one for one in (SHARED_DATA / "lockfiles" / folder).rglob("*") if one.is_file())


@needs_shared
@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_what_is_locked_is_what_its_ranges_allow(folder: str) -> None:
    """The tools solved these files: a range that forbids the version locked for it would be read wrongly."""
    told, wrong = 0, set[str]()
    for file in _files(folder):
        data = file.read_bytes()
        name = {"Gemfile_lock": "Gemfile.lock"}.get(folder, folder.replace("_", "."))
        sbom = read_composition(MemoryTree({name: data}))
        for one in sbom.occurrences:
            component = one.component
            if component.source is not Source.REGISTRY:
                continue
            for ask in find_asks(FOLDERS[folder], data, component, component.version):
                told += ask.allows is not None
                if allows(component.ecosystem, ask.written, component.version) is False:
                    assert ask.allows is None
                    wrong.add(file.parent.name)
    assert wrong <= CONTRADICT_THEMSELVES
    assert told >= LEAST_TOLD.get(folder, 2)
