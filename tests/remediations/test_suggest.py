"""The way out: the version that nothing touches, what to raise, what to type."""

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.errors import FactError
from holdfast.model.component import Component, Location, Occurrence
from holdfast.model.fix import Fix
from holdfast.ports.advisories import PackageRules
from holdfast.remediations.suggest import find_safe_version, suggest_fix, suggest_steps
from tests.edges.providers.bucket import record


def rules_of(ecosystem: str, name: str, *fixed: str, introduced: str = "0") -> PackageRules:
    """Return what is known of a package whose records are fixed in these versions, one record each."""
    intervals, pairwise, fixes = [], [], []
    for number, version in enumerate(fixed):
        one = record(f"L-{number}", ecosystem, name, fixed=version)
        one["affected"][0]["ranges"][0]["events"][0] = {"introduced": introduced}
        compiled = compile_advisory(parse_osv(one))
        intervals += [(f"L-{number}", interval.lo, interval.hi) for interval in compiled.intervals]
        pairwise += [(f"L-{number}", entry) for entry in compiled.pairwise]
        fixes += [fix for _, _, fix in compiled.fixes]
    return PackageRules(tuple(intervals), tuple(pairwise), tuple(fixes))


def occurrence(
    ecosystem: str, name: str, version: str, file: str, *, path: tuple[str, ...] = (), line: int | None = 7
) -> Occurrence:
    """Return a component at a place; transitive when it has a path."""
    return Occurrence(Component(ecosystem, name, version), (Location(file, line),), direct=not path, path=path)


def test_the_version_is_one_that_no_record_touches() -> None:
    rules = rules_of("PyPI", "lamp", "1.2", "1.5", "1.4")
    assert find_safe_version("PyPI", "1.0", rules) == "1.5"


def test_a_fix_of_an_older_line_is_not_offered() -> None:
    older = rules_of("PyPI", "lamp", "1.2")
    newer = rules_of("PyPI", "lamp", "2.3", introduced="2.0")
    rules = PackageRules(older.intervals + newer.intervals, (), older.fixes + newer.fixes)
    assert find_safe_version("PyPI", "2.1", rules) == "2.3"
    assert find_safe_version("PyPI", "1.0", rules) == "1.2"


def test_without_a_fixed_version_there_is_no_fix() -> None:
    one = record("L-1")
    one["affected"][0]["ranges"][0]["events"] = [{"introduced": "0"}]
    compiled = compile_advisory(parse_osv(one))
    rules = PackageRules(tuple(("L-1", interval.lo, interval.hi) for interval in compiled.intervals), (), ())
    assert suggest_fix(occurrence("PyPI", "lamp", "1.0", "uv.lock"), rules) is None


@pytest.mark.parametrize(
    ("ecosystem", "file", "command"),
    [
        ("PyPI", "uv.lock", "uv lock --upgrade-package lamp==1.5.0"),
        ("PyPI", "a/poetry.lock", "poetry add --lock 'lamp@>=1.5.0'"),
        ("PyPI", "requirements.txt", "sed -i '7s/==1\\.0\\.0/==1.5.0/' requirements.txt"),
        ("npm", "package-lock.json", "npm install --ignore-scripts lamp@1.5.0"),
        ("Go", "go.mod", "go get lamp@v1.5.0 && go mod tidy"),
        ("crates.io", "Cargo.lock", "cargo update -p lamp@1.0.0 --precise 1.5.0"),
        ("Debian:12", "var/lib/dpkg/status", "apt-get update && apt-get install --only-upgrade lamp=1.5.0"),
    ],
)
def test_a_direct_dependency_gets_its_tools_command(ecosystem: str, file: str, command: str) -> None:
    found = occurrence(ecosystem, "lamp", "1.0.0", file)
    fix = suggest_fix(found, rules_of(ecosystem, "lamp", "1.5.0"))
    assert fix is not None
    assert fix.command == command
    assert fix.raise_name == "lamp"
    assert fix.location == Location(file, 7)


@pytest.mark.parametrize(
    ("ecosystem", "file", "command"),
    [
        ("PyPI", "uv.lock", "uv lock --upgrade-package lamp==1.5.0"),
        ("PyPI", "poetry.lock", "poetry update --lock lamp"),
        ("npm", "package-lock.json", "npm update --ignore-scripts lamp"),
        ("crates.io", "Cargo.lock", "cargo update -p lamp@1.0.0 --precise 1.5.0"),
    ],
)
def test_a_transitive_dependency_names_what_to_raise(ecosystem: str, file: str, command: str) -> None:
    found = occurrence(ecosystem, "lamp", "1.0.0", file, path=("house", "room"))
    fix = suggest_fix(found, rules_of(ecosystem, "lamp", "1.5.0"))
    assert fix is not None
    assert (fix.command, fix.raise_name, fix.version) == (command, "house", "1.5.0")
    assert "`house`" in fix.note


