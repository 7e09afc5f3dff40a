"""`Cargo.toml`: dependencies of every kind, for every target, and the workspace's.

Source: https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html
"""

from collections.abc import Sequence
from typing import Any

from holdfast.remediations.edits._ranges import raise_range
from holdfast.remediations.edits._spec import Cut, Wanted, cut
from holdfast.remediations.edits._toml_places import Path, find_strings, load_document

_KINDS = {"dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"}


def plan(data: bytes, wanted: Wanted) -> Sequence[Cut]:
    """Return the cuts; see the room's rules. Raises: FactError."""
    document = load_document(data)
    cuts = []
    for path, (start, end) in find_strings(data).items():
        if _package(document, path) != wanted.name:
            continue
        raised = raise_range("crates.io", data[start:end].decode(), wanted.version)
        if raised is not None:
            cuts.append(cut(data, start, end, raised))
    return cuts


def _package(document: dict[str, Any], path: Path) -> str | None:
    """The package whose requirement stands at a path; `None` when none does."""
    entry = path[:-1] if path[-1] == "version" and len(path) > 2 and path[-3] in _KINDS else path
    if len(entry) < 2 or entry[-2] not in _KINDS or not _is_place(entry[:-2]):
        return None
    held: Any = document
    for step in entry:
        held = held[step]
    renamed = held.get("package") if isinstance(held, dict) else None
    return renamed if isinstance(renamed, str) else str(entry[-1])


def _is_place(above: Path) -> bool:
    return above in {(), ("workspace",)} or (len(above) == 2 and above[0] == "target")
