"""What could not be read before and cannot be now, and was altered: nobody can tell what a change adds there.

Rules:

1. A gap is known again by its reason. Of a file of which nothing is read, or of lines that were left out as a whole,
   the reason is the same whatever they say. Where a change alters such a file its gap says so, and is another one.
2. Of a manifest without a lock file everything counts but what is known to bring nothing: its version, its scripts, the
   settings of linters. What a tool that nobody here knows makes of its own table is not known.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from holdfast.errors import FactError
from holdfast.model.component import Sbom, Unparsed
from holdfast.ports.tree import Tree

ALTERED = "; this change alters it"
_MOST_BYTES = 16 << 20
_LEFT_OUT = "merge conflict markers"
_NODE = ("name", "version", "description", "keywords", "homepage", "bugs", "license", "author",
         "contributors", "funding", "files", "main", "module", "browser", "types", "typings", "exports",
         "imports", "bin", "man", "directories", "repository", "scripts", "config", "engines", "os", "cpu",
         "private", "type", "sideEffects", "publishConfig", "packageManager", "devEngines", "browserslist",
         "babel", "jest", "prettier", "eslintConfig", "lint-staged", "husky")  # fmt: skip
_RUST = ("package", "lib", "bin", "example", "test", "bench", "profile", "lints", "badges")  # fmt: skip
_PYTHON = ("name", "version", "description", "readme", "requires-python", "license", "license-files",
           "authors", "maintainers", "keywords", "classifiers", "urls", "scripts", "gui-scripts",
           "entry-points", "import-names", "import-namespaces")  # fmt: skip
_PYTHON_TOOLS = ("ruff", "black", "isort", "mypy", "pyright", "basedpyright", "ty", "pytest", "coverage", "pylint",
                 "flake8", "bandit", "codespell", "towncrier", "commitizen", "bumpversion", "semantic_release",
                 "vulture", "interrogate", "docformatter", "yapf", "djlint", "autoflake",
                 "pydocstyle", "typos")  # fmt: skip


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
    if there is None:
        return False  # what was not there before is another gap anyway
    if here == there:
        return isinstance(here, str) and _differs(file, tree, before)
    if isinstance(here, bytes) and isinstance(there, bytes):
        try:
            asked, was = _asked(file, here), _asked(file, there)
            return asked is None or asked != was
        except (ValueError, RecursionError):  # nobody can tell, and comparing goes as deep as reading
            return True
    return True


def _content(tree: Tree, file: str) -> bytes | str | None:
    """Return a file's content, or why it can't be read; `None` where there is none."""
    try:
        return tree.read(file, _MOST_BYTES)
    except FactError as error:
        return None if error.message == "no such file" else error.message


def _differs(file: str, tree: Tree, before: Tree) -> bool:
    """Whether a file that is too big to be read whole may have another content.

    Where no part of it can be read on either side, for the same reason (a link, a folder), nothing was altered.
    """
    start = 0
    while True:
        here, there = _part(tree, file, start), _part(before, file, start)
        if isinstance(here, str) or isinstance(there, str):
            return start > 0 or here != there
        if here != there:
            return True
        if not here:
            return False
        start += len(here)


def _part(tree: Tree, file: str, start: int) -> bytes | str:
    """Return some of a file's content, or why it can't be read."""
    try:
        return tree.read_part(file, start, _MOST_BYTES)
    except FactError as error:
        return error.message


def _asked(file: str, data: bytes) -> object:
    """Return what a manifest may ask for; `None` where it is none whose parts are known.

    Raises:
        ValueError, RecursionError: it can't be read.
    """
    match file.rpartition("/")[2]:
        case "package.json":
            return _without(json.loads(data), _NODE)
        case "Cargo.toml":
            return _without(tomllib.loads(data.decode()), _RUST)
        case "pyproject.toml":
            root = tomllib.loads(data.decode())
            inner = {"project": _PYTHON, "tool": _PYTHON_TOOLS}
            return {name: _without(root.get(name, {}), known) for name, known in inner.items()} | {
                "more": _without(root, tuple(inner))
            }
    return None


def _without(root: object, known: tuple[str, ...]) -> object:
    """Return a table without what is known to bring nothing; anything else as it is."""
    return {name: value for name, value in root.items() if name not in known} if isinstance(root, dict) else root
