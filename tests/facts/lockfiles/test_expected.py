"""Lock files as real tools wrote them: each gives exactly the components and gaps that are listed for it.

A list stands in `expected/<format>/<origin>.txt`: a component a line as `purl scope direct|transitive|?`, then its
source unless it is a registry, then `as <alias>` where it has one; after them the gaps as `! file:line because`. A
list is checked against its file by a person; it is never written from what the reader happens to say.
"""

from pathlib import Path

import pytest

from holdfast.facts.composition import read_file
from holdfast.model.component import Location, Occurrence, ParsedFile, Source
from holdfast.testing.trees import MemoryTree
from tests.shared import SHARED_DATA, needs_shared

EXPECTED = Path(__file__).parent / "expected"
LISTS = sorted(EXPECTED.glob("*/*.txt"))
REAL = SHARED_DATA / "lockfiles"
_DIRECT = {True: "direct", False: "transitive", None: "?"}


def _row(one: Occurrence) -> str:
    source = one.component.source
    words = [one.component.purl, one.scope.value, _DIRECT[one.direct]]
    words += [] if source is Source.REGISTRY else [source.value]
    return " ".join([*words, f"as {one.alias}"] if one.alias else words)


def listed(parsed: ParsedFile) -> list[str]:
    """Return what a file says as the lines of a list."""
    gaps = [f"! {Location(gap.file, gap.line)} {gap.because}" for gap in parsed.unparsed]
    return sorted(_row(one) for one in parsed.occurrences) + gaps


@needs_shared
@pytest.mark.parametrize("path", LISTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_real_file_gives_the_listed_components_and_gaps(path: Path) -> None:
    (file,) = (REAL / path.parent.name / path.stem).iterdir()
    parsed = read_file(MemoryTree({file.name: file.read_bytes()}), file.name)
    assert parsed is not None
    assert listed(parsed) == path.read_text().splitlines()


@needs_shared
@pytest.mark.parametrize("folder", sorted(path.name for path in EXPECTED.iterdir()))
def test_every_real_file_of_a_listed_format_has_a_list(folder: str) -> None:
    origins = {path.name for path in (REAL / folder).iterdir()}
    assert origins == {path.stem for path in (EXPECTED / folder).glob("*.txt")}
