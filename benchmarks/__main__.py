"""Measure, print, and write `benchmarks/RESULTS.md`.

make bench                 everything
make bench ARGS="impact"   a part; the other lines of the results stay as they were
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module

from benchmarks.measure import ROOT, Figure, machine

PARTS = (
    *("cold", "compiled", "fanout", "feed", "image", "impact"),
    *("overlays", "peers", "pushes", "runs", "sarif", "sbom", "unleash"),
)
SHOWN = ("chaos", *PARTS)
"""What stands on the page: `make chaos` writes its own."""
RESULTS = ROOT / "benchmarks/RESULTS.md"
KEPT = ROOT / "benchmarks/results.json"


def main(arguments: list[str]) -> int:
    """Run the parts that are named, or all; returns 1 when a figure does not hold."""
    missed = 0
    for part in arguments or PARTS:
        figures = []
        for figure in import_module(f"benchmarks.{part}").run():
            print(
                f"{_word(figure)}  {figure.what}: {figure.measured} (at most {figure.target}) {figure.beside}",
                flush=True,
            )
            figures.append(figure)
        record(part, figures)
        missed += sum(figure.holds is False for figure in figures)
    return int(bool(missed))


def record(part: str, figures: Sequence[Figure]) -> None:
    """Keep the figures of a part, in place of those it had, and write the page anew."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept[part] = {
        "machine": machine(),
        "day": datetime.now(UTC).date().isoformat(),
        "figures": [[f.what, f.measured, f.target, f.holds, f.beside] for f in figures],
    }
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    RESULTS.write_text(_page(kept))


def _word(figure: Figure) -> str:
    return {True: "ok  ", False: "MISS", None: "-   "}[figure.holds]


def _page(kept: dict[str, dict[str, object]]) -> str:
    lines = [
        "# Figures",
        "",
        "Written by `make bench`; every ratio is of one run. A figure that does not hold says so.",
        "",
    ]
    for part in SHOWN:
        if part not in kept:
            continue
        found = kept[part]
        lines += [f"## {part}", "", f"{found['machine']}, {found['day']}", ""]
        lines += ["| what | measured | at most | holds | beside |", "|---|---|---|---|---|"]
        for what, measured, target, holds, beside in found["figures"]:  # type: ignore[attr-defined]
            word = {True: "yes", False: "**no**", None: ""}[holds]
            lines.append(f"| {what} | {measured} | {target} | {word} | {beside} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
