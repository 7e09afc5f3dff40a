"""Lock files as real tools wrote them: the component set equals a listed one, and nothing is silent."""

import json
from pathlib import Path

import pytest

from holdfast.edges.providers.local_tree import LocalTree
from holdfast.facts.composition import UNREAD, read_tree
from holdfast.model.component import Component, ParsedFile, Source
from tests.shared import SHARED_DATA, needs_shared

pytestmark = needs_shared

LOCKFILES = SHARED_DATA / "lockfiles"
EXPECTED = {path.stem: json.loads(path.read_text()) for path in (Path(__file__).parent / "expected").glob("*.json")}
CASES = [(format_id, origin) for format_id in sorted(EXPECTED) for origin in sorted(EXPECTED[format_id])]


@pytest.fixture(scope="module")
def parsed() -> dict[str, ParsedFile]:
    """Every file that was read or reported, by its path."""
    return {one.file: one for one in read_tree(LocalTree(LOCKFILES))}


def _label(component: Component) -> str:
    source = "" if component.source is Source.REGISTRY else f" ({component.source.value})"
    return f"{component.name}@{component.version}{source}"


def _file(parsed: dict[str, ParsedFile], format_id: str, origin: str) -> ParsedFile:
    return next(one for path, one in parsed.items() if one.format == format_id and path.split("/")[1] == origin)


@pytest.mark.parametrize(("format_id", "origin"), CASES)
def test_component_set_is_the_expected_one(parsed: dict[str, ParsedFile], format_id: str, origin: str) -> None:
    found = sorted({_label(one.component) for one in _file(parsed, format_id, origin).occurrences})
    assert found == EXPECTED[format_id][origin]


def test_every_file_is_read_or_reported(parsed: dict[str, ParsedFile]) -> None:
    files = {path.relative_to(LOCKFILES).as_posix() for path in LOCKFILES.rglob("*") if path.is_file()}
    assert set(parsed) == files
    for one in parsed.values():
        if one.format == UNREAD:
            assert [gap.because for gap in one.unparsed if "recognized but not read yet" in gap.because]
        assert one.occurrences or one.unparsed or _may_be_empty(one)


def _may_be_empty(one: ParsedFile) -> bool:
    """A `go.sum` that hashed no zip has no components and no gap."""
    lines = (LOCKFILES / one.file).read_text().splitlines()
    return one.format == "go_sum" and all("/go.mod h1:" in line for line in lines)


def test_every_file_of_a_read_format_has_a_listed_set(parsed: dict[str, ParsedFile]) -> None:
    read = {(one.format, path.split("/")[1]) for path, one in parsed.items() if one.format != UNREAD}
    assert read == set(CASES)


def test_files_that_are_broken_are_unparsed_with_their_line(parsed: dict[str, ParsedFile]) -> None:
    places = {
        "Cargo_lock/syft-ced6b70f/Cargo.lock": 58,
        "go_mod/syft-843ccd7f/go.mod": 5,
        "go_sum/syft-9669aaf6/go.sum": 3,
        "package-lock_json/syft-88e79dae/package-lock.json": 1,
        "package-lock_json/syft-f0d084cf/package-lock.json": 1,
        "uv_lock/syft-9cb8b72f/uv.lock": 1,
    }
    assert {path: parsed[path].unparsed[0].line for path in places} == places


def test_lines_point_at_what_they_name(parsed: dict[str, ParsedFile]) -> None:
    checked = 0
    for path, one in parsed.items():
        lines = (LOCKFILES / path).read_text().split("\n") if one.occurrences else []
        for occurrence in one.occurrences:
            line = occurrence.locations[0].line
            assert line is not None
            shown = lines[line - 1]
            last = occurrence.component.name.rpartition("/")[2]
            if one.format in {"uv_lock", "poetry_lock", "cargo_lock"}:
                assert shown == "[[package]]"
                shown = lines[line]
            if one.format == "go_mod" and len(occurrence.locations) > 1:
                replaced_at = occurrence.locations[1].line
                assert replaced_at is not None
                shown = lines[replaced_at - 1]
            tail = shown.lower().replace("_", "-").replace(".", "-")
            alias = '"a-dev"' in shown or '"node_modules/a-dev"' in shown
            assert alias or last.lower().replace("_", "-").replace(".", "-") in tail, (path, line)
            checked += 1
    assert checked > 1_000