def test_a_pinned_line_is_edited_as_it_stands() -> None:
    found = occurrence("PyPI", "lamp", "1.0", "requirements.txt")
    line = 'Lamp[glass] == 1.0 ; python_version > "3"  # bright'
    fix = suggest_fix(found, rules_of("PyPI", "lamp", "1.5"), line_text=line)
    assert fix is not None
    assert fix.edit == (line, 'Lamp[glass] == 1.5 ; python_version > "3"  # bright')


def test_hashes_are_spoken_of() -> None:
    found = occurrence("PyPI", "lamp", "1.0", "requirements.txt")
    fix = suggest_fix(found, rules_of("PyPI", "lamp", "1.5"), line_text="lamp==1.0 --hash=sha256:00")
    assert fix is not None
    assert "hashes" in fix.note


def test_a_standard_library_is_fixed_by_the_language() -> None:
    fix = suggest_fix(occurrence("Go", "stdlib", "1.20.1", "go.mod"), rules_of("Go", "stdlib", "1.20.4"))
    assert fix is not None
    assert fix.command == "go get go@1.20.4 && go mod tidy"


def test_an_sbom_has_no_tool_and_says_so() -> None:
    found = occurrence("PyPI", "lamp", "1.0", "app.cdx.json", path=("house",), line=None)
    fix = suggest_fix(found, rules_of("PyPI", "lamp", "1.5"), {"app.cdx.json": "cyclonedx_json"})
    assert fix is not None
    assert fix.command is None
    assert "no tool of its own" in fix.note


@pytest.mark.parametrize("name", ["$(reboot)", "a;b", "-rf", "a b", "`id`", "a\\b", "x&&y", "../../up", "<b>"])
def test_a_hostile_name_gets_no_command(name: str) -> None:
    fix = suggest_fix(occurrence("npm", name, "1.0.0", "package-lock.json"), rules_of("npm", name, "1.5.0"))
    assert fix is not None
    assert fix.command is None
    assert "unusual" in fix.note


@given(name=st.text(min_size=1, max_size=30), parent=st.text(max_size=30))
def test_a_command_is_always_words_that_were_meant(name: str, parent: str) -> None:
    """Whatever the name, the shell sees one tool and words that a name may have."""
    try:
        found = occurrence("npm", name, "1.0.0", "package-lock.json", path=(parent,) if parent else ())
    except FactError:
        return
    fix = suggest_fix(found, rules_of("npm", name, "1.5.0"))
    if fix is not None and fix.command is not None:
        assert shlex.split(fix.command)[0] == "npm"
        assert not set(fix.command) & set("$`;|<>\\\n()")


def npm_lock(asked: str) -> bytes:
    """Return a lock file in which `room` asks for the lamp."""
    packages = {
        "": {"name": "a", "dependencies": {"house": "^1.0.0"}},
        "node_modules/house": {"version": "1.0.0", "dependencies": {"room": "^1.0.0"}},
        "node_modules/room": {"version": "1.2.0", "dependencies": {"lamp": asked}},
        "node_modules/lamp": {"version": "1.0.0"},
    }
    return json.dumps({"packages": packages}).encode()


def transitive_step(asked: str) -> Fix:
    found = occurrence("npm", "lamp", "1.0.0", "package-lock.json", path=("house", "room"))
    (step,) = suggest_steps(found, "1.5.0", {}, lambda _place: None, lambda _file: npm_lock(asked))
    return step


def test_a_range_that_allows_the_version_is_raised_in_place() -> None:
    step = transitive_step("^1.0.0")
    assert step.command == "npm update --ignore-scripts lamp"
    assert step.note == "`room 1.2.0` asks for `^1.0.0`: 1.5.0 is allowed, and raised in place"


def test_a_range_that_forbids_the_version_names_what_to_raise_and_claims_no_version_of_it() -> None:
    step = transitive_step("~1.0.0")
    assert (step.command, step.raise_name) == (None, "house")
    assert "`room 1.2.0` asks for `~1.0.0`, which forbids 1.5.0: raise `house`" in step.note
    assert "which version of it helps is not in the lock file" in step.note


@pytest.mark.parametrize("asked", ["latest", "1.0.0 - 2.0.0"])
def test_a_range_that_is_not_understood_claims_nothing(asked: str) -> None:
    step = transitive_step(asked)
    assert step.command == "npm update --ignore-scripts lamp"
    assert "asks for it: if it does not reach 1.5.0" in step.note
