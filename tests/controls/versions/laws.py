"""What every version scheme must keep."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from holdfast.controls.versions import SchemeSpec
from tests.shared import SHARED_DATA

SIGNS = {"<": -1, "=": 0, ">": 1}


def shared_rows(name: str) -> Iterator[tuple[str, int, str]]:
    """Yield (a, sign, b) of a collected file of version order."""
    return rows_of(SHARED_DATA / "versions" / f"{name}-versions.txt")


def rows_of(file: Path) -> Iterator[tuple[str, int, str]]:
    """Yield (a, sign, b) of a file of version order."""
    for line in file.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith(("#", "//")):
            a, sign, b = line.split()
            yield a, SIGNS[sign], b


def missed_rows(scheme: SchemeSpec, given: Iterable[tuple[str, int, str]]) -> tuple[list[str], int]:
    """Return the rows (`a < b`) that a scheme orders otherwise, by key or pairwise, and the number of rows."""
    missed, rows = [], 0
    for a, expected, b in given:
        rows += 1
        a_key, b_key = scheme.key(a), scheme.key(b)
        by_key = expected if a_key is None or b_key is None else (a_key > b_key) - (a_key < b_key)
        if scheme.compare(a, b) != expected or by_key != expected:
            missed.append(f"{a} {'<=>'[expected + 1]} {b}")
    return missed, rows


def assert_keeps_the_laws(scheme: SchemeSpec, a: str, b: str, c: str, *, transitive: bool = True) -> None:
    """Assert a total, transitive order, the agreement of both ways to compare, and that no key begins another.

    Where a scheme is no order without its keys, `transitive=False` asks for transitivity among keyed versions alone.
    """
    for version in (a, b, c):
        assert scheme.compare(version, version) in (0, None)
        assert scheme.key(version) is None or scheme.compare(version, version) == 0
    for left, right in ((a, b), (b, c), (a, c)):
        forth, back = scheme.compare(left, right), scheme.compare(right, left)
        assert (forth is None) == (back is None)
        assert forth is None or back is None or forth == -back
        left_key, right_key = scheme.key(left), scheme.key(right)
        if left_key is None or right_key is None:
            continue
        assert forth == (left_key > right_key) - (left_key < right_key)
        assert left_key == right_key or not right_key.startswith(left_key)
    if not transitive and None in (scheme.key(a), scheme.key(b), scheme.key(c)):
        return
    if scheme.compare(a, b) in (-1, 0) and scheme.compare(b, c) in (-1, 0):
        assert scheme.compare(a, c) in (-1, 0, None)
