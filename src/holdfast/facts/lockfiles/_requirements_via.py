"""By whom a line was asked for, as pip-compile and uv write it in comments.

`# via -r requirements.in, boto3` after the requirement, or `# via` on the next line with one name a line. A file or a
project (`name (pyproject.toml)`) makes it direct; a name is the package that asks for it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._requirements_lines import Broken, Line
from holdfast.model.component import Occurrence
from holdfast.model.frozen import frozen
from holdfast.model.purl import normalize_pypi

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_MAX_COMMENT_LINES = 2_000


@frozen
class Via:
    """Who asks: `names` of packages, and whether the project itself does. Nothing of both means "not said"."""

    names: tuple[str, ...]
    by_project: bool

    @staticmethod
    def apply(occurrences: Sequence[Occurrence], said: Iterable[tuple[str, "Via"]]) -> list[Occurrence]:
        """Return the occurrences with direct and path, as far as the comments tell."""
        vias = dict(said)
        if not any(via.names or via.by_project for via in vias.values()):
            return list(occurrences)
        names = [occurrence.component.name for occurrence in occurrences]
        edges, direct = _graph(names, vias)
        paths = shortest_paths(direct, edges, names)
        return [
            replace(one, direct=(number in direct) if number in paths else None, path=paths.get(number, ()))
            for number, one in enumerate(occurrences)
        ]


NOT_SAID = Via((), False)


def _graph(names: list[str], vias: dict[str, Via]) -> tuple[list[list[int]], set[int]]:
    index: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        index.setdefault(name, []).append(number)
    edges: list[list[int]] = [[] for _ in names]
    direct: set[int] = set()
    for number, name in enumerate(names):
        via = vias.get(name, NOT_SAID)
        known = [parent for asked_by in via.names for parent in index.get(asked_by, [])]
        for parent in known:
            edges[parent].append(number)
        if via.by_project or len(known) < len(via.names):  # a name that is no line of the file is the project's own
            direct.add(number)
    return edges, direct


def _said(text: str) -> Via:
    names: list[str] = []
    by_project = False
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        if part.startswith(("-r", "--requirement")) or "(" in part:
            by_project = True
        elif _NAME.match(part):
            names.append(normalize_pypi(part))
    return Via(tuple(names), by_project)


def read_via(lines: Sequence[Line | Broken], position: int) -> Via:
    """Return what the comment of the requirement at `position`, or the comment lines below it, say."""
    texts: list[str] = []
    for line in lines[position : position + _MAX_COMMENT_LINES]:
        if isinstance(line, Broken) or (line is not lines[position] and (line.text or not line.comment)):
            break
        if line.comment.startswith("via"):
            texts.append(line.comment[3:].strip())
        elif texts:
            texts.append(line.comment)
    return _said(",".join(texts)) if texts else NOT_SAID
