"""What could not be read before and cannot be now, and was altered: nobody can tell what a change adds there.

Rules:

1. A gap is known again by its reason. Of a file of which nothing is read, or of lines that were left out as a whole,
   the reason is the same whatever they say. Where a change alters such a file its gap says so, and is another one.
2. Of a manifest without a lock file only what it asks for counts; its version, its scripts and the settings of tools
   bring nothing.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from holdfast.errors import FactError
from holdfast.model.component import Sbom, Unparsed
from holdfast.ports.tree import Tree

ALTERED = "; this change alters it"
_MOST_BYTES = 16 << 20
_LEFT_OUT = "merge conflict markers"
_NODE = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "bundledDependencies",
         "bundleDependencies", "overrides", "resolutions", "workspaces", "pnpm")  # fmt: skip
_RUST = (
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "target",
    "workspace",
    "patch",
    "replace",
    "features",
)
_PYTHON_TOOLS = ("poetry", "pdm", "uv", "hatch", "setuptools", "flit")


def mark_altered(head: Sbom, tree: Tree, before: Tree) -> Sbom:
    """Return a composition whose gaps tell where a change alters what nobody could read before either."""
    blind = frozenset(_blind(head))
    if not blind:
        return head
    altered = {file for file in {one.file for one in blind} if _is_altered(file, tree, before)}
    marked = (
        replace(one, because=one.because + ALTERED) if one in blind and one.file in altered else one
        for one in head.unparsed
    )
    return replace(head, unparsed=tuple(marked))


def _blind(sbom: Sbom) -> Iterator[Unparsed]:
    """Yield the gaps that tell nothing of what is written there."""
    read = {file: count for file, _, count in sbom.files}
    gaps = Counter(one.file for one in sbom.unparsed)
    for one in sbom.unparsed:
        if one.because.endswith(ALTERED):
            continue
        if one.because.startswith(_LEFT_OUT) or (not read.get(one.file) and gaps[one.file] == 1):
            yield one


def _is_altered(file: str, tree: Tree, before: Tree) -> bool:
    here, there = _content(tree, file), _content(before, file)
    if here == there or there is None:
        return False  # what was not there before is another gap anyway
    if isinstance(here, bytes) and isinstance(there, bytes):
        asked, was = _asked(file, here), _asked(file, there)
        return asked is None or asked != was
    return True


def _content(tree: Tree, file: str) -> bytes | str | None:
    """Return a file's content, or why it can't be read; `None` where there is none."""
    try:
        return tree.read(file, _MOST_BYTES)
    except FactError as error:
        return None if error.message == "no such file" else error.message


def _asked(file: str, data: bytes) -> Mapping[str, Any] | None:
    """Return what a manifest asks for; `None` where it is none whose parts are known, or can't be read."""
    name = file.rpartition("/")[2]
    try:
        match name:
            case "package.json":
                return _parts(json.loads(data), _NODE)
            case "Cargo.toml":
                return _parts(tomllib.loads(data.decode()), _RUST)
            case "pyproject.toml":
                return _of_python(tomllib.loads(data.decode()))
    except (ValueError, RecursionError):
        return None
    return None


def _of_python(root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    project, tools = root.get("project", {}), root.get("tool", {})
    if not isinstance(project, dict) or not isinstance(tools, dict):
        return None
    return {
        "project": _parts(project, ("dependencies", "optional-dependencies", "dynamic")),
        "tool": _parts(tools, _PYTHON_TOOLS),
        **(_parts(root, ("dependency-groups", "build-system")) or {}),
    }


def _parts(root: object, names: tuple[str, ...]) -> Mapping[str, Any] | None:
    return {name: root[name] for name in names if name in root} if isinstance(root, dict) else None
