"""Lock files as real tools wrote them: what is broken has its line, and lines point at what they name."""

import pytest

from holdfast.edges.providers.local_tree import LocalTree
from holdfast.facts.composition import read_tree
from holdfast.model.component import ParsedFile
from tests.shared import SHARED_DATA, needs_shared

pytestmark = needs_shared

LOCKFILES = SHARED_DATA / "lockfiles"
NAMED_ON_ITS_LINE = frozenset(
    {"uv_lock", "poetry_lock", "cargo_lock", "go_mod", "go_sum", "package_lock_json", "requirements_txt"}
)
"""Formats in which each component's line names it; in others it may be a table's, or an archive's."""


@pytest.fixture(scope="module")
def parsed() -> dict[str, ParsedFile]:
    """Every file that was read or reported, by its path."""
    return {one.file: one for one in read_tree(LocalTree(LOCKFILES))}


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
        if one.format not in NAMED_ON_ITS_LINE:
            continue
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
