"""Edits: how a manifest is made to ask for a safe version, as cuts into its own bytes. One module a file's name.

Rules every editor keeps:

1. What it returns are cuts of versions alone; every other byte of the file stays as it is.
2. It raises a lower bound or a pin, and keeps the operator. A bound above that forbids the version is not lifted: that
   is a decision, and the editor refuses with why.
3. What it does not understand completely it refuses; a document that would read differently elsewhere is refused, too.
4. No cuts mean that the file allows the version already.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

from holdfast.model.frozen import frozen
from holdfast.remediations.edits._spec import Cut, Wanted, cut, make_cuts

__all__ = ["Cut", "Manifest", "Wanted", "cut", "find_manifest", "make_cuts", "plan_cuts"]

Editor = Callable[[bytes, Wanted], Sequence[Cut]]


@frozen
class Manifest:
    """What is edited for a lock file's format: the name of the file, and whether it is the scanned file itself."""

    name: str
    editor: str
    is_itself: bool = False


_NODE, _PYTHON = Manifest("package.json", "package_json"), Manifest("pyproject.toml", "pyproject_toml")
_MANIFESTS = {
    "requirements_txt": Manifest("", "requirements_txt", is_itself=True),
    "pom_xml": Manifest("", "pom_xml", is_itself=True),
    "go_mod": Manifest("", "go_mod", is_itself=True),
    "package_lock_json": _NODE,
    "pnpm_lock_yaml": _NODE,
    "yarn_lock": _NODE,
    "bun_lock": _NODE,
    "uv_lock": _PYTHON,
    "poetry_lock": _PYTHON,
    "pdm_lock": _PYTHON,
    "cargo_lock": Manifest("Cargo.toml", "cargo_toml"),
}


def find_manifest(format_id: str | None) -> Manifest | None:
    """Return what is edited for a format; `None` where nothing is."""
    return _MANIFESTS.get(format_id or "")


def plan_cuts(manifest: Manifest, data: bytes, wanted: Wanted) -> tuple[Cut, ...]:
    """Return the cuts that make a file ask for a version; none where it allows it already, or does not name it.

    Raises:
        FactError: it can't be edited safely; the message says why.
    """
    editor = cast(Editor, import_module(f"{__name__}.{manifest.editor}").plan)
    return tuple(editor(data, wanted))
