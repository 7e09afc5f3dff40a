"""Measure, print, and write `benchmarks/RESULTS.md`.

make bench                 everything
make bench ARGS="impact"   a part; the other lines of the results stay as they were
make bench ARGS="peers:image"   one case of a part that has several

Each figure is written as it is measured.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

from benchmarks.keeping import Part
from benchmarks.measure import Figure

PARTS = (
    *("cold", "compiled", "fanout", "feed", "image", "impact"),
    *("overlays", "peers", "pushes", "runs", "sarif", "sbom", "unleash"),
)
SHOWN = ("chaos", *PARTS)
"""What stands on the page: `make chaos` writes its own."""


def main(arguments: list[str]) -> int:
    """Run the parts that are named, or all; returns 1 when a figure does not hold."""
    missed = 0
    for argument in arguments or PARTS:
        name, _, case = argument.partition(":")
        part = Part(name, SHOWN)
        for figure in _figures(name, case):
            print(
                f"{_word(figure)}  {figure.what}: {figure.measured} (at most {figure.target}) {figure.beside}",
                flush=True,
            )
            part.keep(figure)
            missed += figure.holds is False
        if not case:
            part.end()
    return int(bool(missed))


def _figures(name: str, case: str) -> Iterator[Figure]:
    """Measure a part, or one of its cases alone."""
    if name not in PARTS:
        sys.exit(f"unknown: {name}; one of {', '.join(PARTS)}")
    module = import_module(f"benchmarks.{name}")
    if not case:
        yield from module.run()
        return
    cases = getattr(module, "CASES", ())
    if case not in cases:
        sys.exit(f"unknown: {name}:{case}; of {name} there is {', '.join(cases) or 'the whole alone'}")
    yield from module.run(case)


def record(name: str, figures: Sequence[Figure]) -> None:
    """Keep the figures of a part that was measured as a whole, in place of those it had."""
    part = Part(name, SHOWN)
    for figure in figures:
        part.keep(figure)
    part.end()


def _word(figure: Figure) -> str:
    return {True: "ok  ", False: "MISS", None: "-   "}[figure.holds]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
